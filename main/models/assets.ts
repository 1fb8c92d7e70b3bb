/** The models that ship with the program. */
import { join } from 'node:path';

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
/** The policy that a new project starts with. It is good enough to try and bad enough to correct. */
export const STARTER_MANIFEST = join(ASSETS, 'starter', 'manifest.json');
