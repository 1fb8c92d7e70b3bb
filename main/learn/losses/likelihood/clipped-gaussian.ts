/**
 * Log-probability of actions that a Gaussian drew and a limit of ±1 clipped. A store holds a policy's own actions in this form.
 *   |a| < 1:   ln N(a; μ, σ)            a = 1:   ln Φ((μ − 1)/σ)            a = −1:   ln Φ((−1 − μ)/σ)
 * The density of N at a clipped action would pull the mean back from the limit (Fujita & Maeda 2018, arXiv 1802.07564).
 * Differs from the paper: Φ(x) ≈ sigmoid(1.5976 x + 0.07056 x³) (Page 1977). Its error is 2e-4, and 0.6 in the
 * logarithm at −4σ.
 */
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  div,
  exp,
  greaterEqual,
  lessEqual,
  mul,
  neg,
  softplus,
  square,
  sub,
  sum,
  where,
} from '../../../tensor/tensor.ts';
import { type Gaussian, HALF_LOG_2_PI } from './gaussian.ts';

/** Just below 1, because float32 may have rounded an action at its limit. */
const LIMIT = 1 - 1e-6;

/** `action` [B, U] within [−1, 1], and a Gaussian that broadcasts to it → [B], summed over U. */
export function clippedGaussianLogProb(action: Node, { mean, logStd }: Gaussian): Node {
  const std = exp(logStd);
  const inside = sub(sub(mul(square(div(sub(action, mean), std)), -0.5), logStd), HALF_LOG_2_PI);
  const above = logNormalCdf(div(sub(mean, 1), std));
  const below = logNormalCdf(div(sub(-1, mean), std));
  const each = where(greaterEqual(action, LIMIT), above, where(lessEqual(action, -LIMIT), below, inside));
  return sum(each, 1);
}

/** The logarithm of Φ(x). */
function logNormalCdf(x: Node): Node {
  return neg(softplus(neg(mul(x, add(mul(square(x), 0.07056), 1.5976)))));
}
