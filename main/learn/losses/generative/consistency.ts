/**
 * Losses of consistency models. ConRFT reconstructs the recorded action from any noise level. λ is "karras".
 *   L = Σᵦ uᵦ λ(σᵦ) · mean_d (f(aᵦ + σᵦ z, σᵦ | sᵦ) − aᵦ)²  /  Σᵦ uᵦ,     λ(σ) = σ⁻² + sd⁻².
 * u weighs samples: 0 for a step that is no imitation target. The mean over d is over the dimensions that the task uses.
 * A sample of weight 0 and an unused dimension may hold anything, NaN included.
 * Consistency training (Song et al. 2023; OpenAI's MIT code) compares adjacent noise levels t′ < t without a teacher. λ is 1.
 *   x_t = a + t z,   x_t′ = x_t + (x_t − a)/t · (t′ − t) = a + t′ z;
 *   L = Σᵦ uᵦ λ · mean_d (f(x_t, t) − f̄(x_t′, t′))² / Σᵦ uᵦ.
 * f̄ is the running average of f's weights (decay 0.95) and a constant to the gradient; otherwise a constant function
 * solves it.
 * Letters: B batch, K steps of a chunk, D dimensions, A action.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  constant,
  div,
  logicalNot,
  maximum,
  mean,
  mul,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
} from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, dimensionMean, selectValid } from '../chunk.ts';
import { asFlags, asWeights, guard, maskedMean } from '../masked.ts';

/** `predicted`, `target` [B, A] → mean squared error over the used dimensions, [B]; 0 where `sampleWeight` [B] is 0. */
export function maskedError(predicted: Node, target: Node, mask: readonly boolean[], sampleWeight?: Node): Node {
  const used = mask.filter(Boolean).length;
  const shares = mask.map((use) => (use ? 1 / used : 0));
  const weights = constant(shares, [1, mask.length]);
  const error = selectValid(sub(predicted, target), { sampleWeight, dimensionWeights: shares });
  return sum(mul(square(error), weights), 1);
}

/**
 * `predicted`, `target` [B, K, D] → mean squared error over each sample's own steps and used dimensions, [B]. A sample
 * without a valid step has error 0; `sampleWeights` in `chunk.ts` leaves it out of the mean over samples.
 */
export function chunkErrors(
  predicted: Node,
  target: Node,
  weights: Pick<ChunkWeights, 'pad' | 'sampleWeight' | 'dimensionWeights'> = {},
): Node {
  const cells = dimensionMean(square(selectValid(sub(predicted, target), weights)), weights.dimensionWeights);
  if (!weights.pad) return mean(cells, 1);
  const valid = logicalNot(asFlags(weights.pad));
  return div(sum(guard(valid, cells), 1), maximum(sum(asWeights(valid), 1), 1));
}

/** `errors` [B], `sigma` [B, 1], `sampleWeight` [B] ≥ 0 → scalar; 0 when all weights are 0. */
export function consistencyLoss(errors: Node, sigma: Node, sampleWeight: Node, sigmaData: number): Node {
  const level = guard(asFlags(sampleWeight), reshape(sigma, errors.shape), 1);
  const lambda = add(div(1, square(level)), 1 / sigmaData ** 2);
  return maskedMean(mul(lambda, errors), sampleWeight);
}

/**
 * One Euler step of the noise level, with the recorded action in place of a denoiser's guess. Both points then share one z.
 * x, action [B, …]; time, nextTime [B] → [B, …].
 */
export function eulerStep(x: Node, action: Node, time: Node, nextTime: Node): Node {
  const column = (level: Node) => reshape(level, [level.shape[0]!, ...new Array<number>(x.shape.length - 1).fill(1)]);
  const slope = div(sub(x, action), column(time));
  return add(x, mul(slope, column(sub(nextTime, time))));
}

/** `online` f(x_t, t), averaged f̄(x_t′, t′) [B, K, D] or [B, D] → scalar. λ of each sample goes into `sampleWeight`. */
export function consistencyTrainingLoss(online: Node, averaged: Node, weights: ChunkWeights = {}): Node {
  return chunkMean(square(selectValid(sub(online, stopGradient(averaged)), weights)), weights);
}
