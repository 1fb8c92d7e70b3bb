/** What goes into a transition pool, and what is drawn from it. */
import type { Actor } from '../../main/api/action.ts';
import type { Mode, Outcome } from '../../main/api/episode.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Ending } from '../rules.ts';

export interface PoolOptions {
  /** 0 = policies that see no embedding. */
  readonly embeddingSize: number;
  readonly proprioceptionSize: number;
  /** How many proprioception vectors a policy sees, oldest first. */
  readonly stack: number;
  readonly discount: number;
  /** n: a transition's reward is that of n steps, and its next observation the one after them; 1 where absent. */
  readonly nStep?: number;
  /** k: embeddings held of every observation, the recorded one and k − 1 of its pictures shifted; a draw takes one of them. 1 where absent. */
  readonly views?: number;
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
  /** The one that drove where no person did, and the noise that was added to its actions. */
  readonly driver?: Driver | undefined;
  /** T+1 of them. */
  readonly observations: readonly {
    readonly proprioception: Float32Array;
    readonly embedding: Float32Array | undefined;
  }[];
  readonly steps: readonly PoolStep[];
}

/** `imitation`: the demo buffer without its idle steps. */
export type PoolSource = 'rl' | 'demo' | 'imitation' | 'all';

/** [N] rows of a minibatch, reused from draw to draw. E embedding, P proprioception, S stack, A action. */
export interface TransitionBatch {
  readonly size: number;
  /** [N] the transitions drawn. */
  readonly rows: Int32Array;
  /** [N, E] */
  readonly embedding: Float32Array;
  /** [N, S·P] oldest first */
  readonly proprioception: Float32Array;
  /** [N, A] as executed */
  readonly action: Float32Array;
  /** [N] */
  readonly reward: Float32Array;
  /** [N] 0 when terminated: nothing is bootstrapped; else γ^(k−1) after k summed steps, which is 1 for single steps, time-outs included. */
  readonly mask: Float32Array;
  readonly nextEmbedding: Float32Array;
  readonly nextProprioception: Float32Array;
  /** [N] discounted return of the episode from here. */
  readonly monteCarloReturn: Float32Array;
  /** [N] the same, −Infinity for what the policy did before a person took over. */
  readonly monteCarloReturnCut: Float32Array;
  /** [N] 1 = may be imitated; 0 for a person's idle steps. */
  readonly imitation: Float32Array;
  /** [N] 1 = human-driven. */
  readonly human: Float32Array;
  /** [N, K, A] the actions from here on: those of the same episode and the same driver; then the last one again. */
  readonly actionChunk: Float32Array;
  /** [N, K] 1 = padding, or an idle step: no imitation target. */
  readonly chunkPad: Float32Array;
}

/** A number of a stored episode that is not finite. The episode cannot be learned from. */
export interface Flaw {
  readonly episodeId: number;
  /** For example "observation 5 of episode 2 holds NaN in its proprioception". */
  readonly words: string;
}

export interface MissingEmbedding {
  readonly row: number;
  readonly episodeId: number;
  readonly index: number;
  /** How many views of it are there, the recorded one first. */
  readonly views: number;
}

export interface PoolEvent {
  readonly kind: 'relabel' | 'withdraw' | 'discard' | 'restore';
  readonly sequence: number;
  readonly episodeId: number;
  readonly outcome?: Outcome | undefined;
  readonly refersTo?: number | undefined;
}
