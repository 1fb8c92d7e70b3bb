/** What the headless verbs share: a project's store, a rig, and their ends in the right order. */
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
  /** By name or manifest; the one that ships for the cell where absent. */
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
  // No window shows problems here. Losses, also those found at opening, go to standard error.
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

/** The episode of a run that ended; a refused one is an error in its own words. */
export function episodeOf(run: EpisodeRun): EpisodeSummary {
  if (run.kind === 'refused') throw new Error(`${run.message} ${run.remedy}`);
  return run.episode;
}
