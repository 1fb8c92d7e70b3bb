/**
 * Comparisons, logic, selection and casts; and how the interpreter applies a function to broadcast elements.
 * Booleans are 0 and 1 inside the interpreter; no gradient passes through one.
 */
import { type Attributes, type DType, type Node, sizeOf, type TensorType } from '../ir.ts';
import { broadcastShapes, broadcastStrides, offsets } from '../layout.ts';
import { ELEMENT_TYPE } from '../onnx/proto.ts';
import { apply, type Case, type Emitter, expectDTypes, flags, type Op, type Operand, onnx, real, whole } from './op.ts';
import { elementwiseOnnx } from './stretch.ts';

type None = Attributes['greater'];

/** Elementwise function of broadcast operands, as an `evaluate`. */
export function elementwise(f: (...values: number[]) => number) {
  return (inputs: readonly Float64Array[], node: Pick<Node, 'shape' | 'inputs'>): Float64Array => {
    const result = new Float64Array(sizeOf(node.shape));
    const places = node.inputs.map((input, index) =>
      inputs[index]!.length === result.length
        ? undefined
        : offsets(node.shape, broadcastStrides(input.shape, node.shape)),
    );
    const read = (index: number, element: number) => inputs[index]![places[index]?.[element] ?? element]!;
    if (inputs.length === 1) for (let at = 0; at < result.length; at++) result[at] = f(read(0, at));
    else if (inputs.length === 2) for (let at = 0; at < result.length; at++) result[at] = f(read(0, at), read(1, at));
    else for (let at = 0; at < result.length; at++) result[at] = f(read(0, at), read(1, at), read(2, at));
    return result;
  };
}

/** Pairs of shapes that broadcast, as in JAX's own tests. */
export const BROADCAST_PAIRS = [
  [[3], [3]],
  [[], [3, 4]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [[3, 4], [4]],
] as const;

const pairs: readonly Case<None>[] = BROADCAST_PAIRS.map(([a, b]) => ({ inputs: [real(a), real(b)], attributes: {} }));
/** Whole numbers, so that ties occur. */
const ties: Case<None> = { inputs: [whole([2, 6], 0, 3), whole([6], 0, 3)], attributes: {} };

const comparison = (opType: string, holds: (a: number, b: number) => boolean): Op<None> => ({
  infer: ([a, b]) => {
    expectDTypes([a!, b!], a!.dtype, a!.dtype);
    if (a!.dtype === 'bool' && opType !== 'Equal') throw new TypeError('booleans have no order');
    return { shape: broadcastShapes(a!.shape, b!.shape), dtype: 'bool' };
  },
  evaluate: elementwise((a, b) => Number(holds(a!, b!))),
  vjp: 'none',
  emit: onnx(opType),
  smooth: false,
  cases: [...pairs, ties],
});

/** Pairs of booleans. */
const flagPairs: readonly Case<None>[] = BROADCAST_PAIRS.map(([a, b]) => ({
  inputs: [flags(a), flags(b)],
  attributes: {},
}));

const logic = (opType: string, f: (a: number, b: number) => number): Op<None> => ({
  infer: ([a, b]) => {
    expectDTypes([a!, b!], 'bool', 'bool');
    return { shape: broadcastShapes(a!.shape, b!.shape), dtype: 'bool' };
  },
  evaluate: elementwise((a, b) => f(a!, b!)),
  vjp: 'none',
  emit: onnx(opType),
  smooth: false,
  cases: flagPairs,
});

export const compare = {
  greater: comparison('Greater', (a, b) => a > b),
  less: comparison('Less', (a, b) => a < b),
  greaterEqual: comparison('GreaterOrEqual', (a, b) => a >= b),
  lessEqual: comparison('LessOrEqual', (a, b) => a <= b),
  equal: { ...comparison('Equal', (a, b) => a === b), cases: [...pairs, ties, ...flagPairs] },
  logicalAnd: logic('And', (a, b) => a * b),
  logicalOr: logic('Or', (a, b) => Math.max(a, b)),
  logicalNot: {
    infer: ([x]) => {
      expectDTypes([x!], 'bool');
      return x!;
    },
    evaluate: elementwise((x) => 1 - x!),
    vjp: 'none',
    emit: onnx('Not'),
    smooth: false,
    cases: [{ inputs: [flags([2, 3])], attributes: {} }],
  } satisfies Op<None>,

  where: {
    infer: ([condition, a, b]) => {
      expectDTypes([condition!, a!, b!], 'bool', a!.dtype, a!.dtype);
      return { shape: broadcastShapes(condition!.shape, a!.shape, b!.shape), dtype: a!.dtype };
    },
    evaluate: elementwise((condition, a, b) => (condition ? a! : b!)),
    vjp: (g, { inputs: [condition] }) => [undefined, where(condition!, g, 0), where(condition!, 0, g)],
    emit: elementwiseOnnx('Where'),
    smooth: true,
    cases: [
      { inputs: [flags([3, 4]), real([3, 4]), real([3, 4])], attributes: {} },
      { inputs: [flags([3, 1]), real([]), real([4])], attributes: {} },
      { inputs: [flags([2, 1, 4]), real([2, 3, 4]), real([3, 1])], attributes: {} },
    ],
  } satisfies Op<None>,

  cast: {
    infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
    evaluate: ([x], node) => castValues(x!, node.inputs[0]!, node.attributes.dtype),
    vjp: (g, node) => [node.dtype === 'float32' && node.inputs[0]!.dtype === 'float32' ? g : undefined],
    emit: (emitter: Emitter, inputs: readonly string[], node: Node<Attributes['cast']>) =>
      emitter.node('Cast', inputs, { ints: { to: ELEMENT_TYPE[node.attributes.dtype] } }),
    smooth: false,
    cases: [
      { inputs: [flags([4])], attributes: { dtype: 'float32' } },
      { inputs: [real([2, 4])], attributes: { dtype: 'int64' } },
      { inputs: [whole([5], -1, 2)], attributes: { dtype: 'bool' } },
      { inputs: [whole([5], -3, 3)], attributes: { dtype: 'float32' } },
    ],
  } satisfies Op<Attributes['cast']>,
};

/** To bool: 0 is false. To int64: towards zero. */
function castValues(values: Float64Array, from: TensorType, to: DType): Float64Array {
  if (to === 'bool') return values.map((value) => Number(value !== 0));
  return to === 'int64' && from.dtype === 'float32' ? values.map(Math.trunc) : values;
}

export const greater = (a: Operand, b: Operand): Node => apply('greater', compare.greater, [a, b], {});
export const less = (a: Operand, b: Operand): Node => apply('less', compare.less, [a, b], {});
export const greaterEqual = (a: Operand, b: Operand): Node => apply('greaterEqual', compare.greaterEqual, [a, b], {});
export const lessEqual = (a: Operand, b: Operand): Node => apply('lessEqual', compare.lessEqual, [a, b], {});
export const equal = (a: Operand, b: Operand): Node => apply('equal', compare.equal, [a, b], {});
export const logicalAnd = (a: Node, b: Node): Node => apply('logicalAnd', compare.logicalAnd, [a, b], {});
export const logicalOr = (a: Node, b: Node): Node => apply('logicalOr', compare.logicalOr, [a, b], {});
export const logicalNot = (x: Node): Node => apply('logicalNot', compare.logicalNot, [x], {});

/** `a` where `condition` holds, else `b`; all three broadcast. */
export function where(condition: Node, a: Operand, b: Operand): Node {
  return apply('where', compare.where, [condition, a, b], {});
}

export const cast = (x: Node, dtype: DType): Node => apply('cast', compare.cast, [x], { dtype });
