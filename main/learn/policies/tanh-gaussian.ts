/**
 * The policy of soft actor-critic (Haarnoja et al. 2018; RLPD, HIL-SERL): a diagonal Gaussian through tanh.
 *   u = μ(s) + σ(s)·ε,  ε ~ N(0, I)      a = tanh u
 *   log π(a|s) = Σ_d [ log N(u; μ, σ) − ln(1 − tanh² u) ]
 * Gradients flow through the sample. A dimension that the task does not use is 0 and does not count in log π.
 * Acting draws ε; ε = 0 gives tanh μ(s).
 * Differs from both codes: μ and ln σ are the two halves of one last layer, whose initial values count both as fan-out.
 * Letters: B batch, A action.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, clip, exp, mul, slice, square, sub, sum, tanh } from '../../tensor/tensor.ts';
import { type Gaussian, HALF_LOG_2_PI, tanhLogDerivative } from '../losses/likelihood/gaussian.ts';
import { type HiddenLayers, type MlpSpec, mlp, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import { actionMaskNode } from './normaliser.ts';

export interface TanhGaussianHead {
  readonly net: MlpSpec;
  readonly actionMask: readonly boolean[];
  /** Range that ln σ is clipped to; no gradient passes outside. */
  readonly logStdRange: readonly [low: number, high: number];
}

export interface Sampled {
  /** [B, A] */
  readonly action: Node;
  /** [B], log π(a|s) */
  readonly logProbability: Node;
}

export function tanhGaussianHead(
  observationFeatures: number,
  actionMask: readonly boolean[],
  layers: HiddenLayers,
  logStdRange: readonly [number, number],
): TanhGaussianHead {
  const inputs = [{ name: 'observation', size: observationFeatures }];
  return { net: { name: 'actor', inputs, output: 2 * actionMask.length, ...layers }, actionMask, logStdRange };
}

/** Observation features [B, F] → μ and ln σ, [B, A] each. */
export function gaussianAt(parameters: Parameters, head: TanhGaussianHead, features: Node): Gaussian {
  const size = head.actionMask.length;
  const out = mlp(parameters, head.net, [project(parameters, head.net, 'observation', features)]);
  const [low, high] = head.logStdRange;
  return { mean: slice(out, 1, 0, size), logStd: clip(slice(out, 1, size, 2 * size), low, high) };
}

/** Gaussian [B, A] and noise ε [B, A] → action and its log-probability. */
export function sampleTanhGaussian(head: TanhGaussianHead, { mean, logStd }: Gaussian, noise: Node): Sampled {
  const mask = actionMaskNode(head.actionMask);
  const u = add(mean, mul(exp(logStd), noise));
  const gaussian = sub(sub(mul(square(noise), -0.5), logStd), HALF_LOG_2_PI);
  const squashing = tanhLogDerivative(u);
  return { action: mul(tanh(u), mask), logProbability: sum(mul(sub(gaussian, squashing), mask), 1) };
}
