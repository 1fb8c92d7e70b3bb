/**
 * Ops that move elements without changing them: their gradients move them back.
 * Also `gather` with its transpose `scatterAdd`, and `stopGradient`.
 */
import type { Attributes, Node, Shape, TensorType } from '../ir.ts';
import { sameShape, sizeOf } from '../ir.ts';
import { broadcastShapes, broadcastStrides, normalizeAxis, offsets, stridesOf } from '../layout.ts';
import { apply, asNode, expectDTypes, type Op, type Operand, real, whole } from './op.ts';

export const shape = {
  reshape: {
    infer: ([x], attributes) => {
      if (sizeOf(x!.shape) !== sizeOf(attributes.shape) || !attributes.shape.every(Number.isInteger))
        throw new TypeError(`[${x!.shape.join(',')}] and [${attributes.shape.join(',')}] differ in size`);
      return { shape: attributes.shape, dtype: x!.dtype };
    },
    evaluate: ([x]) => x!,
    vjp: (g, node) => [reshape(g, node.inputs[0]!.shape)],
    emit: (emitter, [x], node) => emitter.node('Reshape', [x!, emitter.integers(node.shape)]),
    smooth: true,
    cases: [
      { inputs: [real([2, 3, 4])], attributes: { shape: [6, 4] } },
      { inputs: [real([1, 1])], attributes: { shape: [] } },
    ],
  } satisfies Op<Attributes['reshape']>,

  transpose: {
    infer: ([x], { perm }) => {
      if ([...perm].sort((a, b) => a - b).join() !== [...x!.shape.keys()].join())
        throw new TypeError(`[${perm.join(',')}] is no permutation of the axes of [${x!.shape.join(',')}]`);
      return { shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype };
    },
    evaluate: ([x], node) => {
      const strides = stridesOf(node.inputs[0]!.shape);
      return pick(
        x!,
        offsets(
          node.shape,
          node.attributes.perm.map((axis) => strides[axis]!),
        ),
      );
    },
    vjp: (g, { attributes: { perm } }) => [
      transpose(
        g,
        [...perm.keys()].map((axis) => perm.indexOf(axis)),
      ),
    ],
    emit: (emitter, [x], node) => emitter.node('Transpose', [x!], { ints: { perm: node.attributes.perm } }),
    smooth: true,
    cases: [
      { inputs: [real([2, 3, 4])], attributes: { perm: [2, 0, 1] } },
      { inputs: [real([3, 5])], attributes: { perm: [1, 0] } },
    ],
  } satisfies Op<Attributes['transpose']>,

  expand: {
    infer: ([x], attributes) => {
      if (!sameShape(broadcastShapes(x!.shape, attributes.shape), attributes.shape))
        throw new TypeError(`[${x!.shape.join(',')}] does not expand to [${attributes.shape.join(',')}]`);
      return { shape: attributes.shape, dtype: x!.dtype };
    },
    evaluate: ([x], node) => pick(x!, offsets(node.shape, broadcastStrides(node.inputs[0]!.shape, node.shape))),
    vjp: (g) => [g],
    emit: (emitter, [x], node) => emitter.node('Expand', [x!, emitter.integers(node.shape)]),
    smooth: true,
    cases: [
      { inputs: [real([])], attributes: { shape: [2, 3] } },
      { inputs: [real([3, 1])], attributes: { shape: [2, 3, 4] } },
    ],
  } satisfies Op<Attributes['expand']>,

  concat: {
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
        offsets(each, strides, start).forEach((to, from) => {
          result[to] = values[from]!;
        });
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
    smooth: true,
    cases: [
      { inputs: [real([2, 3]), real([2, 1]), real([2, 4])], attributes: { axis: 1 } },
      { inputs: [real([1, 3]), real([2, 3])], attributes: { axis: 0 } },
    ],
  } satisfies Op<Attributes['concat']>,

  slice: {
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
    smooth: true,
    cases: [
      { inputs: [real([2, 5])], attributes: { axis: 1, start: 1, end: 3 } },
      { inputs: [real([4, 3])], attributes: { axis: 0, start: 2, end: 4 } },
    ],
  } satisfies Op<Attributes['slice']>,

  pad: {
    infer: ([x], { axis, before, after }) => {
      expectDTypes([x!], 'float32');
      return resized(x!, axis, before + x!.shape[axis]! + after);
    },
    evaluate: ([x], node) => {
      const result = new Float64Array(sizeOf(node.shape));
      const strides = stridesOf(node.shape);
      const start = node.attributes.before * strides[node.attributes.axis]!;
      offsets(node.inputs[0]!.shape, strides, start).forEach((to, from) => {
        result[to] = x![from]!;
      });
      return result;
    },
    vjp: (g, { attributes: { axis, before }, inputs: [x] }) => [slice(g, axis, before, before + x!.shape[axis]!)],
    emit: (emitter, [x], { shape: { length: rank }, attributes: { axis, before, after } }) => {
      const pads = new Array<number>(2 * rank).fill(0);
      pads[axis] = before;
      pads[rank + axis] = after;
      return emitter.node('Pad', [x!, emitter.integers(pads)]);
    },
    smooth: true,
    cases: [{ inputs: [real([2, 3])], attributes: { axis: 1, before: 1, after: 2 } }],
  } satisfies Op<Attributes['pad']>,

  gather: {
    infer: ([x, indices], { axis }) => {
      if (indices!.dtype !== 'int64') throw new TypeError(`indices must be int64, got ${indices!.dtype}`);
      return { shape: x!.shape.toSpliced(axis, 1, ...indices!.shape), dtype: x!.dtype };
    },
    evaluate: ([x, indices], node) => {
      const { outer, size, inner, count } = gatherLayout(
        node.inputs[0]!.shape,
        node.inputs[1]!.shape,
        node.attributes.axis,
      );
      const result = new Float64Array(outer * count * inner);
      eachRow(outer, count, (block, row) => {
        const from = (block * size + resolveIndex(indices![row]!, size)) * inner;
        result.set(x!.subarray(from, from + inner), (block * count + row) * inner);
      });
      return result;
    },
    vjp: (g, { attributes: { axis }, inputs: [x, indices] }) => [
      scatterAdd(g, indices!, axis, x!.shape[axis]!),
      undefined,
    ],
    emit: (emitter, inputs, node) => emitter.node('Gather', inputs, { ints: { axis: node.attributes.axis } }),
    smooth: true,
    cases: [
      { inputs: [real([5, 3]), whole([4], 0, 5)], attributes: { axis: 0 } },
      { inputs: [real([2, 4, 3]), whole([2, 2], -4, 4)], attributes: { axis: 1 } },
      { inputs: [real([5]), whole([], 0, 5)], attributes: { axis: 0 } },
    ],
  } satisfies Op<Attributes['gather']>,

  /** (updates [outer…, indices…, inner…], indices) → [outer…, size, inner…]: the transpose of gather. */
  scatterAdd: {
    infer: ([updates, indices], { axis, size }) => {
      expectDTypes([updates!, indices!], 'float32', 'int64');
      const rank = indices!.shape.length;
      if (!sameShape(updates!.shape.slice(axis, axis + rank), indices!.shape))
        throw new TypeError(
          `[${updates!.shape.join(',')}] does not hold the indices' [${indices!.shape.join(',')}] at axis ${axis}`,
        );
      return { shape: updates!.shape.toSpliced(axis, rank, size), dtype: 'float32' };
    },
    evaluate: ([updates, indices], node) => {
      const { outer, size, inner, count } = gatherLayout(node.shape, node.inputs[1]!.shape, node.attributes.axis);
      const result = new Float64Array(outer * size * inner);
      eachRow(outer, count, (block, row) => {
        const to = (block * size + resolveIndex(indices![row]!, size)) * inner;
        const from = (block * count + row) * inner;
        for (let at = 0; at < inner; at++) result[to + at] = result[to + at]! + updates![from + at]!;
      });
      return result;
    },
    vjp: (g, { attributes: { axis }, inputs: [, indices] }) => [gather(g, indices!, axis), undefined],
    emit: (emitter, [updates, indices], node) => {
      const { outer, size, inner, count } = gatherLayout(node.shape, node.inputs[1]!.shape, node.attributes.axis);
      const zero = emitter.constant([0], { shape: [], dtype: 'float32' });
      const zeros = emitter.node('Expand', [zero, emitter.integers([outer, size, inner])]);
      const flat = emitter.node('Reshape', [updates!, emitter.integers([outer, count, inner])]);
      const column = emitter.node('Reshape', [indices!, emitter.integers([1, count, 1])]);
      const places = emitter.node('Expand', [column, emitter.integers([outer, count, inner])]);
      const sum = emitter.node('ScatterElements', [zeros, places, flat], {
        ints: { axis: 1 },
        strings: { reduction: 'add' },
      });
      return emitter.node('Reshape', [sum, emitter.integers(node.shape)]);
    },
    smooth: true,
    cases: [
      { inputs: [real([4, 3]), whole([4], 0, 3)], attributes: { axis: 0, size: 3 } },
      { inputs: [real([2, 2, 2, 3]), whole([2, 2], -4, 4)], attributes: { axis: 1, size: 4 } },
    ],
  } satisfies Op<Attributes['scatterAdd']>,

  stopGradient: {
    infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    evaluate: ([x]) => x!,
    vjp: 'none',
    emit: (_, [x]) => x!,
    smooth: false,
    cases: [{ inputs: [real([3])], attributes: {} }],
  } satisfies Op<Attributes['stopGradient']>,
};

