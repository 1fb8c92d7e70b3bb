/**
 * Independent categorical distributions over V values, from logits [B, …, V]: log-probability, entropy, KL divergence.
 *   log π(y) = Σ log softmax(z)_y      H = −Σ Σ_v p ln p      KL(p‖q) = Σ Σ_v p (ln p − ln q)
 * The outer Σ is over the dimensions of one action. Trap: log(softmax(z)) is −∞ where softmax underflows.
 */
import type { Node } from '../../../tensor/ir.ts';
import { constant, equal, exp, logSoftmax, mul, neg, sub, sum, unsqueeze, where } from '../../../tensor/tensor.ts';
import { sumPerSample } from './gaussian.ts';

/** Log-probability of each chosen value: `logits` [B, …, V], `chosen` int64 [B, …] → [B, …]. */
export function logProbElements(logits: Node, chosen: Node): Node {
  return sum(where(oneHot(chosen, logits.shape.at(-1)!), logSoftmax(logits), 0), -1);
}

/** `logits` [B, …, V], `chosen` int64 [B, …] → [B]. */
export function categoricalLogProb(logits: Node, chosen: Node): Node {
  return sumPerSample(logProbElements(logits, chosen));
}

/** `logits` [B, …, V] → [B]. */
export function categoricalEntropy(logits: Node): Node {
  const logProb = logSoftmax(logits);
  return sumPerSample(neg(sum(mul(exp(logProb), logProb), -1)));
}

/** KL(p‖q) of every distribution: logits [B, …, V] → [B, …]. */
export function categoricalKlElements(p: Node, q: Node): Node {
  const [logP, logQ] = [logSoftmax(p), logSoftmax(q)];
  return sum(mul(exp(logP), sub(logP, logQ)), -1);
}

/** KL(p‖q) of logits [B, …, V] → [B]. */
export function categoricalKl(p: Node, q: Node): Node {
  return sumPerSample(categoricalKlElements(p, q));
}

/** `chosen` int64 [B, …] → bool [B, …, V]. */
export function oneHot(chosen: Node, values: number): Node {
  return equal(unsqueeze(chosen, chosen.shape.length), constant([...new Array(values).keys()], [values], 'int64'));
}
