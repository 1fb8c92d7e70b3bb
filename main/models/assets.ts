/** The models that ship with the program. */
import { join } from 'node:path';
import { type TaskId, taskIdSchema } from '../api/task.ts';

const ASSETS = join(import.meta.dirname, 'assets');

/** The encoder for the simulated cell. */
export const CELL_ENCODER_MANIFEST = join(ASSETS, 'cell-encoder', 'manifest.json');
/** A convolutional trunk for the same cameras. An algorithm reads its feature maps with spatial learned embeddings. */
export const CELL_TRUNK_MANIFEST = join(ASSETS, 'cell-trunk', 'manifest.json');
/** A backbone for any cameras, with weights from photographs. */
export const GENERAL_BACKBONE_MANIFEST = join(ASSETS, 'general-encoder', 'manifest.json');
/** The encoders that ship, by the names that the command line accepts. */
export const ENCODERS: ReadonlyMap<string, string> = new Map([
  ['cell', CELL_ENCODER_MANIFEST],
  ['trunk', CELL_TRUNK_MANIFEST],
  ['general', GENERAL_BACKBONE_MANIFEST],
]);

/** Stands for the starter of the task in question, wherever a person names a policy. */
export const STARTER = 'starter';
/** Returns the name of a task's starter. That of `insert` is the oldest, and stored episodes call it `starter`. */
export const starterNameFor = (task: TaskId): string => (task === 'insert' ? STARTER : `${STARTER}-${task}`);
/** Returns the manifest of the policy that a new project starts with. It is good enough to try and bad enough to correct. */
export const starterManifestFor = (task: TaskId): string => join(ASSETS, 'starters', task, 'manifest.json');
/** The starters that ship: their manifests by name. */
export const STARTERS: ReadonlyMap<string, string> = new Map(
  taskIdSchema.options.map((task) => [starterNameFor(task), starterManifestFor(task)]),
);
