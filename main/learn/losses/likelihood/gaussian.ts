/**
 * A diagonal Gaussian in closed form: log-density, entropy, KL divergence, and the correction for actions squashed by tanh.
 *   ln N(a; μ, σ) = Σ −½((a − μ)/σ)² − ln σ − ½ ln 2π          H = Σ ln σ + ½ ln 2πe
 *   KL(p‖q) = Σ ln σq/σp + (σp² + (μp − μq)²) / 2σq² − ½
 * Σ is over the dimensions of one macro-action: D, and K for a chunk. Trap: a mean there scales every ratio and KL by 1/(K·D).
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, div, exp, mul, softplus, square, sub, sum } from '../../../tensor/tensor.ts';

export const HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);
const ENTROPY_AT_UNIT = 0.5 * Math.log(2 * Math.PI * Math.E);

/** `mean` and `logStd` have one shape, or shapes that broadcast. */
export interface Gaussian {
  readonly mean: Node;
  readonly logStd: Node;
}

/** `action` [B, …] and a Gaussian that broadcasts to it → [B], summed over all axes but the first. */
export function gaussianLogProb(action: Node, { mean, logStd }: Gaussian): Node {
  const scaled = div(sub(action, mean), exp(logStd));
  return sumPerSample(sub(sub(mul(square(scaled), -0.5), logStd), HALF_LOG_2_PI));
}

/** logStd [B, …] → [B]. */
export function gaussianEntropy(logStd: Node): Node {
  return sumPerSample(add(logStd, ENTROPY_AT_UNIT));
}

/** KL(p‖q) per element, before any sum. */
export function gaussianKlElements(p: Gaussian, q: Gaussian): Node {
  const ratio = exp(mul(sub(p.logStd, q.logStd), 2));
  const shift = square(div(sub(p.mean, q.mean), exp(q.logStd)));
  return sub(add(sub(q.logStd, p.logStd), mul(add(ratio, shift), 0.5)), 0.5);
}

/** KL(p‖q) of [B, …] → [B]. */
export function gaussianKl(p: Gaussian, q: Gaussian): Node {
  return sumPerSample(gaussianKlElements(p, q));
}

/**
 * The logarithm of |d tanh u / du| per element, before any sum; log π(tanh u) is ln N(u) minus its sum.
 * ln(1 − tanh² u) = 2 (ln 2 − u − softplus(−2u)) keeps its precision where 1 − tanh² u is 0 in single precision.
 */
export function tanhLogDerivative(u: Node): Node {
  return mul(sub(sub(Math.LN2, u), softplus(mul(u, -2))), 2);
}

/** [B, …] → [B]. */
export function sumPerSample(elements: Node): Node {
  const axes = elements.shape.flatMap((_, axis) => (axis > 0 ? [axis] : []));
  return axes.length === 0 ? elements : sum(elements, axes);
}
