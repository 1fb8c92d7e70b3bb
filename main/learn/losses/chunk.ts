/**
 * Averages the losses of single elements to one number, in the way that every loss over a chunk of actions uses.
 *   L = Σ_bk c_bk · Σ_d w_d ℓ_bkd / (Σ_d w_d · Σ_bk c_bk),     c_bk = ŵ_k · u_b · (1 − pad_bk).
 * ŵ are time weights that sum to 1, u sample weights, w dimension weights. Letters: B batch, K steps of the chunk, D
 * dimensions. Without weights it is the plain mean. Default: uniform in time (ACT, Diffusion Policy). Trap: steps after
 * an episode's end are padding, not targets. A mean over all elements counts them in the denominator and teaches less
 * from short chunks. Like ACT, this divides by the number of valid elements. Elements of weight 0 may hold anything, NaN
 * included: every loss over chunks passes its operands through `selectValid` before its first nonlinear operation.
 */
import { describeType, type Node } from '../../tensor/ir.ts';
import { constant, greater, logicalAnd, logicalNot, mean, mul, reshape, sum } from '../../tensor/tensor.ts';
import { asFlags, asWeights, guard, maskedMean } from './masked.ts';

export interface ChunkWeights {
  /** [B, K], true or 1 where the chunk reaches past the episode's end (LeRobot's `action_is_pad`). */
  readonly pad?: Node | undefined;
  /** [B], ≥ 0; 0 for a sample that is no target. */
  readonly sampleWeight?: Node | undefined;
  /** K numbers; they are normalised here. */
  readonly timeWeights?: readonly number[] | undefined;
  /** D numbers ≥ 0, which are normalised here; 0 for a dimension that the task does not use. */
  readonly dimensionWeights?: readonly number[] | undefined;
}

/** `elements` [B, K, D], or [B, D] for single actions (pad is [B] then) → scalar. */
export function chunkMean(elements: Node, weights: ChunkWeights = {}): Node {
  const cells = dimensionMean(elements, weights.dimensionWeights);
  const cellWeights = [
    timeWeightsOf(cells, weights.timeWeights),
    sampleWeightsOf(cells, weights.sampleWeight),
    weights.pad && asWeights(validCells(cells, weights.pad)),
  ].flatMap((each) => each ?? []);
  if (cellWeights.length === 0) return mean(cells);
  const product = cellWeights.reduce((a, b) => mul(a, b));
  return maskedMean(cells, product);
}

/**
 * Sets `x` [B, K, D, …] to zero where it does not count, so that neither value nor gradient depends on what stands there.
 * `x` is a loss's operand, or a linear function of its operands. `innerAxes` is the number of axes behind D.
 */
export function selectValid(x: Node, weights: ChunkWeights, innerAxes = 0): Node {
  const { pad, sampleWeight, timeWeights, dimensionWeights } = weights;
  const steps = x.shape.slice(0, x.shape.length - 1 - innerAxes);
  const column = (flags: Node) => reshape(flags, [...flags.shape, ...ones(x.shape.length - flags.shape.length)]);
  const masks = [
    pad && column(validCells({ shape: steps }, pad)),
    sampleWeight && column(asFlags(sampleWeight)),
    usedAlong(timeWeights, 1, x),
    usedAlong(dimensionWeights, steps.length, x),
  ].flatMap((each) => each ?? []);
  return masks.length === 0 ? x : guard(masks.reduce(logicalAnd), x);
}

/** Weights [B] of samples whose losses are one number each: a sample without a valid step has weight 0. */
export function sampleWeights({ pad, sampleWeight }: Pick<ChunkWeights, 'pad' | 'sampleWeight'>): Node | undefined {
  if (!pad) return sampleWeight && asWeights(sampleWeight);
  const steps = asWeights(logicalNot(asFlags(pad)));
  const valid = asWeights(steps.shape.length === 1 ? steps : greater(sum(steps, 1), 0));
  return sampleWeight ? mul(valid, asWeights(sampleWeight)) : valid;
}

/** K weights e^(−λk). Near steps count more, because their labels are more reliable. */
export function exponentialWeights(steps: number, decayPerStep: number): number[] {
  return Array.from({ length: steps }, (_, step) => Math.exp(-decayPerStep * step));
}

/** `elements` […, D] → […], the mean over dimensions. */
export function dimensionMean(elements: Node, weights: readonly number[] | undefined): Node {
  if (!weights) return mean(elements, -1);
  const total = weights.reduce((sum, each) => sum + each, 0);
  expectCount('dimensionWeights', weights, elements.shape.at(-1), elements);
  expectShares('dimensionWeights', weights);
  const counted = selectValid(elements, { dimensionWeights: weights });
  return sum(mul(counted, constant(weights.map((each) => each / total))), -1);
}

function timeWeightsOf(cells: Node, weights: readonly number[] | undefined): Node | undefined {
  if (!weights) return undefined;
  const total = weights.reduce((sum, each) => sum + each, 0);
  if (cells.shape.length < 2)
    throw new TypeError(`timeWeights need a chunk [B, K, D]; there is no K in ${describeType(cells)}`);
  expectCount('timeWeights', weights, cells.shape.at(-1), cells);
  expectShares('timeWeights', weights);
  const shares = weights.map((each) => each / total);
  return constant(shares, [...ones(cells.shape.length - 1), weights.length]);
}

/** Flags along `axis` of `x`, or `undefined` when all weights are above 0. */
function usedAlong(weights: readonly number[] | undefined, axis: number, x: Node): Node | undefined {
  if (!weights || weights.every((weight) => weight > 0)) return undefined;
  const used = weights.map((weight) => Number(weight > 0));
  return constant(used, [...ones(axis), used.length, ...ones(x.shape.length - axis - 1)], 'bool');
}

function sampleWeightsOf(cells: Node, weights: Node | undefined): Node | undefined {
  return weights && reshape(asWeights(weights), [...weights.shape, ...ones(cells.shape.length - weights.shape.length)]);
}

function validCells(cells: Pick<Node, 'shape'>, pad: Node): Node {
  if (pad.shape.join() !== cells.shape.join())
    throw new TypeError(
      `pad is ${describeType(pad)}; this loss has steps [${cells.shape.join(',')}] and wants one flag for each`,
    );
  return logicalNot(asFlags(pad));
}

function expectCount(name: string, weights: readonly number[], size: number | undefined, of: Node): void {
  if (weights.length !== size)
    throw new TypeError(`${name} has ${weights.length} numbers; the losses ${describeType(of)} need ${size}`);
}

function expectShares(name: string, weights: readonly number[]): void {
  if (weights.some((each) => !(each >= 0)) || !weights.some((each) => each > 0))
    throw new RangeError(`${name} [${weights.join(', ')}]: expected numbers ≥ 0, not all of them 0`);
}

const ones = (count: number): number[] => new Array<number>(count).fill(1);
