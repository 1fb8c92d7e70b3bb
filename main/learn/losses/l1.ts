/**
 * Mean absolute error over a chunk (ACT's imitation loss). Averaged as in `chunk.ts`.
 *   ℓ = |â − a|
 * Trap: its minimum is the conditional median: with two modes it tends to pick the commoner one. That is not the average
 * that squared error makes, but it is no cover of both modes either.
 */
import type { Node } from '../../tensor/ir.ts';
import { abs, sub } from '../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, validTargets } from './chunk.ts';

/** predicted, target [B, K, D] or [B, D] → scalar. */
export function l1(predicted: Node, target: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(abs(sub(predicted, validTargets(target, weights))), weights);
}
