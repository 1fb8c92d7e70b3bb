/**
 * The interface between the trainer and a learning algorithm. A learner owns weights and optimiser state. The trainer decides
 * where the data comes from, when to update and what to store. All random numbers come from the `Rng` that a learner is given.
 */

import { RemediedError } from '../../api/error-words.ts';
import type { ChunkExecution, HeadName, MapShape } from '../../api/policy.ts';
import type { Rng } from '../../api/rng.ts';
import type { AlgorithmName, PresetName, Stage } from '../../api/run.ts';
import { TASKS, type TaskId } from '../../api/task.ts';
import type { Backend } from '../../tensor/backend.ts';
import type { Step } from '../../tensor/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';

export interface ObservationSizes {
  /** E; 0 = the policy sees no embedding. */
  readonly embedding: number;
  /** P, over the stack of instants. */
  readonly proprioception: number;
  readonly actionMask: readonly boolean[];
}

/**
 * One batch, row-major. It repeats the part of `data/learning/pool-types.ts` that learning reads, because algorithms do
 * not know the store. Letters: N transitions, E embedding, P proprioception of the stack, A action, K steps of a chunk.
 */
export interface TransitionBatch {
  readonly size: number;
  /** [N, E] */
  readonly embedding: Float32Array;
  /** [N, P] */
  readonly proprioception: Float32Array;
  /** [N, A] */
  readonly action: Float32Array;
  /** [N] */
  readonly reward: Float32Array;
  /** [N] 0 when terminated; else γ^(n−1) after n summed steps, which is 1 for single steps. A time-out does not terminate. */
  readonly mask: Float32Array;
  readonly nextEmbedding: Float32Array;
  readonly nextProprioception: Float32Array;
  /** [N] the discounted return that followed in the episode. */
  readonly monteCarloReturn: Float32Array;
  /** [N] the same; −Infinity where it would credit the policy with a person's rescue. */
  readonly monteCarloReturnCut: Float32Array;
  /** [N] 0 = no imitation target. */
  readonly imitation: Float32Array;
  /** [N] 1 = human-driven. */
  readonly human: Float32Array;
  /** [N, K, A] the actions from this step on by the same driver, for a learner with `chunk` = K. The last one repeats. */
  readonly actionChunk: Float32Array;
  /** [N, K] 1 = padding or an idle step, which is no imitation target. */
  readonly chunkPad: Float32Array;
}

/** The settings that the trainer reads from every algorithm. */
export interface TrainingSettings {
  /** γ */
  readonly discount: number;
  /** Share of an online batch that comes from the demo buffer. */
  readonly demoShare: number;
  /** Actor updates of an offline run whose spec names no number (`offlineUpdates`). */
  readonly offlineSteps: number;
  /** True: numbers of updates are for `insert`, and a task with longer demonstrations gets as many more; false by default. */
  readonly scheduleByLength?: boolean;
  /** Online: actor updates per environment step, once the RL buffer holds `trainingStarts` transitions. */
  readonly actorUpdatesPerStep: number;
  readonly trainingStarts: number;
  /** Standard deviation of the acting noise that published policies ask for. */
  readonly actingNoiseStd: number;
  /** Steps summed into one reward before the target bootstraps; 1 by default. */
  readonly nStep?: number;
  /** M of an on-policy algorithm: an online update learns from the M newest episodes and reads the demo buffer for its states only. */
  readonly episodes?: number;
  /** `open-or-close`: the gripper's number in an action is the command in force, ±1 at every step of a task that uses it. */
  readonly gripper?: string;
  /** Subtracted from the reward of the policy's last step before a takeover; 0 by default. */
  readonly takeoverPenalty?: number;
  /** `k`: embeddings held of every observation, one of its recorded pictures and k − 1 of randomly shifted ones; 1 by default. */
  readonly views?: number | undefined;
}

/** Length of a task's demonstrations relative to those of `insert`. */
export function taskLength(task: TaskId): number {
  return TASKS[task].demonstrationSteps / TASKS.insert.demonstrationSteps;
}

/** Actor updates of an offline run on a task whose spec names no number. Each step of a demonstration is then seen as often. */
export function offlineUpdates(
  { offlineSteps, scheduleByLength = false }: Pick<TrainingSettings, 'offlineSteps' | 'scheduleByLength'>,
  task: TaskId,
): number {
  return scheduleByLength ? Math.round(offlineSteps * taskLength(task)) : offlineSteps;
}

