/**
 * Negative log-likelihood of a mixture of diagonal Gaussians over a whole chunk, with one choice of mode per trajectory.
 *   L = mean_b −ln Σ_m π_m Π_kd N(a_kd; μ_mkd, σ_mkd),  as logsumexp_m [log softmax(z)_m + Σ_kd ln N]
 * Σ is over all K·D valid elements, so the loss grows with K·D. The mean is over the samples with a valid step.
 * A mixture per step is the same with K = 1 and B·K samples.
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
  logicalOr,
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
import { type ChunkWeights, sampleWeights } from '../chunk.ts';
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
  const counted = sampleWeights(weights);
  if (!counted) return neg(mean(mixtureLogProb(mixture, target)));
  const { pad, sampleWeight } = weights;
  const valid = asFlags(counted);
  const left = sampleWeight && unsqueeze(logicalNot(valid), 1);
  const logits = guard(unsqueeze(valid, 1), mixture.logits);
  const masked = pad && left ? logicalOr(asFlags(pad), left) : (left ?? pad);
  return maskedMean(neg(mixtureLogProb({ ...mixture, logits }, target, masked)), counted);
}

/** `actions` [B, K, D] → ln p [B] without padded steps, which may hold anything; `pad` [B, K] or [B, 1]. */
export function mixtureLogProb({ logits, mean, std }: Mixture, actions: Node, pad?: Node): Node {
  const valid = pad && unsqueeze(logicalNot(asFlags(pad)), [1, 3]);
  const select = (x: Node, fill = 0) => (valid ? guard(valid, x, fill) : x);
  const deviation = select(std, 1);
  const scaled = div(select(sub(unsqueeze(actions, 1), mean)), deviation);
  const elements = select(sub(sub(mul(square(scaled), -0.5), log(deviation)), HALF_LOG_2_PI));
  return logSumExp(add(logSoftmax(logits), sum(elements, [2, 3])), 1);
}

/** The network's output of any shape → σ. */
export function mixtureStd(raw: Node, minimum = MIXTURE_STD_MIN): Node {
  return add(softplus(raw), minimum);
}
