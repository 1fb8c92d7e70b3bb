/** Reading and adding up rows by index: `gather` and its transpose `scatterAdd`. */
import { type Attributes, type Node, type Shape, sameShape, sizeOf } from '../ir.ts';
import { normalizeAxis } from '../layout.ts';
import type { TensorFlow, TfTensor, TfTensor1D } from '../tensorflow.ts';
import { apply, copyCost, elementCost, expectDTypes, type Op, real, whole } from './op.ts';

const common = { simd: 'none', elementwise: false, commutative: false, smooth: true } as const;

export const indexingOps = {
  gather: {
    ...common,
    infer: ([x, indices], { axis }) => {
      if (indices!.dtype !== 'int64') throw new TypeError(`indices must be int64, got ${indices!.dtype}`);
      return { shape: x!.shape.toSpliced(axis, 1, ...indices!.shape), dtype: x!.dtype };
    },
    evaluate: ([x, indices], node) => {
      const [data, { shape: rows }] = [node.inputs[0]!.shape, node.inputs[1]!];
      const { outer, size, inner, count } = gatherLayout(data, rows, node.attributes.axis);
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
    tensorFlow: (tf, [x, indices], { shape, attributes: { axis } }) => {
      const flat = tf.reshape(fromFront(tf, indices!, x!.shape[axis]!), [-1]);
      return tf.reshape(tf.gather(x!, flat, axis), [...shape]);
    },
    cost: copyCost,
    cases: [
      { inputs: [real([5, 3]), whole([4], 0, 5)], attributes: { axis: 0 } },
      { inputs: [real([2, 4, 3]), whole([2, 2], -4, 4)], attributes: { axis: 1 } },
      { inputs: [real([5]), whole([], 0, 5)], attributes: { axis: 0 } },
    ],
  } satisfies Op<Attributes['gather']>,

  /** The transpose of gather: (updates [outer…, indices…, inner…], indices) → [outer…, size, inner…]. */
  scatterAdd: {
    ...common,
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
      const targets = emitter.node('Expand', [column, emitter.integers([outer, count, inner])]);
      const sum = emitter.node('ScatterElements', [zeros, targets, flat], {
        ints: { axis: 1 },
        strings: { reduction: 'add' },
      });
      return emitter.node('Reshape', [sum, emitter.integers(node.shape)]);
    },
    tensorFlow: (tf, [updates, indices], node) => {
      const { outer, size, inner, count } = gatherLayout(node.shape, node.inputs[1]!.shape, node.attributes.axis);
      const rows = tf.transpose(tf.reshape(updates!, [outer, count, inner]), [1, 0, 2]);
      const targets = tf.cast(tf.reshape(fromFront(tf, indices!, size), [-1]), 'int32');
      return tf.reshape(tf.transpose(tf.unsortedSegmentSum(rows, targets as TfTensor1D, size), [1, 0, 2]), [
        ...node.shape,
      ]);
    },
    cost: elementCost,
    cases: [
      { inputs: [real([4, 3]), whole([4], 0, 3)], attributes: { axis: 0, size: 3 } },
      { inputs: [real([2, 2, 2, 3]), whole([2, 2], -4, 4)], attributes: { axis: 1, size: 4 } },
    ],
  } satisfies Op<Attributes['scatterAdd']>,
};

/** Returns the sizes of a gather: data [outer, size, inner], indices [count]. */
function gatherLayout(data: Shape, indices: Shape, axis: number) {
  const [outer, inner] = [sizeOf(data.slice(0, axis)), sizeOf(data.slice(axis + 1))];
  return { outer, size: data[axis]!, inner, count: sizeOf(indices) };
}

function eachRow(outer: number, count: number, visit: (block: number, row: number) => void): void {
  for (let block = 0; block < outer; block++) for (let row = 0; row < count; row++) visit(block, row);
}

/** Turns indices from the back into indices from the front. */
const fromFront = (tf: TensorFlow, indices: TfTensor, size: number): TfTensor =>
  tf.where(tf.less(indices, tf.scalar(0, 'int32')), tf.add(indices, tf.scalar(size, 'int32')), indices);

function resolveIndex(index: number, size: number): number {
  const resolved = index < 0 ? index + size : index;
  if (!(resolved >= 0 && resolved < size)) throw new RangeError(`index ${index} is outside an axis of size ${size}`);
  return resolved;
}

/** Reads rows: x [outer…, size, inner…], indices [k…] → [outer…, k…, inner…]. Negative indices count from the back. */
export function gather(x: Node, indices: Node, axis: number): Node {
  return apply('gather', indexingOps.gather, [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
}

/** Adds `updates` at `indices` to a tensor of zeros that has `size` along `axis`. */
export function scatterAdd(updates: Node, indices: Node, axis: number, size: number): Node {
  return apply('scatterAdd', indexingOps.scatterAdd, [updates, indices], { axis, size });
}
