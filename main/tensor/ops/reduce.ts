/**
 * Reductions over axes, and softmax over one axis. Reductions keep an axis as size 1 or drop it. Equal extremes share the
 * gradient equally, as torch.amax does.
 */
import { type Attributes, type Node, sizeOf, type TensorType } from '../ir.ts';
import { normalizeAxes, normalizeAxis, offsets, reducedShape, stridesOf } from '../layout.ts';
import type { TensorFlow, TfTensor } from '../tensorflow.ts';
import { cast, equal } from './compare.ts';
import { div, exp, mul, sub } from './elementwise.ts';
import { apply, asNode, type Case, elementCost, expectDTypes, inferSame, type Op, type Operand, real } from './op.ts';
import { expand, reshape } from './shape.ts';
import { summedByProduct } from './stretch.ts';

type Reduction = Attributes['sum'];
type TfReduction = 'sum' | 'mean' | 'max' | 'min' | 'logSumExp';
type OneAxis = Attributes['softmax'];

/** The traits of the whole family. */
const common = { simd: 'none', cost: elementCost, elementwise: false, commutative: false } as const;

interface Reducer {
  /** Initial value of the accumulator, and the function that adds a value to it. */
  readonly start: number;
  readonly step: (total: number, value: number) => number;
  /** Makes the result of the total and the number of values. */
  readonly finish?: (total: number, count: number) => number;
  /** Takes the gradient of the result, the operand and the result, all with reduced axes kept as size 1. */
  readonly vjp: (g: Node, x: Node, y: Node) => Node;
  readonly smooth?: boolean;
}

function reduction(onnxName: string, tfName: TfReduction, reducer: Reducer): Op<Reduction> {
  const { start, step, finish, vjp, smooth = true } = reducer;
  return {
    ...common,
    infer: ([x], { axes, keepDims }) => {
      expectDTypes([x!], 'float32');
      return { shape: reducedShape(x!.shape, axes, keepDims), dtype: x!.dtype };
    },
    evaluate: ([x], node) => {
      const result = new Float64Array(sizeOf(node.shape)).fill(start);
      const targets = resultOffsets(node.inputs[0]!, node.attributes.axes);
      x!.forEach((value, from) => {
        const to = targets[from]!;
        result[to] = step(result[to]!, value);
      });
      return finish ? result.map((total) => finish(total, x!.length / result.length)) : result;
    },
    vjp: (g, node) => {
      const x = node.inputs[0]!;
      const kept = reducedShape(x.shape, node.attributes.axes, true);
      return [vjp(reshape(g, kept), x, reshape(node, kept))];
    },
    emit: (emitter, [x], { inputs: [operand], attributes: { axes, keepDims }, shape }) =>
      (onnxName === 'ReduceSum' && summedByProduct(emitter, x!, operand!, axes, shape)) ||
      emitter.node(onnxName, [x!, emitter.integers(axes)], { ints: { keepdims: Number(keepDims) } }),
    tensorFlow: (tf, [x], { attributes: { axes, keepDims } }) => tf[tfName](x!, [...axes], keepDims),
    smooth,
    cases: reductionCases,
  };
}

const reductionCases: readonly Case<Reduction>[] = [
  { inputs: [real([2, 3, 4])], attributes: { axes: [0, 1, 2], keepDims: false } },
  { inputs: [real([2, 3, 4])], attributes: { axes: [1], keepDims: true } },
  { inputs: [real([3, 4])], attributes: { axes: [0], keepDims: false } },
  { inputs: [real([3, 4])], attributes: { axes: [1], keepDims: false } },
];

/** Returns, for each element of `x`, the index of its total in the result of reducing `axes`. */
function resultOffsets(x: TensorType, axes: readonly number[]): Int32Array {
  const strides = stridesOf(reducedShape(x.shape, axes, true));
  const kept = strides.map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  return offsets(x.shape, kept);
}

/** Computes the largest x of each total, and Σ e^(x − largest). */
function sumsOfPowers(x: Float64Array, targets: Int32Array, count: number) {
  const highest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const total = new Float64Array(count);
  x.forEach((value, at) => {
    highest[targets[at]!] = Math.max(highest[targets[at]!]!, value);
  });
  x.forEach((value, at) => {
    total[targets[at]!]! += Math.exp(value - highest[targets[at]!]!);
  });
  return { highest, total };
}

/** Divides g equally among the elements that equal the extreme y. */
function toExtremes(g: Node, x: Node, y: Node): Node {
  const hits = cast(equal(x, y), 'float32');
  const axes = x.shape.flatMap((size, axis) => (size === y.shape[axis] ? [] : [axis]));
  const count = sum(hits, axes, true);
  return mul(hits, div(g, count));
}

