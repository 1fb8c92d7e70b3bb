/**
 * Random choice inside a graph whose only random input is standard normal noise. Two normals make one uniform number:
 * (z₁² + z₂²)/2 is exponentially distributed, so u = exp(−(z₁² + z₂²)/2) is uniform on (0, 1).
 * A choice from probabilities p inverts their running sum: it is the number of v with p₀ + … + p_v ≤ u. Letters: V values.
 */
import type { Node } from '../../tensor/ir.ts';
import {
  cast,
  constant,
  equal,
  exp,
  lessEqual,
  matmul,
  max,
  min,
  minimum,
  mul,
  square,
  sum,
  where,
} from '../../tensor/tensor.ts';

/** Number of normals that one choice takes. */
export const NOISE_PER_CHOICE = 2;

/** `noise` […, 2] → uniform […]. */
export function uniformFromNormals(noise: Node): Node {
  return exp(mul(sum(square(noise), -1), -0.5));
}

/** `probabilities` […, V], `uniform` […, 1] → chosen […, 1], a whole number as float32. */
export function choose(probabilities: Node, uniform: Node): Node {
  const count = probabilities.shape.at(-1)!;
  const values = Array.from({ length: count }, (_, index) => index);
  const upTo = cast(lessEqual(constant(values, [count, 1]), constant(values, [1, count])), 'float32');
  const passed = cast(lessEqual(matmul(probabilities, upTo), uniform), 'float32');
  return minimum(sum(passed, -1, true), count - 1); // Rounding may leave the running sum below 1.
}

/** `scores` […, V] → the index of the largest […, 1], a whole number as float32; the first of equals. */
export function likeliest(scores: Node): Node {
  const count = scores.shape.at(-1)!;
  const indices = constant(Array.from({ length: count }, (_, index) => index));
  return min(where(equal(scores, max(scores, -1, true)), indices, count), -1, true);
}

/** `chosen` […, 1] → one-hot […, V]. */
export function pick(chosen: Node, count: number): Node {
  return cast(equal(chosen, constant(Array.from({ length: count }, (_, index) => index))), 'float32');
}
