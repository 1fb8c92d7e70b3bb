/**
 * Noise schedules of a diffusion process, as plain numbers. Letters: T training steps, β variances, ᾱ_t = Π (1 − β).
 *   cosine (Nichol & Dhariwal 2021; `squaredcos_cap_v2`, the default of Diffusion Policy with T = 100):
 *     f(u) = cos²((u + 0.008)/1.008 · π/2),  β_i = min(1 − f((i+1)/T)/f(i/T), 0.999)
 *   linear (Ho et al. 2020): β from 1e-4 to 0.02, made for T = 1000
 * Trap: linear with T = 100 ends at ᾱ = 0.36. x_T still shows the data, and sampling from pure noise starts where
 * training never was. A schedule that ends above 0.01 is refused.
 */

export const DIFFUSION_STEPS = 100; // Diffusion Policy
/** Largest signal power that may remain at the last step. */
const TERMINAL_ALPHA_BAR_MAX = 1e-2;
const COSINE_OFFSET = 0.008;
const BETA_MAX = 0.999;
/** The number of steps that the linear schedule's β were chosen for. */
const LINEAR_STEPS = 1000;
const LINEAR_BETA = { start: 1e-4, end: 0.02 } as const;

export type ScheduleOptions =
  | { readonly kind: 'cosine'; readonly steps: number }
  /** β runs from `start` to `end`, by default those of Ho et al. */
  | {
      readonly kind: 'linear';
      readonly steps: number;
      readonly beta?: { readonly start: number; readonly end: number };
    };

interface NoiseSchedule {
  readonly betas: readonly number[];
  /** ᾱ after each step: index t is the noise level of training step t. */
  readonly alphaBars: readonly number[];
}

/** Throws when the last step is not noise yet. */
export function noiseSchedule(options: ScheduleOptions): NoiseSchedule {
  if (!Number.isInteger(options.steps) || options.steps < 1)
    throw new RangeError(`noise schedule: ${options.steps} steps, expected a whole number ≥ 1`);
  const betas = betasOf(options);
  const alphaBars = cumulativeAlphas(betas);
  const last = alphaBars.at(-1)!;
  if (!(last < TERMINAL_ALPHA_BAR_MAX)) {
    const scale = LINEAR_STEPS / options.steps;
    throw new RangeError(
      `noise schedule ${options.kind}, ${options.steps} steps: ends at ᾱ = ${last.toFixed(4)}, expected < ${TERMINAL_ALPHA_BAR_MAX}; ` +
        `use 'cosine', or linear with beta { start: ${LINEAR_BETA.start * scale}, end: ${LINEAR_BETA.end * scale} }`,
    );
  }
  return { betas, alphaBars };
}

export function betasOf(options: ScheduleOptions): number[] {
  const { kind, steps } = options;
  switch (kind) {
    case 'cosine': {
      const signal = (u: number) => Math.cos((((u + COSINE_OFFSET) / (1 + COSINE_OFFSET)) * Math.PI) / 2) ** 2;
      return Array.from({ length: steps }, (_, i) =>
        Math.min(1 - signal((i + 1) / steps) / signal(i / steps), BETA_MAX),
      );
    }
    case 'linear': {
      const { start, end } = options.beta ?? LINEAR_BETA;
      return Array.from({ length: steps }, (_, i) => start + ((end - start) * i) / Math.max(steps - 1, 1));
    }
    default:
      throw new Error(`no schedule ${kind satisfies never}`);
  }
}

/** ᾱ_t = Π_{i ≤ t} (1 − β_i). */
export function cumulativeAlphas(betas: readonly number[]): number[] {
  let product = 1;
  return betas.map((beta) => {
    product *= 1 - beta;
    return product;
  });
}
