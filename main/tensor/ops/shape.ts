/** Ops that move elements without changing them; their gradients move the elements back. Also `stopGradient`. */
import { type Attributes, type Node, type Shape, sameShape, sizeOf, type TensorType } from '../ir.ts';
import { broadcastShapes, broadcastStrides, normalizeAxis, offsets, stridesOf } from '../layout.ts';
import { apply, asNode, copyCost, elementCost, expectDTypes, noCost, type Op, type Operand, real } from './op.ts';

/** The traits of the whole family, but for the ops that say otherwise. */
const common = { simd: 'none', cost: copyCost, elementwise: false, commutative: false, smooth: true } as const;

export const shapeOps = {
  reshape: {
    ...common,
    infer: ([x], attributes) => {
      if (sizeOf(x!.shape) !== sizeOf(attributes.shape) || !attributes.shape.every(Number.isInteger))
        throw new TypeError(`[${x!.shape.join(',')}] and [${attributes.shape.join(',')}] differ in size`);
      return { shape: attributes.shape, dtype: x!.dtype };
    },
    evaluate: ([x]) => x!,
    vjp: (g, node) => [reshape(g, node.inputs[0]!.shape)],
    emit: (emitter, [x], node) => emitter.node('Reshape', [x!, emitter.integers(node.shape)]),
    tensorFlow: (tf, [x], { shape }) => tf.reshape(x!, [...shape]),
    cost: noCost,
    cases: [
      { inputs: [real([2, 3, 4])], attributes: { shape: [6, 4] } },
      { inputs: [real([1, 1])], attributes: { shape: [] } },
    ],
  } satisfies Op<Attributes['reshape']>,

  transpose: {
    ...common,
    infer: ([x], { perm }) => {
      if ([...perm].sort((a, b) => a - b).join() !== [...x!.shape.keys()].join())
        throw new TypeError(`[${perm.join(',')}] is no permutation of the axes of [${x!.shape.join(',')}]`);
      return { shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype };
    },
    evaluate: ([x], node) => {
      const strides = stridesOf(node.inputs[0]!.shape);
      const moved = node.attributes.perm.map((axis) => strides[axis]!);
      return pick(x!, offsets(node.shape, moved));
    },
    vjp: (g, { attributes: { perm } }) => {
      const inverse = [...perm.keys()].map((axis) => perm.indexOf(axis));
      return [transpose(g, inverse)];
    },
    emit: (emitter, [x], node) => emitter.node('Transpose', [x!], { ints: { perm: node.attributes.perm } }),
    tensorFlow: (tf, [x], { attributes: { perm } }) => tf.transpose(x!, [...perm]),
    cases: [
      { inputs: [real([2, 3, 4])], attributes: { perm: [2, 0, 1] } },
      { inputs: [real([3, 5])], attributes: { perm: [1, 0] } },
    ],
  } satisfies Op<Attributes['transpose']>,

  expand: {
    ...common,
    infer: ([x], attributes) => {
      if (!sameShape(broadcastShapes(x!.shape, attributes.shape), attributes.shape))
        throw new TypeError(`[${x!.shape.join(',')}] does not expand to [${attributes.shape.join(',')}]`);
      return { shape: attributes.shape, dtype: x!.dtype };
    },
    evaluate: ([x], node) => pick(x!, offsets(node.shape, broadcastStrides(node.inputs[0]!.shape, node.shape))),
    vjp: (g) => [g],
    emit: (emitter, [x], node) => emitter.node('Expand', [x!, emitter.integers(node.shape)]),
    tensorFlow: (tf, [x], { shape }) => tf.broadcastTo(x!, [...shape]),
    cases: [
      { inputs: [real([])], attributes: { shape: [2, 3] } },
      { inputs: [real([3, 1])], attributes: { shape: [2, 3, 4] } },
    ],
  } satisfies Op<Attributes['expand']>,

  concat: {
    ...common,
    infer: (inputs, { axis }) => {
      const first = inputs[0];
      if (!first) throw new TypeError('nothing to concatenate');
      for (const each of inputs) {
        const fits =
          each.shape.length === first.shape.length &&
          each.shape.every((size, at) => at === axis || size === first.shape[at]);
        if (!fits || each.dtype !== first.dtype) throw new TypeError(`operands differ beside axis ${axis}`);
      }
      const total = inputs.reduce((sum, each) => sum + each.shape[axis]!, 0);
      return { shape: first.shape.map((size, at) => (at === axis ? total : size)), dtype: first.dtype };
    },
    evaluate: (inputs, node) => {
      const result = new Float64Array(sizeOf(node.shape));
      const strides = stridesOf(node.shape);
      let start = 0;
      inputs.forEach((values, index) => {
        const each = node.inputs[index]!.shape;
        place(values, offsets(each, strides, start), result);
        start += each[node.attributes.axis]! * strides[node.attributes.axis]!;
      });
      return result;
    },
    vjp: (g, node) => {
      let start = 0;
      return node.inputs.map((each) => {
        const end = start + each.shape[node.attributes.axis]!;
        const part = slice(g, node.attributes.axis, start, end);
        start = end;
        return part;
      });
    },
    emit: (emitter, inputs, node) => emitter.node('Concat', inputs, { ints: { axis: node.attributes.axis } }),
    tensorFlow: (tf, inputs, { attributes: { axis } }) => tf.concat([...inputs], axis),
    cases: [
      { inputs: [real([2, 3]), real([2, 1]), real([2, 4])], attributes: { axis: 1 } },
      { inputs: [real([1, 3]), real([2, 3])], attributes: { axis: 0 } },
    ],
  } satisfies Op<Attributes['concat']>,

  slice: {
    ...common,
    infer: ([x], { axis, start, end }) => {
      const size = x!.shape[axis]!;
      if (!(start >= 0 && start < end && end <= size))
        throw new TypeError(`[${start}, ${end}) is no part of axis ${axis} of [${x!.shape.join(',')}]`);
      return resized(x!, axis, end - start);
    },
    evaluate: ([x], node) => {
      const strides = stridesOf(node.inputs[0]!.shape);
      return pick(x!, offsets(node.shape, strides, node.attributes.start * strides[node.attributes.axis]!));
    },
    vjp: (g, { attributes: { axis, start, end }, inputs: [x] }) => [pad(g, axis, start, x!.shape[axis]! - end)],
    emit: (emitter, [x], { attributes: { axis, start, end } }) =>
      emitter.node('Slice', [x!, emitter.integers([start]), emitter.integers([end]), emitter.integers([axis])]),
    tensorFlow: (tf, [x], { shape, attributes: { axis, start } }) => {
      const begin = shape.map((_, at) => (at === axis ? start : 0));
      return tf.slice(x!, begin, [...shape]);
    },
    cases: [
      { inputs: [real([2, 5])], attributes: { axis: 1, start: 1, end: 3 } },
      { inputs: [real([4, 3])], attributes: { axis: 0, start: 2, end: 4 } },
    ],
  } satisfies Op<Attributes['slice']>,

  pad: {
    ...common,
    infer: ([x], { axis, before, after }) => {
      expectDTypes([x!], 'float32');
      return resized(x!, axis, before + x!.shape[axis]! + after);
    },
    evaluate: ([x], node) => {
      const result = new Float64Array(sizeOf(node.shape));
      const strides = stridesOf(node.shape);
      const start = node.attributes.before * strides[node.attributes.axis]!;
      place(x!, offsets(node.inputs[0]!.shape, strides, start), result);
      return result;
    },
    vjp: (g, { attributes: { axis, before }, inputs: [x] }) => [slice(g, axis, before, before + x!.shape[axis]!)],
    emit: (emitter, [x], { shape: { length: rank }, attributes: { axis, before, after } }) => {
      const pads = new Array<number>(2 * rank).fill(0);
      pads[axis] = before;
      pads[rank + axis] = after;
      return emitter.node('Pad', [x!, emitter.integers(pads)]);
    },
    tensorFlow: (tf, [x], { shape, attributes: { axis, before, after } }) => {
      const pads = shape.map((_, at): [number, number] => (at === axis ? [before, after] : [0, 0]));
      return tf.pad(x!, pads);
    },
    cases: [{ inputs: [real([2, 3])], attributes: { axis: 1, before: 1, after: 2 } }],
  } satisfies Op<Attributes['pad']>,

  stopGradient: {
    ...common,
    infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    evaluate: ([x]) => x!,
    vjp: 'none',
    emit: (_, [x]) => x!,
    tensorFlow: (tf, [x]) => tf.clone(x!),
    cost: elementCost,
    smooth: false,
    cases: [{ inputs: [real([3])], attributes: {} }],
  } satisfies Op<Attributes['stopGradient']>,
};

