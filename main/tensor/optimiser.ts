/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) on a flat vector, as graph nodes.
 * Learning rate and bias corrections are inputs of the step, so one graph serves every update.
 *   m ← m + (1−β₁)(g − m)   v ← v + (1−β₂)(g² − v)   θ ← θ − lr ( m c₁ / (√(v c₂) + ε) + wd θ ),   cᵢ = 1/(1 − βᵢᵗ)
 */
import type { Node } from './ir.ts';
import { add, div, minimum, mul, slice, sqrt, square, sub, sum } from './tensor.ts';

const EPSILON = 1e-8; // Kingma & Ba 2015

/** [β₁, β₂] */
export type Betas = readonly [number, number];
const BETAS: Betas = [0.9, 0.999]; // Kingma & Ba 2015

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
  /** Decoupled weight decay of AdamW; 0 = Adam. */
  readonly weightDecay?: number;
  /** The paper's when not given. */
  readonly betas?: Betas;
}

export function adam(state: Adam, gradient: Node, options: AdamOptions): Adam {
  const [beta1, beta2] = options.betas ?? BETAS;
  const mean = add(state.mean, mul(sub(gradient, state.mean), 1 - beta1));
  const variance = add(state.variance, mul(sub(square(gradient), state.variance), 1 - beta2));
  // The direction m c₁ / (√(v c₂) + ε) equals (c₁/√c₂) m / (√v + ε/√c₂), which corrects two numbers instead of two vectors.
  const rootCorrection = sqrt(slice(options.corrections, 0, 1, 2));
  const rate = div(mul(slice(options.corrections, 0, 0, 1), options.learningRate), rootCorrection);
  const direction = div(mean, add(sqrt(variance), div(EPSILON, rootCorrection)));
  const decayed = options.weightDecay
    ? mul(state.parameters, sub(1, mul(options.learningRate, options.weightDecay)))
    : state.parameters;
  return { parameters: sub(decayed, mul(direction, rate)), mean, variance };
}

/** Returns [1/(1−β₁ᵗ), 1/(1−β₂ᵗ)] for update t = 1, 2, … */
export function biasCorrections(update: number, [beta1, beta2]: Betas = BETAS): readonly [number, number] {
  return [1 / (1 - beta1 ** update), 1 / (1 - beta2 ** update)];
}

/** Running average: θ̄ ← θ̄ + τ(θ − θ̄). */
export function polyak(target: Node, parameters: Node, tau: number): Node {
  return add(target, mul(sub(parameters, target), tau));
}

/** Shortens the gradient [P] to `maxNorm` if it is longer. */
export function clipByNorm(gradient: Node, maxNorm: number): Node {
  const norm = sqrt(sum(square(gradient)));
  return mul(gradient, minimum(div(maxNorm, add(norm, 1e-6)), 1));
}

/**
 * Learning rate of update `step` of `steps`: rises along a cosine from peak/25 over the first 15 %, then falls to peak/(25·10⁴).
 * This is the one-cycle policy as PyTorch's `OneCycleLR` computes it.
 */
export function oneCycle(step: number, steps: number, peak: number, risingShare = 0.15): number {
  const [start, end] = [peak / 25, peak / 25e4];
  const peakStep = risingShare * steps - 1;
  const cosine = (from: number, to: number, share: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return step <= peakStep
    ? cosine(start, peak, step / peakStep)
    : cosine(peak, end, (step - peakStep) / (steps - 1 - peakStep));
}

/**
 * Learning rate of update 1, 2, …: rises linearly to `peak` over `warmup` updates, then falls along a cosine to 0 at `steps`.
 * It stays at `peak` when `steps` is undefined.
 */
export function warmupCosine(update: number, warmup: number, steps: number | undefined, peak: number): number {
  if (update <= warmup) return (peak * update) / warmup;
  if (steps === undefined || steps <= warmup) return peak;
  return (peak / 2) * (1 + Math.cos(Math.PI * Math.min(1, (update - warmup) / (steps - warmup))));
}

/** Share of the running average that stays at update t = 1, 2, …: min(max, 1 − (1 + t)^(−power)), as in Diffusion Policy. */
export function averageDecay(update: number, power: number, max: number): number {
  return Math.min(max, 1 - (1 + update) ** -power);
}
