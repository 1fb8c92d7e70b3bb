/**
 * Comparisons, logic, selection and casts, all elementwise with broadcasting.
 * Booleans are 0 and 1 inside the interpreter; no gradient passes through one.
 */
import type { Attributes, DType, Node, TensorType } from '../ir.ts';
import { broadcastShapes } from '../layout.ts';
import { ELEMENT_TYPE } from '../onnx/proto.ts';
import { TF_DTYPE } from '../tensorflow.ts';
import {
  apply,
  BROADCAST_PAIRS,
  type Case,
  type Emitter,
  elementCost,
  evaluateElementwise,
  expectDTypes,
  flags,
  inferSame,
  type Op,
  type Operand,
  onnx,
  real,
  whole,
} from './op.ts';
import { elementwiseOnnx } from './stretch.ts';

type None = Attributes['greater'];

const pairs: readonly Case<None>[] = BROADCAST_PAIRS.map(([a, b]) => ({ inputs: [real(a), real(b)], attributes: {} }));
/** Operands of whole numbers, so that ties occur. */
const ties: Case<None> = { inputs: [whole([2, 6], 0, 3), whole([6], 0, 3)], attributes: {} };

/** The traits of the whole family, but for the ops that say otherwise. */
const common = { simd: 'none', cost: elementCost, elementwise: true, commutative: false, smooth: false } as const;

type TfComparison = 'greater' | 'less' | 'greaterEqual' | 'lessEqual' | 'equal';
type TfLogic = 'logicalAnd' | 'logicalOr';

/** An op of two operands of type `dtype`, or of any one type, whose result is a boolean. */
const predicate = (
  opType: string,
  tfName: TfComparison | TfLogic,
  holds: (a: number, b: number) => boolean,
  dtype?: DType,
): Op<None> => ({
  ...common,
  infer: ([a, b]) => {
    const wanted = dtype ?? a!.dtype;
    expectDTypes([a!, b!], wanted, wanted);
    if (!dtype && a!.dtype === 'bool' && opType !== 'Equal') throw new TypeError('booleans have no order');
    return { shape: broadcastShapes(a!.shape, b!.shape), dtype: 'bool' };
  },
  evaluate: evaluateElementwise((a, b) => Number(holds(a!, b!))),
  vjp: 'none',
  emit: onnx(opType),
  tensorFlow: (tf, [a, b]) => tf[tfName](a!, b!),
  cases: [...pairs, ties],
});

const logic = (opType: string, tfName: TfLogic, holds: (a: number, b: number) => boolean): Op<None> => ({
  ...predicate(opType, tfName, holds, 'bool'),
  commutative: true,
  cases: flagPairs,
});

/** Pairs of booleans. */
const flagPairs: readonly Case<None>[] = BROADCAST_PAIRS.map(([a, b]) => ({
  inputs: [flags(a), flags(b)],
  attributes: {},
}));

export const compareOps = {
  greater: predicate('Greater', 'greater', (a, b) => a > b),
  less: predicate('Less', 'less', (a, b) => a < b),
  greaterEqual: predicate('GreaterOrEqual', 'greaterEqual', (a, b) => a >= b),
  lessEqual: predicate('LessOrEqual', 'lessEqual', (a, b) => a <= b),
  equal: {
    ...predicate('Equal', 'equal', (a, b) => a === b),
    commutative: true,
    cases: [...pairs, ties, ...flagPairs],
  },
  logicalAnd: logic('And', 'logicalAnd', (a, b) => a === 1 && b === 1),
  logicalOr: logic('Or', 'logicalOr', (a, b) => a === 1 || b === 1),
  logicalNot: {
    ...common,
    infer: inferSame('bool'),
    evaluate: evaluateElementwise((x) => 1 - x!),
    vjp: 'none',
    emit: onnx('Not'),
    tensorFlow: (tf, [x]) => tf.logicalNot(x!),
    cases: [{ inputs: [flags([2, 3])], attributes: {} }],
  } satisfies Op<None>,

  where: {
    ...common,
    infer: ([condition, a, b]) => {
      expectDTypes([condition!, a!, b!], 'bool', a!.dtype, a!.dtype);
      return { shape: broadcastShapes(condition!.shape, a!.shape, b!.shape), dtype: a!.dtype };
    },
    evaluate: evaluateElementwise((condition, a, b) => (condition ? a! : b!)),
    vjp: (g, { inputs: [condition] }) => [undefined, where(condition!, g, 0), where(condition!, 0, g)],
    emit: elementwiseOnnx('Where'),
    tensorFlow: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
    smooth: true,
    cases: [
      { inputs: [flags([3, 4]), real([3, 4]), real([3, 4])], attributes: {} },
      { inputs: [flags([3, 1]), real([]), real([4])], attributes: {} },
      { inputs: [flags([2, 1, 4]), real([2, 3, 4]), real([3, 1])], attributes: {} },
    ],
  } satisfies Op<None>,

  cast: {
    ...common,
    infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
    evaluate: ([x], node) => castValues(x!, node.inputs[0]!, node.attributes.dtype),
    vjp: (g, node) => [node.dtype === 'float32' && node.inputs[0]!.dtype === 'float32' ? g : undefined],
    emit: (emitter: Emitter, inputs: readonly string[], node: Node<Attributes['cast']>) =>
      emitter.node('Cast', inputs, { ints: { to: ELEMENT_TYPE[node.attributes.dtype] } }),
    tensorFlow: (tf, [x], { attributes: { dtype } }) =>
      dtype === 'bool' ? tf.notEqual(x!, tf.scalar(0, x!.dtype)) : tf.cast(x!, TF_DTYPE[dtype]),
    cases: [
      { inputs: [flags([4])], attributes: { dtype: 'float32' } },
      { inputs: [real([2, 4])], attributes: { dtype: 'int64' } },
      { inputs: [whole([5], -1, 2)], attributes: { dtype: 'bool' } },
      { inputs: [whole([5], -3, 3)], attributes: { dtype: 'float32' } },
    ],
  } satisfies Op<Attributes['cast']>,
};

/** To bool, 0 is false; to int64, values are rounded towards zero. */
function castValues(values: Float64Array, from: TensorType, to: DType): Float64Array {
  if (to === 'bool') return values.map((value) => Number(value !== 0));
  return to === 'int64' && from.dtype === 'float32' ? values.map(Math.trunc) : values;
}

export const greater = (a: Operand, b: Operand): Node => apply('greater', compareOps.greater, [a, b], {});
export const less = (a: Operand, b: Operand): Node => apply('less', compareOps.less, [a, b], {});
export const greaterEqual = (a: Operand, b: Operand): Node =>
  apply('greaterEqual', compareOps.greaterEqual, [a, b], {});
export const lessEqual = (a: Operand, b: Operand): Node => apply('lessEqual', compareOps.lessEqual, [a, b], {});
export const equal = (a: Operand, b: Operand): Node => apply('equal', compareOps.equal, [a, b], {});
export const logicalAnd = (a: Node, b: Node): Node => apply('logicalAnd', compareOps.logicalAnd, [a, b], {});
export const logicalOr = (a: Node, b: Node): Node => apply('logicalOr', compareOps.logicalOr, [a, b], {});
export const logicalNot = (x: Node): Node => apply('logicalNot', compareOps.logicalNot, [x], {});

/** Selects `a` where `condition` holds, else `b`; all three broadcast. */
export function where(condition: Node, a: Operand, b: Operand): Node {
  return apply('where', compareOps.where, [condition, a, b], {});
}

export const cast = (x: Node, dtype: DType): Node => apply('cast', compareOps.cast, [x], { dtype });