function pick(values: Float64Array, from: Int32Array): Float64Array {
  const result = new Float64Array(from.length);
  for (let element = 0; element < result.length; element++) result[element] = values[from[element]!]!;
  return result;
}

function place(values: Float64Array, to: Int32Array, result: Float64Array): void {
  for (let element = 0; element < to.length; element++) result[to[element]!] = values[element]!;
}

function resized(x: TensorType, axis: number, size: number): TensorType {
  return { shape: x.shape.map((old, at) => (at === axis ? size : old)), dtype: x.dtype };
}

/** Keeps the elements and their order; one size may be −1 and is worked out. */
export function reshape(x: Operand, to: Shape): Node {
  const node = asNode(x);
  const known = to.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const sizes = to.map((size) => (size === -1 ? sizeOf(node.shape) / known : size));
  return apply('reshape', shapeOps.reshape, [node], { shape: sizes });
}

/** Makes axis perm[k] of `x` axis k of the result; without `perm` the axes are reversed. */
export function transpose(x: Node, perm?: readonly number[]): Node {
  const rank = x.shape.length;
  const normal = perm ? perm.map((axis) => normalizeAxis(axis, rank)) : [...x.shape.keys()].reverse();
  return apply('transpose', shapeOps.transpose, [x], { perm: normal });
}

export function expand(x: Operand, to: Shape): Node {
  return apply('expand', shapeOps.expand, [x], { shape: [...to] });
}

export function concat(xs: readonly Node[], axis: number): Node {
  if (xs.length === 1) return xs[0]!;
  return apply('concat', shapeOps.concat, xs, { axis: normalizeAxis(axis, xs[0]?.shape.length ?? 0) });
}

/** Takes the elements start … end−1 along `axis`; negative bounds count from the back. */
export function slice(x: Node, axis: number, start: number, end: number): Node {
  const normal = normalizeAxis(axis, x.shape.length);
  const bound = (at: number) => (at < 0 ? at + x.shape[normal]! : at);
  return apply('slice', shapeOps.slice, [x], { axis: normal, start: bound(start), end: bound(end) });
}

/** Puts `before` zeros in front of `x` and `after` zeros behind it along `axis`. */
export function pad(x: Node, axis: number, before: number, after: number): Node {
  return apply('pad', shapeOps.pad, [x], { axis: normalizeAxis(axis, x.shape.length), before, after });
}

/** Passes `x` on; `grad` treats the result as a constant. */
export function stopGradient(x: Operand): Node {
  return apply('stopGradient', shapeOps.stopGradient, [x], {});
}