/** The steps that a run's own policies drove in the newest episodes, in order. */
export interface OnPolicySteps {
  readonly steps: TransitionBatch;
  /** [N] 1 = the next row is no continuation, because the episode ended or a person took over. */
  readonly ended: Uint8Array;
  /** [N] 1 = a person took over after this step. */
  readonly takenOver: Uint8Array;
  /** The weights that acted in rows `first` … `end` − 1. */
  readonly drivers: readonly { readonly first: number; readonly end: number; readonly weights: Float32Array }[];
}

/** The part of a learner that learns from steps of known policies. */
interface OnPolicy {
  /** M, the number of newest episodes that it wants. */
  readonly episodes: number;
  /** Sets the steps that the following updates learn from. Called when a block of updates begins and when one is resumed. */
  useSteps(steps: OnPolicySteps): Promise<void>;
}

/** How a runtime executes the policy's outputs. */
export interface PolicyHead {
  readonly head: HeadName;
  readonly noiseSize: number;
  readonly chunk?: ChunkExecution;
  /** Present when the gripper's command is a choice of −1, 0 and 1. */
  readonly discreteGripper?: true;
}

/** The state from which a learner continues to the byte. */
export interface LearnerState {
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly counters: Readonly<Record<string, number>>;
}

export type Metrics = Readonly<Record<string, number>>;

export interface Learner {
  /** Batches of one `update`, one per critic update; the actor uses the last of them. */
  readonly batches: number;
  readonly batchSize: number;
  /** K of the action chunks it learns from; without it none are drawn. */
  readonly chunk?: number;
  /** True when the learner wants imitation targets only: a person's steps that are not idle. */
  readonly imitationOnly?: boolean;
  readonly policyParameters: readonly ParameterSpec[];
  /** Makes one actor update with its critic updates. `batch.size` is `batches · batchSize`. */
  update(batch: TransitionBatch): Promise<Metrics>;
  /** Absent in an off-policy learner. */
  readonly onPolicy?: OnPolicy;
  /** Takes the actions of all imitation targets, [n, A], before the first update. A learner may compute its normaliser from them. */
  fit?(actions: Float32Array): void;
  /** The newest weights of the policy, flat; valid until the next update. */
  policyWeights(): Float32Array;
  /** Actor updates made in this run. */
  updates(): number;
  state(): LearnerState;
  /** Continues where `state` was taken. Throws a `ShapeError` when it belongs to other nets. */
  restore(state: LearnerState): void;
  /** Begins with another run's or policy's weights and fresh optimisers. Missing arrays keep their initial values. */
  startFrom(state: LearnerState): void;
  dispose(): Promise<void>;
}

export interface LearnerOptions<Config> {
  readonly backend: Backend;
  readonly config: Config;
  readonly stage: Stage;
  readonly sizes: ObservationSizes;
  /** `taskLength`, for schedules by length; 1 by default. */
  readonly length?: number;
  /** Number of updates that the run will make, for schedules; `undefined` when it is not known. */
  readonly steps?: number | undefined;
  /** Stream for initial weights and noise; the trainer stores its state. */
  readonly rng: Rng;
}

export interface Algorithm<Config extends TrainingSettings> {
  readonly name: AlgorithmName;
  /** Every algorithm has the preset `cell`. */
  readonly presets: Readonly<Partial<Record<PresetName, Config>> & Record<'cell', Config>>;
  /** Settings for an embedding that is made of maps; absent when the algorithm reads it like any vector. */
  settingsForMaps?(maps: MapShape): object;
  /** Parses settings as stored in a run's folder. Throws when they are not usable. */
  parseConfig(value: unknown): Config;
  createLearner(options: LearnerOptions<Config>): Promise<Learner>;
  /** The policy's graph for one observation, weights as inputs. */
  policyStep(config: Config, sizes: ObservationSizes): Step;
  policyParameters(config: Config, sizes: ObservationSizes): readonly ParameterSpec[];
  policyHead(config: Config): PolicyHead;
  /**
   * The critics for N = `rows` observations and actions: inputs `critic`, flat, then `embedding` [N, E] (absent when E is 0),
   * `proprioception` [N, P], `action` [N, A]; output `values` [critics, N]. Absent when the algorithm learns no Q.
   */
  criticStep?(config: Config, sizes: ObservationSizes, rows: number): Step;
}

/** Thrown when weights do not fit the nets that they are meant for. */
export class ShapeError extends RemediedError {}
