/**
 * One-step consistency policy (ConRFT, arXiv 2502.05450, released code): f(x, σ | s) maps a noised action to an action.
 *   f = clip(c_skip x + c_out F(c_in x, τ(σ), s), −1, 1)
 *   c_skip = sd²/((σ−σmin)² + sd²)   c_out = (σ−σmin) sd/√(σ² + sd²)   c_in = 1/√(σ² + sd²)
 * Acting is one evaluation at σmax with x = σmax z. There it is nearly deterministic: z moves an action by a few hundredths.
 * Letters: B batch, A action, D observation features, H hidden.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, clip, constant, div, mul, sqrt, square, sub } from '../../tensor/tensor.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import { TIME_FEATURES, timeEmbedding, timeEmbeddingParameters } from '../nets/time-embedding.ts';

export const SIGMA_DATA = 0.5; // released code
export const SIGMA_MIN = 0.002; // released code; its dataclass says 0.02 and is overridden
export const SIGMA_MAX = 80; // released code
const RHO = 7; // Karras et al. 2022
export const SIGMA_STEPS = 40; // M, released code

/** Noise levels, largest first: σᵢ = (σmax^(1/ρ) + i/(M−1) (σmin^(1/ρ) − σmax^(1/ρ)))^ρ. The last one is never drawn in training. */
export const SIGMAS: readonly number[] = Array.from({ length: SIGMA_STEPS }, (_, index) => {
  const [high, low] = [SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)];
  return (high + (index / (SIGMA_STEPS - 1)) * (low - high)) ** RHO;
});

const TIME = 'actor.time';

export interface ConsistencyHead {
  readonly net: MlpSpec;
  readonly actionMask: readonly boolean[];
}

export function consistencyHead(
  observationFeatures: number,
  actionMask: readonly boolean[],
  hidden: readonly number[],
): ConsistencyHead {
  const inputs = [
    { name: 'action', size: actionMask.length },
    { name: 'time', size: TIME_FEATURES },
    { name: 'observation', size: observationFeatures },
  ];
  return { net: { name: 'actor', inputs, hidden, output: actionMask.length }, actionMask };
}

export function consistencyParameters(head: ConsistencyHead): ParameterSpec[] {
  return [...timeEmbeddingParameters(TIME), ...mlpParameters(head.net)];
}

/** Observation features [B, D] → their share of the first layer [B, H]; one serves any number of evaluations. */
export function projectObservation(parameters: Parameters, head: ConsistencyHead, observation: Node): Node {
  return project(parameters, head.net, 'observation', observation);
}

/** x [B, A] at noise level σ [B, 1] or [1, 1] → action before the clip, [B, A]; unused dimensions are zero. */
export function denoise(
  parameters: Parameters,
  head: ConsistencyHead,
  observationShare: Node,
  x: Node,
  sigma: Node,
): Node {
  const variance = add(square(sigma), SIGMA_DATA ** 2);
  const offset = sub(sigma, SIGMA_MIN);
  const skip = div(SIGMA_DATA ** 2, add(square(offset), SIGMA_DATA ** 2));
  const out = div(mul(offset, SIGMA_DATA), sqrt(variance));
  const mask = maskOf(head);
  const scaled = mul(div(x, sqrt(variance)), mask);
  const raw = mlp(parameters, head.net, [
    observationShare,
    project(parameters, head.net, 'action', scaled),
    project(parameters, head.net, 'time', timeEmbedding(parameters, TIME, sigma)),
  ]);
  return mul(add(mul(skip, x), mul(out, raw)), mask);
}

/** Standard normal noise [B, A] → the policy's action before the clip, [B, A]. */
export function sample(parameters: Parameters, head: ConsistencyHead, observationShare: Node, noise: Node): Node {
  return denoise(parameters, head, observationShare, mul(noise, SIGMA_MAX), constant([SIGMA_MAX], [1, 1]));
}

/** The gradient is zero where the clip holds: a saturated action learns from the imitation loss at other noise levels only. */
export function clipAction(action: Node): Node {
  return clip(action, -1, 1);
}

export function maskOf(head: ConsistencyHead): Node {
  return constant(
    head.actionMask.map((used) => (used ? 1 : 0)),
    [1, head.actionMask.length],
  );
}
