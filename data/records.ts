/**
 * What the store takes in and gives out. A recorder hands over one `EpisodeStart`, then one `StepRecord` per control period,
 * then an `EpisodeEnd`; nothing is ever changed afterwards, only annotated by events (verdict, discard, undo).
 */
import type { Actor } from '../main/api/action.ts';
import type { FrameLabel, LabelCounts, RewardLabel, StoredLabelSource, SuccessBy } from '../main/api/classifier.ts';
import type { BufferCounts, EpisodeSummary, Judge, Mode, Outcome, StepSummary } from '../main/api/episode.ts';
import type { Pose, Vec6 } from '../main/api/geometry.ts';
import type { SafetyEvent } from '../main/api/limits.ts';
import type { CameraFrame, ObservationKind, TactileFrame } from '../main/api/observation.ts';
import type { TaskId } from '../main/api/task.ts';
import type { StoreMark } from './mark.ts';

/** One instant as it is stored: T+1 of them in an episode of T steps. */
export interface ObservationRecord {
  readonly timeMs: number;
  readonly baseFromTool: Pose;
  readonly twistInTool: Vec6;
  readonly wrenchInTool: Vec6;
  readonly jointPositionsRad: readonly number[];
  readonly gripperOpeningM: number;
  /** [PROPRIOCEPTION_SIZE], scaled and clipped. */
  readonly proprioception: Float32Array;
  /** What the policy saw instead of pixels, [E]; undefined when it was not computed in time (it can be computed from the frames). */
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
  /** Whose word was to end it as a success. */
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
  /** Human-driven with the puck at neutral: no imitation target. */
  readonly idle: boolean;
  /** What was executed, after safety. */
  readonly action: Float32Array;
  readonly policyAction: Float32Array | undefined;
  readonly humanAction: Float32Array | undefined;
  /** In a `mixed` step: how many servo substeps after the tick's edge control changed hands. */
  readonly takeoverSubstep: number | undefined;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** Measured time from the tick's edge until the action took effect. */
  readonly effectDelayMs: number;
  /** The policy missed its deadline: the arm held. */
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
  /** The disk's reserve is reached: an episode under way is stored to its end, no other is begun. */
  readonly full: boolean;
  /** True while the project's folder cannot be reached. No episode begins until it is back. */
  readonly unreachable: boolean;
  /** The writer has ended, for whatever reason: nothing is stored any more. */
  readonly stopped: boolean;
}

export interface Undone {
  readonly words: string;
  readonly episodeId: number;
}

/** The engine's side of the writer thread. Calls return at once; work is done in order on the thread; ids are handed out here. */
export interface StoreWriter {
  readonly sessionId: number;
  beginEpisode(start: EpisodeStart): number;
  appendStep(episodeId: number, step: StepRecord): void;
  endEpisode(episodeId: number, end: EpisodeEnd): void;
  /** The human's verdict on a stored episode; changes the reward and termination of its last transition as readers see them. */
  relabelEpisode(episodeId: number, verdict: 'success' | 'failure'): void;
  /** Takes the episode out of both buffers; `undo` brings it back. */
  discardEpisode(episodeId: number): void;
  /** A person says what stored observation `index` shows; the reward classifier learns from it. A newer label replaces an older one. */
  labelObservation(episodeId: number, index: number, label: RewardLabel, source: StoredLabelSource): void;
  /** Takes back the newest discard, relabel or stretch of labels; resolves to what was undone. */
  undo(): Promise<Undone | undefined>;
  /** Late embeddings of observation `index`. */
  setEmbedding(episodeId: number, index: number, embedding: Float32Array): void;
  counts(): BufferCounts;
  /** Labels given by hand that stand, discarded episodes left out. */
  labelCounts(): LabelCounts;
  pressure(): StorePressure;
  /** Resolves when everything handed over so far is committed. */
  drained(): Promise<void>;
  onProblem(
    listener: (problem: {
      readonly message: string;
      readonly remedy: string;
      readonly fatal: boolean;
      readonly about?: 'disk';
    }) => void,
  ): () => void;
  close(): Promise<void>;
}

/** The window's side: queries, off the control thread. */
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
  /** What each observation is held to show: labels given by hand, and what the rule proposes for the others. */
  frameLabels(episodeId: number): Promise<readonly FrameLabel[]>;
  close(): Promise<void>;
}
