/**
 * Negative log-likelihood of a Gaussian whose variance the network predicts, averaged as `chunk.ts` describes.
 *   s = clamp(log σ²),   ℓ = ½ (e² e^−s + s)  (+ ½ ln 2π when `full`),   β-NLL: ℓ · stop-gradient(σ^2β)
 * Defaults: s in [−10, 4] (ours: σ ≥ e^−5 = 0.0067 of the range), β = 0. Seitzer et al. 2022 advise β = 0.5 when the network
 * explains errors by variance instead of learning the mean.
 * Trap: clamp s once and use it in both terms. If only the first term's variance is clamped, d ℓ/d log σ² is +½ below the clamp
 * whatever the error is, and the network runs off to −∞.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, clip, exp, mul, neg, softplus, square, stopGradient, sub } from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, selectValid } from '../chunk.ts';
import { HALF_LOG_2_PI } from './gaussian.ts';

interface LogVarianceRange {
  readonly low: number;
  readonly high: number;
  /**
   * 'soft' bends towards the bounds, as in PETS. In single precision its gradient is right to 1 % up to 13 beyond a bound,
   * and 0 from 18 on, where a sigmoid rounds to 0 or 1. 'hard' is exact inside and has no gradient outside. A network whose
   * output begins where there is no gradient stays there.
   */
  readonly clamp: 'soft' | 'hard';
}

export const LOG_VARIANCE_RANGE: LogVarianceRange = { low: -10, high: 4, clamp: 'soft' };

interface GaussianNllOptions {
  readonly range?: LogVarianceRange;
  /** Exponent of β-NLL. */
  readonly beta?: number;
  /** Adds the constant ½ ln 2π, so that the result is a log-density. */
  readonly full?: boolean;
}

/** `mean`, `logVariance`, `target` [B, K, D] or [B, D] → scalar. `logVariance` is the network's output, not yet clamped. */
export function gaussianNll(
  mean: Node,
  logVariance: Node,
  target: Node,
  { range = LOG_VARIANCE_RANGE, beta = 0, full = false }: GaussianNllOptions = {},
  weights: ChunkWeights = {},
): Node {
  const clamped = clampLogVariance(selectValid(logVariance, weights), range);
  const error = selectValid(sub(target, mean), weights);
  const plain = mul(add(mul(square(error), exp(neg(clamped))), clamped), 0.5);
  const value = full ? add(plain, HALF_LOG_2_PI) : plain;
  return chunkMean(beta === 0 ? value : mul(value, stopGradient(exp(mul(clamped, beta)))), weights);
}

/** The log σ² that the loss uses, any shape. Sampling and log-densities must use the same. */
export function clampLogVariance(logVariance: Node, { low, high, clamp }: LogVarianceRange = LOG_VARIANCE_RANGE): Node {
  if (clamp === 'hard') return clip(logVariance, low, high);
  const above = add(softplus(sub(logVariance, low)), low);
  return sub(high, softplus(sub(high, above)));
}
