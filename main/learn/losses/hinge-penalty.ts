/**
 * A penalty for leaving a limit: the squared hinge of the excess g. Letters: B batch, C constraints.
 *   L = mean over all but the last axis of Σ_i λ max(0, g_i)²          g = (|q| − (1 − δ) q_max) / q_max
 * Default λ = 10, δ = 0 (ours). g is in units of the limit, so that one λ serves metres, radians and newtons.
 * Trap: it is no barrier. Value and gradient are 0 on the limit, so the optimum lies beyond it by O(1/λ). It shapes what is
 * learned; the executor's clamp keeps the limit.
 */
import type { Node } from '../../tensor/ir.ts';
import { abs, constant, div, mean, mul, type Operand, relu, reshape, square, sub, sum } from '../../tensor/tensor.ts';
import { asFlags, guard, maskedMean } from './masked.ts';

const HINGE_WEIGHT = 10; // λ, ours

/** `excess` [B, …, C], `sampleWeight` [B] → scalar. A sample of weight 0 may hold anything, NaN included. */
export function hingePenalty(excess: Node, lambda: Operand = HINGE_WEIGHT, sampleWeight?: Node): Node {
  const penaltyOf = (some: Node) => sum(square(relu(some)), -1);
  if (!sampleWeight) return mul(mean(penaltyOf(excess)), lambda);
  const column = (rank: number) => reshape(sampleWeight, [-1, ...new Array<number>(rank - 1).fill(1)]);
  const each = penaltyOf(guard(asFlags(column(excess.shape.length)), excess));
  return mul(maskedMean(each, column(each.shape.length)), lambda);
}

/** `values` [B, …, C] with symmetric limits (C numbers, the values' units) → excess in units of the limit. */
export function limitExcess(values: Node, limits: readonly number[], margin = 0): Node {
  if (limits.some((limit) => !(limit > 0)))
    throw new RangeError(`limitExcess: limits [${limits.join(', ')}], expected numbers > 0`);
  return sub(div(abs(values), constant(limits)), 1 - margin);
}
