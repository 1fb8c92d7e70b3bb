/**
 * Imitation with a consistency head: reconstruct the data's action from any noise level ("consistency" in ConRFT's text and
 * code; not the adjacent-step loss of Song et al. 2023). Letters: B batch, A action.
 *   L = Σᵦ uᵦ λ(σᵦ) · mean_d (f(aᵦ + σᵦ z, σᵦ | sᵦ) − aᵦ)²  /  Σᵦ uᵦ,     λ(σ) = σ⁻² + sd⁻²   ("karras")
 * u weighs samples: 0 for a step that is no imitation target. The mean over d is over the dimensions that the task uses.
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
  sub,
  sum,
} from '../../../tensor/tensor.ts';
import { type ChunkWeights, dimensionMean, validTargets } from '../chunk.ts';
import { asFlags, asWeights, guard } from '../masked.ts';

/** predicted and target [B, A] → mean squared error over the used dimensions, [B]. */
export function maskedError(predicted: Node, target: Node, mask: readonly boolean[]): Node {
  const used = mask.filter(Boolean).length;
  const weights = constant(
    mask.map((use) => (use ? 1 / used : 0)),
    [1, mask.length],
  );
  return sum(mul(square(sub(predicted, target)), weights), 1);
}

/** The same of chunks: predicted, target [B, K, D] → mean over each sample's own steps and used dimensions, [B]. */
export function chunkErrors(
  predicted: Node,
  target: Node,
  weights: Pick<ChunkWeights, 'pad' | 'dimensionWeights'> = {},
): Node {
  const cells = dimensionMean(square(sub(predicted, validTargets(target, weights))), weights.dimensionWeights);
  if (!weights.pad) return mean(cells, 1);
  const valid = logicalNot(asFlags(weights.pad));
  return div(sum(guard(valid, cells), 1), maximum(sum(asWeights(valid), 1), 1));
}

/** errors [B], sigma [B, 1], sampleWeight [B] → scalar. */
export function consistencyLoss(errors: Node, sigma: Node, sampleWeight: Node, sigmaData: number): Node {
  const lambda = add(div(1, square(reshape(sigma, errors.shape))), 1 / sigmaData ** 2);
  return weightedMean(mul(lambda, errors), sampleWeight);
}

/** Σ w x / Σ w; 0 when all weights are 0. */
export function weightedMean(values: Node, weights: Node): Node {
  return div(sum(mul(values, weights)), maximum(sum(weights), 1e-6));
}
