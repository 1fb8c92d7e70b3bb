/**
 * Consistency training between adjacent noise levels (Song et al. 2023; OpenAI's MIT code), without a teacher.
 *   x_t = a + t z,   x_t′ = x_t + (x_t − a)/t · (t′ − t) = a + t′ z,   t′ the next smaller level
 *   L = Σᵦ uᵦ λ · mean_d (f(x_t, t) − f̄(x_t′, t′))² / Σᵦ uᵦ
 * f̄ is the running average of f's weights (decay 0.95 when fixed) and a constant to the gradient. Default λ = 1 ("uniform").
 * ConRFT does not use this form: its head reconstructs a itself (`consistency.ts`).
 * Trap: both points lie on one line through a with the *same* z, and the gradient must not flow into f̄: with it, the
 * constant function is a perfect solution.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, div, mul, reshape, square, stopGradient, sub } from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean } from '../chunk.ts';

/** One Euler step of the noise, with the data in place of a denoiser. x, action [B, …]; time, nextTime [B] → [B, …]. */
export function eulerStep(x: Node, action: Node, time: Node, nextTime: Node): Node {
  const column = (level: Node) => reshape(level, [level.shape[0]!, ...new Array<number>(x.shape.length - 1).fill(1)]);
  const slope = div(sub(x, action), column(time));
  return add(x, mul(slope, column(sub(nextTime, time))));
}

/** online f(x_t, t), averaged f̄(x_t′, t′) [B, K, D] or [B, D] → scalar. λ of each sample goes into `sampleWeight`. */
export function consistencyTrainingLoss(online: Node, averaged: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(square(sub(online, stopGradient(averaged))), weights);
}
