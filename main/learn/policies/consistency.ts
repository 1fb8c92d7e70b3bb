/**
 * One-step consistency policy (ConRFT, arXiv 2502.05450, released code): f(x, σ | s) maps a noised action to an action.
 *   f = clip(c_skip x + c_out F(c_in x, τ(σ), s), −1, 1);
 *   c_skip = sd²/((σ−σmin)² + sd²)   c_out = (σ−σmin) sd/√(σ² + sd²)   c_in = 1/√(σ² + sd²).
 * Acting is one evaluation at σmax with x = σmax z. It is nearly deterministic there: z moves an action by a few hundredths.
 * `consistencyPolicy` is what ConRFT trains; `consistencyHead` wraps the same parameters as a head of imitation, so with the
 * normaliser 'none' either algorithm can continue from the other's policy.
 * Letters: B batch, A action, U used dimensions, D observation features, H hidden.
 */
import { z } from 'zod';
import type { Rng } from '../../api/rng.ts';
import type { Node } from '../../tensor/ir.ts';
import { add, clip, constant, div, mul, reshape, sqrt, square, sub } from '../../tensor/tensor.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import { TIME_FEATURES, timeEmbedding, timeEmbeddingParameters } from '../nets/time-embedding.ts';
import { chunkNoiseSize, expectNoise, type Head, type HeadFrame, normalInput } from './head.ts';
import { actionMaskNode, restoreAll, selectUsed } from './normaliser.ts';
import { settingsObject } from './settings-object.ts';

export const SIGMA_DATA = 0.5; // Released code
export const SIGMA_MIN = 0.002; // Released code; its dataclass says 0.02 and is overridden
export const SIGMA_MAX = 80; // Released code
const RHO = 7; // Karras et al. 2022
const SIGMA_STEPS = 40; // M, released code

/** Noise levels, largest first: σᵢ = (σmax^(1/ρ) + i/(M−1) (σmin^(1/ρ) − σmax^(1/ρ)))^ρ. The last one is never drawn in training. */
export const SIGMAS: readonly number[] = Array.from({ length: SIGMA_STEPS }, (_, index) => {
  const [high, low] = [SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)];
  return (high + (index / (SIGMA_STEPS - 1)) * (low - high)) ** RHO;
});

const TIME = 'actor.time';

export interface ConsistencyPolicy {
  readonly net: MlpSpec;
  readonly actionMask: readonly boolean[];
}

export function consistencyPolicy(
  observationFeatures: number,
  actionMask: readonly boolean[],
  hidden: readonly number[],
): ConsistencyPolicy {
  const inputs = [
    { name: 'action', size: actionMask.length },
    { name: 'time', size: TIME_FEATURES },
    { name: 'observation', size: observationFeatures },
  ];
  return { net: { name: 'actor', inputs, hidden, output: actionMask.length }, actionMask };
}

export function consistencyParameters(policy: ConsistencyPolicy): ParameterSpec[] {
  return [...timeEmbeddingParameters(TIME), ...mlpParameters(policy.net)];
}

/**
 * `observationShare` [B, H] is the observation's share of the first layer; it serves any number of evaluations.
 * `x` [B, A] at noise level σ [B, 1] or [1, 1] → action before the clip, [B, A]; unused dimensions are zero.
 */
export function denoise(
  parameters: Parameters,
  policy: ConsistencyPolicy,
  observationShare: Node,
  x: Node,
  sigma: Node,
): Node {
  const variance = add(square(sigma), SIGMA_DATA ** 2);
  const offset = sub(sigma, SIGMA_MIN);
  const skip = div(SIGMA_DATA ** 2, add(square(offset), SIGMA_DATA ** 2));
  const out = div(mul(offset, SIGMA_DATA), sqrt(variance));
  const mask = actionMaskNode(policy.actionMask);
  const scaled = mul(div(x, sqrt(variance)), mask);
  const raw = mlp(parameters, policy.net, [
    observationShare,
    project(parameters, policy.net, 'action', scaled),
    project(parameters, policy.net, 'time', timeEmbedding(parameters, TIME, sigma)),
  ]);
  return mul(add(mul(skip, x), mul(out, raw)), mask);
}

/** Standard normal noise [B, A] → the policy's action before the clip, [B, A]. */
export function sample(parameters: Parameters, policy: ConsistencyPolicy, observationShare: Node, noise: Node): Node {
  return denoise(parameters, policy, observationShare, mul(noise, SIGMA_MAX), constant([SIGMA_MAX], [1, 1]));
}

/** The gradient is zero where the clip holds, so a saturated action learns only from the imitation loss at other noise levels. */
export function clipAction(action: Node): Node {
  return clip(action, -1, 1);
}

/** Draws a noise level for training. The smallest one is left out, as in the released code. */
export const drawSigma = (rng: Rng): number => SIGMAS[rng.integer(SIGMA_STEPS - 1)]!;

export const consistencySchema = settingsObject({ name: z.literal('consistency') }).readonly();

/** The policy above as a head of imitation, for single actions. */
export function consistencyHead(frame: HeadFrame): Head {
  const { space, features: size, hidden } = frame;
  if (space.steps !== 1)
    throw new RangeError(
      `the consistency head predicts one action at a time, not ${space.steps}. Set the chunk's size to 1.`,
    );
  const policy = consistencyPolicy(size, space.mask, hidden);
  const A = space.mask.length;
  /** [B, 1, U] → [B, A] */
  const flat = (x: Node) => reshape(restoreAll(space, x), [x.shape[0]!, A]);
  /** [B, A] → [B, 1, U] */
  const chunk = (x: Node) => selectUsed(space, reshape(x, [x.shape[0]!, 1, A]));
  return {
    name: 'consistency',
    parameters: consistencyParameters(policy),
    noiseSize: chunkNoiseSize(frame),
    randomInputs: [normalInput('imitationNoise', [A]), { name: 'sigma', shape: [1], draw: drawSigma }],
    forward: (parameters, features, target, random) => {
      const sigma = random['sigma']!;
      const share = project(parameters, policy.net, 'observation', features);
      const noised = add(flat(target), mul(random['imitationNoise']!, sigma));
      const denoised = chunk(clipAction(denoise(parameters, policy, share, noised, sigma)));
      return { inputs: { denoised, sigma }, metrics: {} };
    },
    act: (parameters, features, noise) => {
      const share = project(parameters, policy.net, 'observation', features);
      return chunk(clipAction(sample(parameters, policy, share, expectNoise(noise, 'consistency'))));
    },
  };
}
