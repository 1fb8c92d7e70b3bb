/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) on a flat vector, as graph nodes.
 * Learning rate and bias corrections are inputs of the step, so one graph serves every update.
 *   m ← m + (1−β₁)(g − m)   v ← v + (1−β₂)(g² − v)   θ ← θ − lr ( m c₁ / (√(v c₂) + ε) + wd θ ),   cᵢ = 1/(1 − βᵢᵗ)
 */
import type { Node } from './ir.ts';
import { add, div, minimum, mul, slice, sqrt, square, sub, sum } from './tensor.ts';

export const BETA1 = 0.9; // paper
export const BETA2 = 0.999; // paper
const EPSILON = 1e-8; // paper

/** [β₁, β₂] */
export type Betas = readonly [number, number];
const BETAS: Betas = [BETA1, BETA2];

export interface Adam {
  readonly parameters: Node;
  readonly mean: Node;
  readonly variance: Node;
}

export interface AdamOptions {
  /** [] or [1] */
  readonly learningRate: Node | number;
  /** [2]: what `biasCorrections` returns for this update. */
  readonly corrections: Node;
  /** Decoupled; 0 = Adam. */
  readonly weightDecay?: number;
  /** The paper's where absent. */
  readonly betas?: Betas;
}

export function adam(state: Adam, gradient: Node, options: AdamOptions): Adam {
  const [beta1, beta2] = options.betas ?? BETAS;
  const mean = add(state.mean, mul(sub(gradient, state.mean), 1 - beta1));
  const variance = add(state.variance, mul(sub(square(gradient), state.variance), 1 - beta2));
  // m c₁ / (√(v c₂) + ε) = (c₁/√c₂) m / (√v + ε/√c₂): the corrections touch two numbers, not two vectors
  const rootCorrection = sqrt(slice(options.corrections, 0, 1, 2));
  const rate = div(mul(slice(options.corrections, 0, 0, 1), options.learningRate), rootCorrection);
  const direction = div(mean, add(sqrt(variance), div(EPSILON, rootCorrection)));
  const decayed = options.weightDecay
    ? mul(state.parameters, sub(1, mul(options.learningRate, options.weightDecay)))
    : state.parameters;
  return { parameters: sub(decayed, mul(direction, rate)), mean, variance };
}

/** [1/(1−β₁ᵗ), 1/(1−β₂ᵗ)] for update t = 1, 2, … */
export function biasCorrections(update: number, [beta1, beta2]: Betas = BETAS): readonly [number, number] {
  return [1 / (1 - beta1 ** update), 1 / (1 - beta2 ** update)];
}

/** θ̄ ← θ̄ + τ(θ − θ̄) */
export function polyak(target: Node, parameters: Node, tau: number): Node {
  return add(target, mul(sub(parameters, target), tau));
}

/** The gradient [P], shortened to `maxNorm` where it is longer. */
export function clipByNorm(gradient: Node, maxNorm: number): Node {
  const norm = sqrt(sum(square(gradient)));
  return mul(gradient, minimum(div(maxNorm, add(norm, 1e-6)), 1));
}

/**
 * Learning rate of update `step` of `steps`: rises along a cosine from peak/25 over the first 15 %, falls to peak/10⁴.
 * The one-cycle policy as PyTorch's `OneCycleLR` computes it.
 */
export function oneCycle(step: number, steps: number, peak: number, risingShare = 0.15): number {
  const [start, end] = [peak / 25, peak / 25e4];
  const turn = risingShare * steps - 1;
  const cosine = (from: number, to: number, share: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return step <= turn ? cosine(start, peak, step / turn) : cosine(peak, end, (step - turn) / (steps - 1 - turn));
}

/** Learning rate of update 1, 2, …: rises linearly to `peak` over `warmup` updates, then falls along a cosine to 0 at `steps`; where that is undefined it stays. */
export function warmupCosine(update: number, warmup: number, steps: number | undefined, peak: number): number {
  if (update <= warmup) return (peak * update) / warmup;
  if (steps === undefined || steps <= warmup) return peak;
  return (peak / 2) * (1 + Math.cos(Math.PI * Math.min(1, (update - warmup) / (steps - warmup))));
}

/** Share of the running average that stays at update 1, 2, …: min(max, 1 − (1 + t)^(−power)) (Diffusion Policy). Young averages forget fast. */
export function averageDecay(update: number, power: number, max: number): number {
  return Math.min(max, 1 - (1 + update) ** -power);
}
