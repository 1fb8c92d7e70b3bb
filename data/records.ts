/**
 * The interfaces of the store. A recorder hands over one `EpisodeStart`, then one `StepRecord` per control period, then
 * an `EpisodeEnd`. Nothing is changed afterwards; events (verdict, discard, undo) annotate it.
 */
import type { Actor } from '../main/api/action.ts';
import type { FrameLabel, LabelCounts, RewardLabel, StoredLabelSource, SuccessBy } from '../main/api/classifier.ts';
import type { BufferCounts, EpisodeSummary, Judge, Mode, Outcome, StepSummary } from '../main/api/episode.ts';
import type { Pose, Vec6 } from '../main/api/geometry.ts';
import type { SafetyEvent } from '../main/api/limits.ts';
import type { CameraFrame, ObservationKind, TactileFrame } from '../main/api/observation.ts';
import type { TaskId } from '../main/api/task.ts';
import type { StoreMark } from './mark.ts';

/** One instant as it is stored. An episode of T steps has T+1. */
export interface ObservationRecord {
  readonly timeMs: number;
  readonly baseFromTool: Pose;
  readonly twistInTool: Vec6;
  readonly wrenchInTool: Vec6;
  readonly jointPositionsRad: readonly number[];
  readonly gripperOpeningM: number;
  /** [PROPRIOCEPTION_SIZE], scaled and clipped. */
  readonly proprioception: Float32Array;
  /** The frozen encoder's output for the frames, [E]. Undefined when it was not computed in time. */
  readonly embedding: Float32Array | undefined;
  readonly frames: readonly CameraFrame[];
  readonly tactile: readonly TactileFrame[];
  /** [7 · bodies], for replay. */
  readonly scenePoses: Float32Array;
}

export interface EpisodeStart {
  readonly task: TaskId;
  readonly mode: Mode;
  readonly observation: ObservationKind;
  readonly seed: number;
  readonly policy: string | undefined;
  readonly policyIsCandidate: boolean;
  readonly actingNoiseStd: number;
  readonly periodMs: number;
  /** The judge that could end the episode as a success. */
  readonly successBy: SuccessBy;
  readonly startedAtMs: number;
  /** SHA-256 of the encoder that made the embeddings. */
  readonly encoderSha256: string | undefined;
  readonly first: ObservationRecord;
}

/** The step from observation `index` to `index + 1`. All actions are [7] in [-1, 1] in the tool frame. */
export interface StepRecord {
  readonly index: number;
  readonly actor: Actor;
  /** True when a person drove with the puck at neutral. Such a step is no imitation target. */
  readonly idle: boolean;
  /** The executed action, after the safety limits. */
  readonly action: Float32Array;
  readonly policyAction: Float32Array | undefined;
  readonly humanAction: Float32Array | undefined;
  /** Number of servo substeps from the tick's edge to the change of control, in a `mixed` step. */
  readonly takeoverSubstep: number | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** Measured time from the tick's edge until the action took effect. */
  readonly effectDelayMs: number;
  /** True when the policy missed its deadline, so that the arm held. */
  readonly late: boolean;
  readonly safety: readonly SafetyEvent[];
  readonly next: ObservationRecord;
}

export interface EpisodeEnd {
  readonly outcome: Outcome;
  readonly judge: Judge;
}

export interface StorePressure {
  readonly queuedSteps: number;
  readonly capacitySteps: number;
  readonly bytesWritten: number;
  readonly stepsWritten: number;
  readonly diskFreeBytes: number;
  /** True when the disk's reserve is reached. An episode under way is stored to its end, but none begins. */
  readonly full: boolean;
  /** True while the project's folder cannot be reached. No episode begins until it is back. */
  readonly unreachable: boolean;
  /** True when the writer has ended, so that nothing is stored any more. */
  readonly stopped: boolean;
}

export interface Problem {
  readonly message: string;
  readonly remedy: string;
  /** True when something was lost, or recording cannot go on. */
  readonly fatal: boolean;
  /** Present when the problem is a full disk, which the writer's pressure reports too. */
  readonly about?: 'disk';
}

export interface Undone {
  readonly words: string;
  readonly episodeId: number;
}

/** The engine's side of the writer thread. Calls return at once; the thread works in their order. Ids are given here. */
export interface StoreWriter {
  readonly sessionId: number;
  beginEpisode(start: EpisodeStart): number;
  appendStep(episodeId: number, step: StepRecord): void;
  endEpisode(episodeId: number, end: EpisodeEnd): void;
  /** Stores a person's verdict on a stored episode. Readers see its last transition with that reward and ending. */
  relabelEpisode(episodeId: number, verdict: 'success' | 'failure'): void;
  /** Takes the episode out of both buffers. `undo` brings it back. */
  discardEpisode(episodeId: number): void;
  /** Labels a stored observation, for the reward classifier to learn from. A newer label replaces an older one. */
  labelObservation(episodeId: number, index: number, label: RewardLabel, source: StoredLabelSource): void;
  /** Takes back the newest discard, verdict or row of labels. Resolves to what was undone. */
  undo(): Promise<Undone | undefined>;
  /** Stores an embedding that was computed after its observation was recorded. */
  setEmbedding(episodeId: number, index: number, embedding: Float32Array): void;
  /** Counts the episodes of one task, or of all together. */
  counts(task?: TaskId): BufferCounts;
  /** Counts the labels given by hand that stand in the episodes of a task. Discarded episodes are left out. */
  labelCounts(task: TaskId): LabelCounts;
  pressure(): StorePressure;
  /** Resolves when everything handed over so far is committed. */
  drained(): Promise<void>;
  onProblem(listener: (problem: Problem) => void): () => void;
  close(): Promise<void>;
}

/** The window's side of the reader thread, which answers queries off the control thread. */
export interface StoreReader {
  listEpisodes(query: {
    readonly limit: number;
    readonly beforeId?: number | undefined;
  }): Promise<readonly EpisodeSummary[]>;
  episode(episodeId: number): Promise<EpisodeSummary | undefined>;
  replay(episodeId: number): Promise<
    | {
        readonly episode: EpisodeSummary;
        readonly steps: readonly StepSummary[];
        readonly poses: readonly (readonly number[])[];
        readonly periodMs: number;
      }
    | undefined
  >;
  frames(
    episodeId: number,
    index: number,
  ): Promise<{ readonly frames: readonly CameraFrame[]; readonly tactile: readonly TactileFrame[] } | undefined>;
  counts(): Promise<BufferCounts>;
  /** Returns the mark for a reader that starts to learn or count now. */
  mark(): Promise<StoreMark>;
  /** Returns labels given by hand, and the rule's proposals for the other observations. */
  frameLabels(episodeId: number): Promise<readonly FrameLabel[]>;
  close(): Promise<void>;
}