function pick(values: Float64Array, from: Int32Array): Float64Array {
  const result = new Float64Array(from.length);
  for (let element = 0; element < result.length; element++) result[element] = values[from[element]!]!;
  return result;
}

function resized(x: TensorType, axis: number, size: number): TensorType {
  return { shape: x.shape.map((old, at) => (at === axis ? size : old)), dtype: x.dtype };
}

/** Sizes of a gather: data [outer, size, inner], indices [count]. */
function gatherLayout(data: Shape, indices: Shape, axis: number) {
  const [outer, inner] = [sizeOf(data.slice(0, axis)), sizeOf(data.slice(axis + 1))];
  return { outer, size: data[axis]!, inner, count: sizeOf(indices) };
}

function eachRow(outer: number, count: number, visit: (block: number, row: number) => void): void {
  for (let block = 0; block < outer; block++) for (let row = 0; row < count; row++) visit(block, row);
}

function resolveIndex(index: number, size: number): number {
  const resolved = index < 0 ? index + size : index;
  if (!(resolved >= 0 && resolved < size)) throw new RangeError(`index ${index} is outside an axis of size ${size}`);
  return resolved;
}

/** Same elements in the same order; one size may be −1 and is worked out. */
export function reshape(x: Operand, to: Shape): Node {
  const node = asNode(x);
  const known = to.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const sizes = to.map((size) => (size === -1 ? sizeOf(node.shape) / known : size));
  return apply('reshape', shape.reshape, [node], { shape: sizes });
}

