/** Operations on flat arrays of rows outside the graph: gathering rows, shuffling them, concatenating two arrays. */
import type { Rng } from '../../api/rng.ts';

/** `values` [N, width], `rows` [n] → [n, width]. */
export function pickRows(
  values: Float32Array | Float64Array,
  rows: Int32Array | Uint32Array,
  width: number,
): Float32Array {
  const picked = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) picked.set(values.subarray(row * width, (row + 1) * width), index * width);
  return picked;
}

/** Returns 0 … count − 1 in random order; all orders are equally likely (Fisher–Yates). */
export function shuffledRows(count: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

export function concatenated(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
