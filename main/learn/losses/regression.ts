/**
 * Regression losses between predicted and recorded action chunks, averaged as `chunk.ts` describes. e = â − a.
 *   mse     ℓ = e²;
 *   l1      ℓ = |e|                                             (ACT);
 *   huber   ℓ = e²/2 where |e| ≤ δ, else δ(|e| − δ/2)           δ = 0.1 for teleoperated data on [−1, 1].
 * The minimum of `mse` is the mean of several right answers; that of `l1` is the median, which tends to the commonest one.
 * Normalise actions first: otherwise the dimension weights only convert units. Use 6-D rotations or delta axis-angles.
 */
import type { Node } from '../../tensor/ir.ts';
import { abs, less, mean, mul, square, sub, where } from '../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, selectValid } from './chunk.ts';
import { asFlags, guard } from './masked.ts';

/** Linear part begins here; PyTorch's default of 1 would be the squared error on [−1, 1]. */
export const HUBER_DELTA = 0.1; // Ours

/** `predicted`, `target` [B, K, D] or [B, D] → scalar. */
export function mse(predicted: Node, target: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(square(selectValid(sub(predicted, target), weights)), weights);
}

/** `predicted`, `target` [B, K, D] or [B, D] → scalar. */
export function l1(predicted: Node, target: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(abs(selectValid(sub(predicted, target), weights)), weights);
}

/** `predicted`, `target` [B, K, D] or [B, D] → scalar. */
export function huber(predicted: Node, target: Node, delta = HUBER_DELTA, weights: ChunkWeights = {}): Node {
  if (!(delta > 0)) throw new RangeError(`huber: delta ${delta}, expected a number > 0`);
  const error = abs(selectValid(sub(predicted, target), weights));
  const value = where(less(error, delta), mul(square(error), 0.5), mul(sub(error, delta / 2), delta));
  return chunkMean(value, weights);
}

/**
 * Smooth L1 with a weight per element: e²/2β below β, |e| − β/2 above, so huber(δ) = δ · smoothL1(β = δ).
 * Takes the mean over all elements without normalising the weights, like PyTorch's `smooth_l1_loss` times weights.
 * predicted, target: one shape; weights ≥ 0 broadcast to it → scalar. Elements of weight 0 may hold anything.
 */
export function smoothL1(predicted: Node, target: Node, weights: Node, beta: number): Node {
  const error = abs(guard(asFlags(weights), sub(predicted, target)));
  const value = where(less(error, beta), mul(square(error), 0.5 / beta), sub(error, beta / 2));
  return mean(mul(value, weights));
}
