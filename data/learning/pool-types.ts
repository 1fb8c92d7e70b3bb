/** The types of a transition pool's episodes, events and batches. */
import type { Actor } from '../../main/api/action.ts';
import type { Mode, Outcome } from '../../main/api/episode.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Ending } from '../rules.ts';

export interface PoolOptions {
  /** 0 for policies that see no embedding. */
  readonly embeddingSize: number;
  readonly proprioceptionSize: number;
  /** Number of proprioception vectors that a policy sees, oldest first. */
  readonly stack: number;
  readonly discount: number;
  /** Number n of steps whose rewards a transition sums; its next observation is the one after them. Default 1. */
  readonly nStep?: number;
  /** Number of embeddings of each observation: the recorded one, and others of its shifted pictures. Default 1. */
  readonly views?: number;
  /** True: actions hold the gripper's command in force (`gripper-in-force.ts`), not the command given. Default false. */
  readonly gripperInForce?: boolean;
  /** Subtracted from the reward of the policy's last step before a takeover. Default 0. */
  readonly takeoverPenalty?: number;
}

export interface PoolStep extends Ending {
  readonly actor: Actor;
  readonly idle: boolean;
  readonly action: Float32Array;
  readonly rl: boolean;
  readonly demo: boolean;
}

export interface Driver {
  readonly policy: string;
  readonly actingNoiseStd: number;
}

export interface PoolEpisode {
  readonly id: number;
  readonly task: TaskId;
  readonly mode: Mode;
  readonly outcome: Outcome;
  /** The policy that drove the steps that no person did, and the noise that was added to its actions. */
  readonly driver?: Driver | undefined;
  /** [T+1] */
  readonly observations: readonly {
    readonly proprioception: Float32Array;
    readonly embedding: Float32Array | undefined;
  }[];
  readonly steps: readonly PoolStep[];
}

/** The source `imitation` is the demo buffer without its idle steps. */
export type PoolSource = 'rl' | 'demo' | 'imitation' | 'all';

/** A minibatch of N transitions, reused from draw to draw. E embedding, P proprioception, S stack, A action. */
export interface TransitionBatch {
  readonly size: number;
  /** [N] rows of the transitions drawn */
  readonly rows: Int32Array;
  /** [N, E] */
  readonly embedding: Float32Array;
  /** [N, S·P] oldest first */
  readonly proprioception: Float32Array;
  /** [N, A] as executed */
  readonly action: Float32Array;
  /** [N] as recorded, but a failure's last step costs the return of never succeeding (`neverSucceeding` in `data/rules.ts`) */
  readonly reward: Float32Array;
  /** [N] Factor of the bootstrapped value: 0 when terminated, otherwise γ^(k−1) after k summed steps. */
  readonly mask: Float32Array;
  readonly nextEmbedding: Float32Array;
  readonly nextProprioception: Float32Array;
  /** [N] discounted return of the episode from here */
  readonly monteCarloReturn: Float32Array;
  /** [N] the same, but −Infinity for the policy's steps before a person took over */
  readonly monteCarloReturnCut: Float32Array;
  /** [N] 0 for a person's idle steps, which are not to be imitated; otherwise 1 */
  readonly imitation: Float32Array;
  /** [N] 1 for a human-driven step */
  readonly human: Float32Array;
  /** [N, K, A] the next actions of the same episode and driver, padded with the last one */
  readonly actionChunk: Float32Array;
  /** [N, K] 1 for padding or an idle step, which are no imitation targets */
  readonly chunkPad: Float32Array;
}

/** A number of a stored episode that is not finite. Nothing can be learned from such an episode. */
export interface Flaw {
  readonly episodeId: number;
  /** For example "observation 5 of episode 2 holds NaN in its proprioception". */
  readonly words: string;
}

export interface MissingEmbedding {
  readonly row: number;
  readonly episodeId: number;
  readonly index: number;
  /** Number of its views that are there. The recorded one is the first. */
  readonly views: number;
}

export interface PoolEvent {
  readonly kind: 'relabel' | 'withdraw' | 'discard' | 'restore';
  readonly sequence: number;
  readonly episodeId: number;
  readonly outcome?: Outcome | undefined;
  readonly refersTo?: number | undefined;
}
