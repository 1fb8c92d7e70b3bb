/**
 * Smooth L1 with weights: β⁻¹·e²/2 below β, |e| − β/2 above. Not Huber: huber(δ) = δ · smoothL1(β = δ).
 * Mean over all elements, the weights not normalised (as torch's `smooth_l1_loss(reduction='none') * w` then mean).
 */
import type { Node } from '../../tensor/ir.ts';
import { abs, less, mean, mul, square, sub, where } from '../../tensor/tensor.ts';

/** predicted, target, weights: one shape (weights may broadcast) → scalar. */
export function smoothL1(predicted: Node, target: Node, weights: Node, beta: number): Node {
  const error = abs(sub(predicted, target));
  const value = where(less(error, beta), mul(square(error), 0.5 / beta), sub(error, beta / 2));
  return mean(mul(value, weights));
}
