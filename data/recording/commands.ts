/** The messages between the engine's side of the writer and its thread. The sender of commands gives the episode ids. */
import type { LabelCounts, RewardLabel, StoredLabelSource } from '../../main/api/classifier.ts';
import type { BufferCounts } from '../../main/api/episode.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { EpisodeEnd, EpisodeStart, Problem, StepRecord, StorePressure, Undone } from '../records.ts';
import type { StoreErrorKind } from '../store-error.ts';

export type Command =
  | { readonly kind: 'begin'; readonly episodeId: number; readonly start: EpisodeStart }
  | { readonly kind: 'step'; readonly episodeId: number; readonly step: StepRecord }
  | { readonly kind: 'end'; readonly episodeId: number; readonly end: EpisodeEnd; readonly lostSteps: number }
  | { readonly kind: 'relabel'; readonly episodeId: number; readonly verdict: 'success' | 'failure' }
  | { readonly kind: 'discard'; readonly episodeId: number }
  | { readonly kind: 'embedding'; readonly episodeId: number; readonly index: number; readonly embedding: Float32Array }
  | {
      readonly kind: 'label';
      readonly episodeId: number;
      readonly index: number;
      readonly label: RewardLabel;
      readonly source: StoredLabelSource;
    }
  | { readonly kind: 'undo'; readonly request: number }
  | { readonly kind: 'drain'; readonly request: number }
  | { readonly kind: 'close' };

export type LabelCommand = Extract<Command, { kind: 'label' }>;

export interface WriterState extends Omit<StorePressure, 'queuedSteps' | 'capacitySteps' | 'stopped'> {
  readonly counts: BufferCounts;
  /** Counters of the episodes of each task that has any. */
  readonly countsByTask: Readonly<Partial<Record<TaskId, BufferCounts>>>;
  /** Labels given by hand, of each task that has any. */
  readonly labelsByTask: Readonly<Partial<Record<TaskId, LabelCounts>>>;
  /** Sequence number of the newest committed event. */
  readonly newestSequence: number;
}

/** The thread sends `ready` once, then `done` after each batch. `answers` belong to requests of `undo` and `drain`. */
export type Report =
  | {
      readonly kind: 'ready';
      readonly sessionId: number;
      readonly nextEpisodeId: number;
      readonly state: WriterState;
      readonly problems: readonly Problem[];
    }
  | {
      readonly kind: 'done';
      /** Number of `step` commands in the batch, whether stored or reported as lost. */
      readonly steps: number;
      readonly state: WriterState;
      readonly problems: readonly Problem[];
      readonly answers: readonly { readonly request: number; readonly undone: Undone | undefined }[];
    }
  | { readonly kind: 'refused'; readonly errorKind: StoreErrorKind; readonly message: string; readonly remedy: string }
  | { readonly kind: 'closed'; readonly problems: readonly Problem[] };
