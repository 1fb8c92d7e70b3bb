/**
 * The functions with which nets, losses and optimisers are written. Operands broadcast as in numpy, and a number may stand for
 * a tensor. The ops are exported from their families; the functions defined here are composed of them.
 */
import type { Node, Shape } from './ir.ts';
import { normalizeAxis } from './layout.ts';
import { greater, less, where } from './ops/compare.ts';
import { clipFixed, mul } from './ops/elementwise.ts';
import { asNode, type Operand } from './ops/op.ts';
import { concat, expand, reshape, slice } from './ops/shape.ts';
import { constant } from './ops/source.ts';

export type { DType, Node, Shape } from './ir.ts';
export * from './ops/compare.ts';
export * from './ops/convolution.ts';
export * from './ops/elementwise.ts';
export * from './ops/indexing.ts';
export * from './ops/linear.ts';
export * from './ops/normalize.ts';
export type { Operand } from './ops/op.ts';
export * from './ops/reduce.ts';
export * from './ops/shape.ts';
export * from './ops/source.ts';

/** Makes a tensor of one value. It takes no memory until an op needs all of it. */
export const full = (shape: Shape, value: number): Node =>
  shape.length === 0 ? constant(value) : expand(constant(value), shape);
export const zeros = (shape: Shape): Node => full(shape, 0);
export const ones = (shape: Shape): Node => full(shape, 1);

export function square(x: Operand): Node {
  const node = asNode(x);
  return mul(node, node);
}

/** Computes min(max(x, low), high). The gradient passes where low ≤ x ≤ high, edges included; a tensor bound gets the rest. */
export function clip(x: Operand, low: Operand, high: Operand): Node {
  if (typeof low === 'number' && typeof high === 'number') return clipFixed(x, low, high);
  return where(less(x, low), low, where(greater(x, high), high, x));
}

/** Cuts `x` along `axis` into parts of `sizes`, in order. */
export function split(x: Node, axis: number, sizes: readonly number[]): Node[] {
  const size = x.shape[normalizeAxis(axis, x.shape.length)]!;
  const total = sizes.reduce((sum, each) => sum + each, 0);
  if (total !== size) throw new TypeError(`split: sizes ${sizes.join(' + ')} make ${total}, the axis has ${size}`);
  let start = 0;
  return sizes.map((each) => {
    start += each;
    return slice(x, axis, start - each, start);
  });
}

/** Inserts axes of size 1, which stand at `axes` of the result. */
export function unsqueeze(x: Node, axes: number | readonly number[]): Node {
  const named = [axes].flat();
  const rank = x.shape.length + named.length;
  const inserted = named.map((axis) => normalizeAxis(axis, rank));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis) => (inserted.includes(axis) ? 1 : rest.shift()!));
  return reshape(x, shape);
}

/** Puts tensors of equal shape side by side along a new axis. */
export function stack(xs: readonly Node[], axis: number): Node {
  const parts = xs.map((x) => unsqueeze(x, normalizeAxis(axis, x.shape.length + 1)));
  return concat(parts, normalizeAxis(axis, (xs[0]?.shape.length ?? 0) + 1));
}
