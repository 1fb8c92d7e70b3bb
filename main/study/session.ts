/** A headless session: a project's store and a rig, opened together and closed in the right order. */
import { makeProjectFolder } from '../../data/file-trouble.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { inWords } from '../api/error-words.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { TaskId } from '../api/task.ts';
import { type Conditions, createHeadlessRig, type HeadlessRig, type Help } from '../engine/headless-rig.ts';
import { encoderFor, mapsOf } from '../runs/encoder-choice.ts';

export interface SessionOptions {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  /** Name of an encoder that ships, or path of a manifest. Default: the cell's encoder. */
  readonly encoder?: string | undefined;
  readonly record: boolean;
  /** The policy that drives from the first episode on, `scripted` for the expert in its place. Default: none. */
  readonly policy?: 'scripted' | { readonly name: string; readonly manifestPath: string } | undefined;
  readonly actingNoiseStd?: number | undefined;
  readonly conditions?: Conditions | undefined;
}

export type Session = Awaited<ReturnType<typeof openSession>>;

export async function openSession(options: SessionOptions) {
  const { projectFolder, task, observation, policy, actingNoiseStd, conditions } = options;
  mapsOf(observation, options.encoder); // An encoder that cannot be used is refused before the project is made.
  // A session that only measures leaves no folder behind.
  if (options.record) makeProjectFolder(projectFolder);
  // Last opened, first closed; also when a later part cannot be opened.
  await using open = new AsyncDisposableStack();
  const writer = options.record ? await openStoreWriter({ folder: projectFolder }) : undefined;
  open.defer(() => writer?.close());
  // No window shows problems here. Lost data, also what is found lost at opening, is reported on standard error.
  writer?.onProblem((problem) => console.error(inWords(problem)));
  const rig = await createHeadlessRig({
    projectFolder,
    task,
    observation,
    encoderManifestPath: encoderFor(observation, options.encoder, projectFolder),
    writer,
    policy: { kind: policy === 'scripted' ? 'scripted' : 'process' },
    ...(actingNoiseStd !== undefined && { actingNoiseStd }),
    ...(conditions && { conditions }),
  });
  open.defer(() => rig.close());
  if (typeof policy === 'object') await usePolicy(rig, policy.name, policy.manifestPath);
  /** Runs one episode. Throws when it is refused. */
  const run = async (seed: number, help: Help) => {
    const ended = await rig.episode(seed, help);
    if (ended.kind === 'refused') throw new Error(`${ended.message} ${ended.remedy}`);
    return ended;
  };
  const episode = async (seed: number, help: Help) => (await run(seed, help)).episode;
  const owned = open.move();
  return { rig, writer, run, episode, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Lets a policy drive from the next episode on. Throws when the engine refuses it. */
export async function usePolicy({ engine }: HeadlessRig, name: string, manifestPath: string): Promise<void> {
  const used = await engine.usePolicy(name, manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
}
