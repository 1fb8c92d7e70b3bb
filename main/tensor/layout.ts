/**
 * Index arithmetic on row-major tensors, for the shape rules and the interpreter: broadcasting as numpy and ONNX define it
 * (align on the right, 1 stretches), strides, axis normalisation.
 */
import { type Shape, sizeOf } from './ir.ts';

/** Returns the common shape; throws a TypeError when there is none. */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let common = 1;
    for (const shape of shapes) {
      const size = shape[axis - rank + shape.length] ?? 1;
      if (size !== 1 && common !== 1 && size !== common)
        throw new TypeError(`shapes ${shapes.map((each) => `[${each.join(',')}]`).join(' and ')} do not broadcast`);
      if (size !== 1) common = size;
    }
    return common;
  });
}

/** Returns the number of elements between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Returns strides that read a tensor of `shape` as if it were broadcast to `to`: 0 along stretched axes. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const strides = stridesOf(shape);
  return to.map((_, axis) => {
    const own = axis - to.length + shape.length;
    return own < 0 || shape[own] === 1 ? 0 : strides[own]!;
  });
}

/** Returns `start + Σ index·stride` for each element of `shape` in order: its index in another array. */
export function offsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const result = new Int32Array(sizeOf(shape));
  if (result.length === 0) return result;
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let element = 0; element < result.length; element++) {
    result[element] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** Returns `axis` counted from the front; a negative axis counts from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new TypeError(`axis ${axis} is not one of a tensor with ${rank} axes`);
  return normal;
}

/** Returns distinct, ascending, non-negative axes; all of them when none are named. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number): number[] {
  const named = axes === undefined ? Array.from({ length: rank }, (_, axis) => axis) : [axes].flat();
  const normal = [...new Set(named.map((axis) => normalizeAxis(axis, rank)))].sort((a, b) => a - b);
  if (normal.length !== named.length) throw new TypeError(`axes ${named.join(',')} name one axis twice`);
  return normal;
}

/** Returns `shape` with the given axes reduced to 1, or dropped. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));
}