function softmaxLike(
  opType: string,
  rule: Pick<Op<OneAxis>, 'vjp' | 'tensorFlow'> & { f: (shifted: number, total: number) => number },
): Op<OneAxis> {
  return {
    ...common,
    infer: inferSame('float32'),
    evaluate: ([x], node) => {
      const targets = resultOffsets(node, [node.attributes.axis]);
      const { highest, total } = sumsOfPowers(x!, targets, sizeOf(node.shape) / node.shape[node.attributes.axis]!);
      return x!.map((value, at) => rule.f(value - highest[targets[at]!]!, total[targets[at]!]!));
    },
    vjp: rule.vjp,
    emit: (emitter, inputs, node) => emitter.node(opType, inputs, { ints: { axis: node.attributes.axis } }),
    tensorFlow: rule.tensorFlow,
    smooth: true,
    cases: [
      { inputs: [real([3, 4])], attributes: { axis: 1 } },
      { inputs: [real([2, 3, 4])], attributes: { axis: 1 } },
      { inputs: [real([2, 5], -40, 40)], attributes: { axis: 1 } },
    ],
  };
}

/** Subtracts the largest value along `axis`, so that eˣ cannot overflow. */
const shifted = (tf: TensorFlow, x: TfTensor, axis: number): TfTensor => tf.sub(x, tf.max(x, axis, true));

export const reduceOps = {
  // (Σx)' = 1
  sum: reduction('ReduceSum', 'sum', {
    start: 0,
    step: (total, value) => total + value,
    vjp: (g, x) => expand(g, x.shape),
  }),
  // (Σx/n)' = 1/n
  mean: reduction('ReduceMean', 'mean', {
    start: 0,
    step: (total, value) => total + value,
    finish: (total, count) => total / count,
    vjp: (g, x, y) => expand(mul(g, sizeOf(y.shape) / sizeOf(x.shape)), x.shape),
  }),
  max: reduction('ReduceMax', 'max', {
    start: Number.NEGATIVE_INFINITY,
    step: (total, value) => Math.max(total, value),
    vjp: toExtremes,
    smooth: false,
  }),
  min: reduction('ReduceMin', 'min', {
    start: Number.POSITIVE_INFINITY,
    step: (total, value) => Math.min(total, value),
    vjp: toExtremes,
    smooth: false,
  }),
  // (ln Σeˣ)' = softmax(x) = eˣ⁻ʸ
  logSumExp: {
    ...reduction('ReduceLogSumExp', 'logSumExp', {
      start: 0,
      step: (a) => a,
      vjp: (g, x, y) => mul(g, exp(sub(x, y))),
    }),
    evaluate: ([x], node) => {
      const targets = resultOffsets(node.inputs[0]!, node.attributes.axes);
      const { highest, total } = sumsOfPowers(x!, targets, sizeOf(node.shape));
      return total.map((sum, at) => highest[at]! + Math.log(sum));
    },
    cases: [...reductionCases, { inputs: [real([2, 5], -60, 60)], attributes: { axes: [1], keepDims: false } }],
  } satisfies Op<Reduction>,
  // (softmax)ᵀ g = y∘(g − Σ g∘y)
  softmax: softmaxLike('Softmax', {
    f: (shifted, total) => Math.exp(shifted) / total,
    vjp: (g, node) => [mul(node, sub(g, sum(mul(g, node), node.attributes.axis, true)))],
    tensorFlow: (tf, [x], { attributes: { axis } }) => {
      const powers = tf.exp(shifted(tf, x!, axis));
      return tf.div(powers, tf.sum(powers, axis, true));
    },
  }),
  // (ln softmax)ᵀ g = g − softmax·Σ g
  logSoftmax: softmaxLike('LogSoftmax', {
    f: (shifted, total) => shifted - Math.log(total),
    vjp: (g, node) => [sub(g, mul(exp(node), sum(g, node.attributes.axis, true)))],
    tensorFlow: (tf, [x], { attributes: { axis } }) => {
      const below = shifted(tf, x!, axis);
      return tf.sub(below, tf.log(tf.sum(tf.exp(below), axis, true)));
    },
  }),
};

type Axes = number | readonly number[];

function applyReduction(
  op: 'sum' | 'mean' | 'max' | 'min' | 'logSumExp',
  operand: Operand,
  axes: Axes | undefined,
  keepDims: boolean,
): Node {
  const x = asNode(operand);
  const normal = normalizeAxes(axes, x.shape.length);
  return normal.length === 0 ? x : apply(op, reduceOps[op], [x], { axes: normal, keepDims });
}

/** Reduces over `axes`, or over all axes when none are given. */
export const sum = (x: Operand, axes?: Axes, keepDims = false): Node => applyReduction('sum', x, axes, keepDims);
export const mean = (x: Operand, axes?: Axes, keepDims = false): Node => applyReduction('mean', x, axes, keepDims);
export const max = (x: Operand, axes?: Axes, keepDims = false): Node => applyReduction('max', x, axes, keepDims);
export const min = (x: Operand, axes?: Axes, keepDims = false): Node => applyReduction('min', x, axes, keepDims);

/** Computes ln Σ eˣ over `axes` without overflow. */
export const logSumExp = (x: Operand, axes?: Axes, keepDims = false): Node =>
  applyReduction('logSumExp', x, axes, keepDims);

/** Computes eˣ / Σ eˣ along `axis`. */
export function softmax(x: Node, axis = -1): Node {
  return apply('softmax', reduceOps.softmax, [x], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Computes x − ln Σ eˣ along `axis`. */
export function logSoftmax(x: Node, axis = -1): Node {
  return apply('logSoftmax', reduceOps.logSoftmax, [x], { axis: normalizeAxis(axis, x.shape.length) });
}
