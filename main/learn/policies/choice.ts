/**
 * Random choice inside a graph whose only chance is standard normal noise. Two normals make one uniform number:
 * (z₁² + z₂²)/2 is exponentially distributed, so u = exp(−(z₁² + z₂²)/2) is uniform on (0, 1).
 * Choosing from probabilities p is then the inverse of their running sum: the number of v with p₀ + … + p_v ≤ u.
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

/** Normals that one choice takes. */
export const NOISE_PER_CHOICE = 2;

/** noise […, 2] → uniform […]. */
export function uniformFromNormals(noise: Node): Node {
  return exp(mul(sum(square(noise), -1), -0.5));
}

/** probabilities […, V], uniform […, 1] → chosen […, 1], a whole number as float32. */
export function choose(probabilities: Node, uniform: Node): Node {
  const count = probabilities.shape.at(-1)!;
  const places = Array.from({ length: count }, (_, index) => index);
  const upTo = cast(lessEqual(constant(places, [count, 1]), constant(places, [1, count])), 'float32');
  const passed = cast(lessEqual(matmul(probabilities, upTo), uniform), 'float32');
  return minimum(sum(passed, -1, true), count - 1); // rounding may leave the running sum below 1
}

/** The likeliest: scores […, V] → […, 1], a whole number as float32; the first of equals. */
export function likeliest(scores: Node): Node {
  const count = scores.shape.at(-1)!;
  const places = constant(Array.from({ length: count }, (_, index) => index));
  return min(where(equal(scores, max(scores, -1, true)), places, count), -1, true);
}

/** chosen […, 1] → […, V], 1 at the chosen place. */
export function pick(chosen: Node, count: number): Node {
  return cast(equal(chosen, constant(Array.from({ length: count }, (_, index) => index))), 'float32');
}
