/**
 * What the trainer needs of a learning algorithm. A learner owns weights and optimiser state; where the data comes from,
 * when to update and what to store is the trainer's business. All chance comes from the `Rng` it is given.
 */

import { RemediedError } from '../../api/error-words.ts';
import type { ChunkExecution, HeadName, MapShape } from '../../api/policy.ts';
import type { Rng } from '../../api/rng.ts';
import type { AlgorithmName, PresetName, Stage } from '../../api/run.ts';
import type { Backend } from '../../tensor/backend.ts';
import type { Step } from '../../tensor/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';

export interface ObservationSizes {
  /** 0 = a policy that sees no embedding. */
  readonly embedding: number;
  /** Of the stack of instants. */
  readonly proprioception: number;
  readonly actionMask: readonly boolean[];
}

/**
 * One batch, row-major: what learning reads of the one in `data/learning/pool-types.ts`, which the pool draws into. It stands here again because
 * algorithms know nothing of the store. N transitions, E embedding, P proprioception of the stack, A action.
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
  /** [N] 0 when terminated; else γ^(n−1) after n summed steps, which is 1 for single steps, time-outs included. */
  readonly mask: Float32Array;
  readonly nextEmbedding: Float32Array;
  readonly nextProprioception: Float32Array;
  /** [N] discounted return of the whole episode. */
  readonly monteCarloReturn: Float32Array;
  /** [N] the same; −Infinity where it would credit the policy with a human's rescue. */
  readonly monteCarloReturnCut: Float32Array;
  /** [N] 0 = no imitation target. */
  readonly imitation: Float32Array;
  /** [N] 1 = human-driven. */
  readonly human: Float32Array;
  /** [N, K, A] the actions from here on, for a learner with `chunk` = K: those of the same episode and the same driver; then the last one again. */
  readonly actionChunk: Float32Array;
  /** [N, K] 1 = padding, or an idle step: no imitation target. */
  readonly chunkPad: Float32Array;
}

/** What every algorithm's settings name for the trainer. */
export interface TrainingSettings {
  /** γ */
  readonly discount: number;
  /** Share of an online batch that comes from the demo buffer. */
  readonly demoShare: number;
  /** Actor updates of an offline run that names no number. */
  readonly offlineSteps: number;
  /** Online: actor updates per environment step, once the RL buffer holds `trainingStarts` transitions. */
  readonly actorUpdatesPerStep: number;
  readonly trainingStarts: number;
  /** Standard deviation of the acting noise that published policies ask for. */
  readonly actingNoiseStd: number;
  /** Steps summed into one reward before the target bootstraps; 1 where absent. */
  readonly nStep?: number;
  /** M: an online update learns from the run's own M newest episodes, and reads the demo buffer for its states alone; absent where every transition serves. */
  readonly episodes?: number;
  /** k: embeddings held of every observation, of its pictures as recorded and under k − 1 random shifts; 1 (no augmentation) where absent. */
  readonly views?: number | undefined;
}

/** The steps that a run's own policies drove in the newest episodes, in the order in which they were made. */
export interface OwnSteps {
  readonly steps: TransitionBatch;
  /** [N] 1 = what follows is not in the next row: the episode ended, or a person took over. */
  readonly ended: Uint8Array;
  /** [N] 1 = a person took over after it. */
  readonly takenOver: Uint8Array;
  /** Who drove: the weights that acted in rows `first` … `end` − 1. */
  readonly drivers: readonly { readonly first: number; readonly end: number; readonly weights: Float32Array }[];
}

/** What a learner is that needs to know which policy drove. */
export interface OnPolicy {
  /** So many of the newest episodes. */
  readonly episodes: number;
  /** Before the updates of a block, and again where a block is gone on with: what they learn from, beside the batches that are drawn. */
  follow(own: OwnSteps): Promise<void>;
}

/** How a policy's outputs are to be run. */
export interface PolicyHead {
  readonly head: HeadName;
  readonly noiseSize: number;
  readonly chunk?: ChunkExecution;
  /** The gripper's command is a choice of −1, 0 and 1, where the task uses it. */
  readonly discreteGripper?: true;
}

/** Everything that a learner must find again to continue to the byte. */
export interface LearnerState {
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly counters: Readonly<Record<string, number>>;
}

export type Metrics = Readonly<Record<string, number>>;

export interface Learner {
  /** One after the other, the batches of the critic updates that make one `update`; the actor's is the last of them. */
  readonly batches: number;
  readonly batchSize: number;
  /** K of the action chunks it learns from; 0 where absent: none are drawn. */
  readonly chunk?: number;
  /** Draws imitation targets only: no step of the policy's, and none in which a person did nothing. */
  readonly imitationOnly?: boolean;
  readonly policyParameters: readonly ParameterSpec[];
  /** One actor update with the critic updates that go with it. `batch.size` is `batches · batchSize`. */
  update(batch: TransitionBatch): Promise<Metrics>;
  /** Absent where every transition serves, whoever drove. */
  readonly onPolicy?: OnPolicy;
  /** Before the first update: the actions of all imitation targets, [n, A], for a learner that scales by them. */
  fit?(actions: Float32Array): void;
  /** The newest weights of the policy, flat; valid until the next update. */
  policyWeights(): Float32Array;
  /** Actor updates made in this run. */
  updates(): number;
  state(): LearnerState;
  /** Continues where `state` was taken. Throws a `ShapeError` when it belongs to other nets. */
  restore(state: LearnerState): void;
  /** Begins from another run's or policy's weights, with fresh optimisers. Arrays that are missing keep their initial values. */
  startFrom(state: LearnerState): void;
  dispose(): Promise<void>;
}

export interface LearnerOptions<Config> {
  readonly backend: Backend;
  readonly config: Config;
  readonly stage: Stage;
  readonly sizes: ObservationSizes;
  /** Updates that the run is to make, for schedules; undefined where nobody knows. */
  readonly steps?: number | undefined;
  /** For initial weights and for noise; its state is the trainer's to store. */
  readonly rng: Rng;
}

export interface Algorithm<Config extends TrainingSettings> {
  readonly name: AlgorithmName;
  /** Those it has; `cell` is always there. */
  readonly presets: Readonly<Partial<Record<PresetName, Config>> & Record<'cell', Config>>;
  /** Settings that an embedding made of maps asks for; absent where it is read like any vector. */
  settingsForMaps?(maps: MapShape): object;
  /** Settings as stored in a run's folder. Throws when they are not usable. */
  parseConfig(value: unknown): Config;
  createLearner(options: LearnerOptions<Config>): Promise<Learner>;
  /** The policy's graph for one observation, weights as inputs. */
  policyStep(config: Config, sizes: ObservationSizes): Step;
  policyParameters(config: Config, sizes: ObservationSizes): readonly ParameterSpec[];
  policyHead(config: Config): PolicyHead;
  /**
   * The critics for `rows` observations and actions, N: inputs `critic`, flat, then `embedding` [N, E] (absent when E is 0),
   * `proprioception` [N, P], `action` [N, A]; output `values` [critics, N]. Absent where there is no Q.
   */
  criticStep?(config: Config, sizes: ObservationSizes, rows: number): Step;
}

/** Weights that do not fit the nets that they are meant for. */
export class ShapeError extends RemediedError {}