/** Axis k of the result is axis perm[k] of `x`; without `perm` the axes are reversed. */
export function transpose(x: Node, perm?: readonly number[]): Node {
  const rank = x.shape.length;
  const normal = perm ? perm.map((axis) => normalizeAxis(axis, rank)) : [...x.shape.keys()].reverse();
  return apply('transpose', shape.transpose, [x], { perm: normal });
}

export function expand(x: Operand, to: Shape): Node {
  return apply('expand', shape.expand, [x], { shape: [...to] });
}

export function concat(xs: readonly Node[], axis: number): Node {
  if (xs.length === 1) return xs[0]!;
  return apply('concat', shape.concat, xs, { axis: normalizeAxis(axis, xs[0]?.shape.length ?? 0) });
}

/** Elements start … end−1 along `axis`; negative bounds count from the back. */
export function slice(x: Node, axis: number, start: number, end: number): Node {
  const normal = normalizeAxis(axis, x.shape.length);
  const bound = (at: number) => (at < 0 ? at + x.shape[normal]! : at);
  return apply('slice', shape.slice, [x], { axis: normal, start: bound(start), end: bound(end) });
}

/** `before` zeros, `x`, `after` zeros along `axis`. */
export function pad(x: Node, axis: number, before: number, after: number): Node {
  return apply('pad', shape.pad, [x], { axis: normalizeAxis(axis, x.shape.length), before, after });
}

/** x [outer…, size, inner…], indices [k…] → [outer…, k…, inner…]. Negative indices count from the back. */
export function gather(x: Node, indices: Node, axis: number): Node {
  return apply('gather', shape.gather, [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Zeros of `size` along `axis`, with `updates` added at `indices`. */
export function scatterAdd(updates: Node, indices: Node, axis: number, size: number): Node {
  return apply('scatterAdd', shape.scatterAdd, [updates, indices], { axis, size });
}

/** `x`, treated as a constant by `grad`. */
export function stopGradient(x: Operand): Node {
  return apply('stopGradient', shape.stopGradient, [x], {});
}
