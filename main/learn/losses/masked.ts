/**
 * Means over the elements that count. They serve co-training, padding, and samples without a target.
 *   L = Σ w ℓ / Σ w,  over the elements with w > 0;  0, with zero gradients, when there are none.
 * Trap: 0 · NaN is NaN. A missing label must be replaced before the sum (`maskedMean` does) and before the first nonlinear
 * operation (`guard`, and `selectValid` in `chunk.ts`). A selection behind it still sends 0 · ∞ = NaN backwards.
 */
import { type Node, sizeOf } from '../../tensor/ir.ts';
import { add, cast, div, greater, mul, type Operand, sum, where } from '../../tensor/tensor.ts';

/** Converts a mask to booleans; a number counts when it is positive. */
export function asFlags(mask: Node): Node {
  return mask.dtype === 'bool' ? mask : greater(mask, 0);
}

/** Converts booleans to 0 and 1, and keeps weights. */
export function asWeights(mask: Node): Node {
  return cast(mask, 'float32');
}

/** Replaces `x` by `fill` where `valid` is false, so that the replaced values reach neither the loss nor a gradient. */
export function guard(valid: Node, x: Node, fill: Operand = 0): Node {
  return where(valid, x, fill);
}

/** `values` of any shape, `weights` ≥ 0 or booleans that broadcast to it → scalar. */
export function maskedMean(values: Node, weights: Node): Node {
  const repeats = sizeOf(values.shape) / sizeOf(weights.shape);
  const numbers = asWeights(weights);
  const total = mul(sum(numbers), repeats);
  const weighted = mul(guard(asFlags(weights), values), numbers);
  return div(sum(weighted), where(greater(total, 0), total, 1));
}

/** The loss of one data source in a mixed batch. */
interface SourceLoss {
  /** [B]; may hold anything, NaN included, where the source has no label. */
  readonly values: Node;
  /** [B]: 1 for the samples that come from this source. */
  readonly mask: Node;
  readonly weight: Operand;
}

/** Σ over sources of weight · mean over the source's own samples, so that a rare source counts in full. */
export function coTraining(sources: readonly SourceLoss[]): Node {
  return sources
    .map(({ values, mask, weight }) => mul(maskedMean(values, mask), weight))
    .reduce((total, each) => add(total, each));
}
