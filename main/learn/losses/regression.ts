/**
 * Mean squared error over a chunk, with weights per dimension.
 *   ℓ = (â − a)²,  averaged as in `chunk.ts`: the mean over all elements (torch's `mse_loss`), not the sum over D
 * Default w = 1 (robomimic: l2_weight 1, l1_weight 0, cos_weight 0).
 * Trap: normalise actions first, or w is a conversion of units; rotations as 6-D or delta axis-angle, never raw angles.
 */
import type { Node } from '../../tensor/ir.ts';
import { square, sub } from '../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, validTargets } from './chunk.ts';

/** predicted, target [B, K, D] or [B, D] → scalar. */
export function mse(predicted: Node, target: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(square(sub(predicted, validTargets(target, weights))), weights);
}
