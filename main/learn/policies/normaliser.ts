/**
 * Converts actions to what a head sees and back: scaled per dimension to about [−1, 1], without the dimensions that the
 * task masks. Offset and scale come from the data. They are parameters that no gradient changes, so they travel with
 * the policy's weights.
 *   normalised = (action − offset) / scale, clipped to [−1, 1] unless unbounded        action = offset + scale · normalised, clipped;
 *   min-max   the data's range        quantile   q01 to q99 (OpenVLA): outliers are clipped        mean-std   zero mean, unit variance, unbounded.
 * A dimension that spans less than 0.02 in the data keeps its scale, because scaling would turn it to noise.
 * Letters: B batch, K steps, A action, U used dimensions.
 */
import { z } from 'zod';
import type { Node } from '../../tensor/ir.ts';
import { add, clip, constant, div, matmul, mul, reshape, sub } from '../../tensor/tensor.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';

export const normaliserSchema = z.enum(['none', 'min-max', 'quantile', 'mean-std']);
type NormaliserKind = z.infer<typeof normaliserSchema>;

/** [A] each */
interface ActionStatistics {
  readonly offset: Float32Array;
  readonly scale: Float32Array;
}

const SPAN_MIN = 0.02;
const QUANTILE = 0.01; // OpenVLA

/** `actions` [n, A] → offset and scale that map them to the head's range. */
export function actionStatistics(kind: NormaliserKind, actions: Float32Array, size: number): ActionStatistics {
  const count = actions.length / size;
  if (count === 0) throw new RangeError('no actions to normalise by: record demonstrations first');
  const offset = new Float32Array(size);
  const scale = new Float32Array(size).fill(1);
  for (let dimension = 0; dimension < size; dimension++) {
    const values = Float64Array.from({ length: count }, (_, row) => actions[row * size + dimension]!);
    const [centre, half] = centreAndHalf(kind, values);
    if (2 * half < SPAN_MIN) continue;
    offset[dimension] = centre;
    scale[dimension] = half;
  }
  return { offset, scale };
}

function centreAndHalf(kind: NormaliserKind, values: Float64Array): readonly [number, number] {
  const between = (low: number, high: number) => [(low + high) / 2, (high - low) / 2] as const;
  switch (kind) {
    case 'none':
      return [0, 1];
    case 'min-max':
      // Not `Math.min(...values)`: a large buffer has more numbers than a call can take as arguments.
      return between(
        values.reduce((low, value) => Math.min(low, value)),
        values.reduce((high, value) => Math.max(high, value)),
      );
    case 'quantile': {
      const sorted = values.toSorted();
      return between(quantile(sorted, QUANTILE), quantile(sorted, 1 - QUANTILE));
    }
    case 'mean-std': {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return [mean, Math.sqrt(variance)];
    }
    default:
      throw new Error(`no normaliser ${kind satisfies never}`);
  }
}

/** Interpolates linearly between the two nearest ranks, as numpy does by default. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

const NORMALISER_OFFSET = 'normaliser.offset';
const NORMALISER_SCALE = 'normaliser.scale';

/** Returns no parameters for the kind `none`, so that such a policy has the same parameters as one without a normaliser. */
export function normaliserParameters(kind: NormaliserKind, size: number): ParameterSpec[] {
  if (kind === 'none') return [];
  return [
    { name: NORMALISER_OFFSET, shape: [size], initial: 'zeros' },
    { name: NORMALISER_SCALE, shape: [size], initial: 'ones' },
  ];
}

/** Relation between the robot's actions [B, K, A] and the head's [B, K, U]. */
export interface ActionSpace {
  /** K */
  readonly steps: number;
  /** U */
  readonly size: number;
  readonly mask: readonly boolean[];
  /** True when the head's actions are within [−1, 1]. */
  readonly bounded: boolean;
  readonly kind: NormaliserKind;
}

export function actionSpace(kind: NormaliserKind, mask: readonly boolean[], steps: number): ActionSpace {
  return { steps, size: mask.filter(Boolean).length, mask, bounded: kind !== 'mean-std', kind };
}

/** [1, A]: 1 for a dimension in use, 0 for a masked one. */
export const actionMaskNode = (mask: readonly boolean[]): Node => constant(mask.map(Number), [1, mask.length]);

/** Drops the masked dimensions: [B, K, A] → [B, K, U]. */
export function selectUsed({ mask, size }: ActionSpace, x: Node): Node {
  const [B, K, A] = x.shape as readonly [number, number, number];
  return reshape(matmul(reshape(x, [B * K, A]), selection(mask)), [B, K, size]);
}

/** [B, K, U] → [B, K, A], zero where masked. */
export function restoreAll({ mask, size }: ActionSpace, x: Node): Node {
  const [B, K] = x.shape as readonly [number, number, number];
  return reshape(matmul(reshape(x, [B * K, size]), selection(mask), { transposeB: true }), [B, K, mask.length]);
}

/** Actions [B, K, A] → the head's [B, K, U]. */
export function normalise(space: ActionSpace, parameters: Parameters, actions: Node): Node {
  if (space.kind === 'none') return selectUsed(space, actions);
  const scaled = div(sub(actions, parameters(NORMALISER_OFFSET)), parameters(NORMALISER_SCALE));
  return selectUsed(space, space.bounded ? clip(scaled, -1, 1) : scaled);
}

/** [B, K, U] → actions [B, K, A] that may be executed: within [−1, 1], zero where masked. */
export function denormalise(space: ActionSpace, parameters: Parameters, normalised: Node): Node {
  const all = restoreAll(space, normalised);
  if (space.kind === 'none') return clip(all, -1, 1);
  const used = constant(space.mask.map(Number));
  const actions = add(parameters(NORMALISER_OFFSET), mul(all, parameters(NORMALISER_SCALE)));
  return mul(clip(actions, -1, 1), used);
}

/** [A, U]: column u picks the u-th used dimension. */
function selection(mask: readonly boolean[]): Node {
  const used = mask.flatMap((each, index) => (each ? [index] : []));
  const picks = mask.flatMap((_, row) => used.map((column) => Number(column === row)));
  return constant(picks, [mask.length, used.length]);
}
