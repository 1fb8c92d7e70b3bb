/**
 * Cross-entropy for actions as bins (RT-1, OpenVLA): one classification per step and dimension, averaged as `chunk.ts`
 * describes.
 *   ℓ = −Σ_v [(1 − ε) 1{v = y} + ε/V] log softmax(z)_v
 * Default ε = 0 (RT-1, OpenVLA). With ε > 0 the loss has a floor above 0: at ε = 0.1, V = 256 it is 0.876. Trap:
 * independent heads are a product of marginals. They lose a choice that spans dimensions or steps, such as left or
 * right of an obstacle. A mixture, a generative head, or autoregressive bins can express it.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, logSoftmax, mean, mul, neg, sum, where } from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, selectValid } from '../chunk.ts';
import { oneHot } from './categorical.ts';

/** `logits` [B, K, D, V], `target` int64 [B, K, D] in 0 … V−1 (or both without K) → scalar. */
export function binnedCrossEntropy(logits: Node, target: Node, smoothing = 0, weights: ChunkWeights = {}): Node {
  if (!(smoothing >= 0 && smoothing < 1))
    throw new RangeError(`binnedCrossEntropy: smoothing ${smoothing}, expected 0 ≤ ε < 1`);
  const logProb = logSoftmax(selectValid(logits, weights, 1));
  const chosen = oneHot(selectValid(target, weights), logits.shape.at(-1)!);
  const ofTarget = sum(where(chosen, logProb, 0), -1);
  const value = smoothing === 0 ? ofTarget : add(mul(ofTarget, 1 - smoothing), mul(mean(logProb, -1), smoothing));
  return chunkMean(neg(value), weights);
}
