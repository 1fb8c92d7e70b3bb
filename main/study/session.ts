/** A headless session: a project's store and a rig, opened together and closed in the right order. */
import { makeProjectFolder } from '../../data/file-trouble.ts';
import { openStoreWriter, type QueuedStoreWriter } from '../../data/recording/writer.ts';
import type { EpisodeSummary } from '../api/episode.ts';
import { inWords } from '../api/error-words.ts';
import type { ObservationKind } from '../api/observation.ts';
import type { TaskId } from '../api/task.ts';
import type { EpisodeRun } from '../engine/headless.ts';
import { type Conditions, createHeadlessRig, type HeadlessRig } from '../engine/headless-rig.ts';
import { encoderFor } from '../runs/encoder-choice.ts';

export interface SessionOptions {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  /** Name of an encoder that ships, or path of a manifest. Default: the cell's encoder. */
  readonly encoder?: string | undefined;
  readonly record: boolean;
  readonly policy: { readonly kind: 'process' } | { readonly kind: 'scripted' };
  readonly actingNoiseStd?: number | undefined;
  readonly conditions?: Conditions | undefined;
}

export interface Session extends AsyncDisposable {
  readonly rig: HeadlessRig;
  readonly writer: QueuedStoreWriter | undefined;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  makeProjectFolder(options.projectFolder);
  const writer = options.record ? await openStoreWriter({ folder: options.projectFolder }) : undefined;
  // No window shows problems here. Lost data, also what is found lost at opening, is reported on standard error.
  writer?.onProblem((problem) => console.error(inWords(problem)));
  try {
    const rig = await createHeadlessRig({
      projectFolder: options.projectFolder,
      task: options.task,
      observation: options.observation,
      encoderManifestPath: encoderFor(options.observation, options.encoder),
      writer,
      policy: options.policy,
      ...(options.actingNoiseStd === undefined ? {} : { actingNoiseStd: options.actingNoiseStd }),
      ...(options.conditions && { conditions: options.conditions }),
    });
    return {
      rig,
      writer,
      [Symbol.asyncDispose]: async () => {
        try {
          await rig.close();
        } finally {
          await writer?.close();
        }
      },
    };
  } catch (error) {
    await writer?.close();
    throw error;
  }
}

/** Returns the episode of a run that ended. Throws when the run was refused. */
export function episodeOf(run: EpisodeRun): EpisodeSummary {
  if (run.kind === 'refused') throw new Error(`${run.message} ${run.remedy}`);
  return run.episode;
}

/** Lets a policy drive from the next episode on. Throws when the engine refuses it. */
export async function usePolicy({ engine }: HeadlessRig, name: string, manifestPath: string): Promise<void> {
  const used = await engine.usePolicy(name, manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
}
