/**
 * Means over what counts: co-training on several sources, padding, samples that are no target of a loss.
 *   L = Σ w ℓ / Σ w over the elements with w > 0;  0, with zero gradients, when there are none
 * Trap: 0 · NaN is NaN. A missing label must be taken out by selection, before the sum (`maskedMean` does) *and* before the
 * arithmetic (`guard`): a selection behind the arithmetic still sends 0 · ∞ = NaN backwards.
 */
import { type Node, sizeOf } from '../../tensor/ir.ts';
import { add, cast, div, greater, mul, type Operand, sum, where } from '../../tensor/tensor.ts';

/** A mask of booleans, or of numbers of which the positive ones count, as booleans. */
export function asFlags(mask: Node): Node {
  return mask.dtype === 'bool' ? mask : greater(mask, 0);
}

/** A mask of booleans as 0 and 1; weights as they are. */
export function asWeights(mask: Node): Node {
  return cast(mask, 'float32');
}

/** `x` where `valid` holds, else `fill`: nothing of what stood there reaches the loss or a gradient. */
export function guard(valid: Node, x: Node, fill: Operand = 0): Node {
  return where(valid, x, fill);
}

/** values of any shape, weights ≥ 0 or booleans that broadcast to it → scalar. */
export function maskedMean(values: Node, weights: Node): Node {
  const repeats = sizeOf(values.shape) / sizeOf(weights.shape);
  const numbers = asWeights(weights);
  const total = mul(sum(numbers), repeats);
  const weighted = mul(guard(asFlags(weights), values), numbers);
  return div(sum(weighted), where(greater(total, 0), total, 1));
}

/** One loss of one data source in a mixed batch. */
export interface SourceLoss {
  /** [B]; anything, NaN included, where the source has no label. */
  readonly values: Node;
  /** [B]: 1 for the samples that come from this source. */
  readonly mask: Node;
  readonly weight: Operand;
}

/** Σ over sources of weight · mean over the source's own samples: a source that is rare in a batch is not drowned. */
export function coTraining(sources: readonly SourceLoss[]): Node {
  return sources
    .map(({ values, mask, weight }) => mul(maskedMean(values, mask), weight))
    .reduce((total, each) => add(total, each));
}
