/**
 * Negative log-likelihood of a mixture of diagonal Gaussians over a whole chunk, with one choice of mode per trajectory.
 *   L = mean_b −ln Σ_m π_m Π_kd N(a_kd; μ_mkd, σ_mkd),  as logsumexp_m [log softmax(z)_m + Σ_kd ln N]
 * Σ is over all K·D valid elements, so the loss grows with K·D. A mixture per step is the same with K = 1 and B·K samples.
 * Defaults: M = 5 (robomimic), σ = softplus(x) + 0.01 (ours; robomimic has 1e-4, whose density is unbounded in practice).
 * Traps: without the shift, ln Σ e^… is −∞ for an action far from every mean. Components may fall to weight 0, which is normal.
 * Act with the mean of a drawn component; the average of components is an action of none of them.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  div,
  log,
  logicalNot,
  logSoftmax,
  logSumExp,
  mean,
  mul,
  neg,
  softplus,
  square,
  sub,
  sum,
  unsqueeze,
} from '../../../tensor/tensor.ts';
import { type ChunkWeights, validTargets } from '../chunk.ts';
import { asFlags, guard, maskedMean } from '../masked.ts';
import { HALF_LOG_2_PI } from './gaussian.ts';

export const MIXTURE_COMPONENTS = 5; // As in robomimic
export const MIXTURE_STD_MIN = 1e-2; // Ours

export interface Mixture {
  /** [B, M] */
  readonly logits: Node;
  /** [B, M, K, D] */
  readonly mean: Node;
  /** [B, M, K, D], or a shape that broadcasts to it; > 0. */
  readonly std: Node;
}

/** `mixture`, `target` [B, K, D] → scalar. Time weights have no meaning inside a density and are not offered. */
export function gmmNll(mixture: Mixture, target: Node, weights: Pick<ChunkWeights, 'pad' | 'sampleWeight'> = {}): Node {
  const logDensity = mixtureLogProb(mixture, validTargets(target, weights), weights.pad);
  return weights.sampleWeight ? maskedMean(neg(logDensity), weights.sampleWeight) : neg(mean(logDensity));
}

/** `actions` [B, K, D] → ln p [B] without padded steps. */
export function mixtureLogProb({ logits, mean, std }: Mixture, actions: Node, pad?: Node): Node {
  const scaled = div(sub(unsqueeze(actions, 1), mean), std);
  const elements = sub(sub(mul(square(scaled), -0.5), log(std)), HALF_LOG_2_PI);
  const counted = pad ? guard(unsqueeze(logicalNot(asFlags(pad)), [1, 3]), elements) : elements;
  return logSumExp(add(logSoftmax(logits), sum(counted, [2, 3])), 1);
}

/** The network's output of any shape → σ. */
export function mixtureStd(raw: Node, minimum = MIXTURE_STD_MIN): Node {
  return add(softplus(raw), minimum);
}
