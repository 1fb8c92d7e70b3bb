/**
 * Huber's loss over a chunk: squared near, linear far, so that a spike in the labels pulls with a bounded force.
 *   ℓ = e²/2 where |e| ≤ δ, else δ(|e| − δ/2)
 * Default δ = 0.1 for teleoperated data on [−1, 1]; torch's δ = 1 is squared error there.
 * Trap: not smooth L1: huber(δ) = δ · smoothL1(β = δ), equal at 1 only (`smooth-l1.ts`).
 */
import type { Node } from '../../tensor/ir.ts';
import { abs, less, mul, square, sub, where } from '../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, validTargets } from './chunk.ts';

export const HUBER_DELTA = 0.1; // ours

/** predicted, target [B, K, D] or [B, D] → scalar. */
export function huber(predicted: Node, target: Node, delta = HUBER_DELTA, weights: ChunkWeights = {}): Node {
  if (!(delta > 0)) throw new RangeError(`huber: delta ${delta}, expected a number > 0`);
  const error = abs(sub(predicted, validTargets(target, weights)));
  const value = where(less(error, delta), mul(square(error), 0.5), mul(sub(error, delta / 2), delta));
  return chunkMean(value, weights);
}
