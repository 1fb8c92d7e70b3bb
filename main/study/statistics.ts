/** Means, their intervals, and differences in words. */

/** 0 for no values. */
export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const Z_95 = 1.959963984540054;

/**
 * Wilson's score interval for a share of successes (Wilson 1927): [low, high] at 95 %. It stays honest at 0 % and 100
 * %, unlike the normal approximation. [0, 1] for no trials.
 */
export function wilson95(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const z2 = (Z_95 * Z_95) / trials;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z_95 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials))) / (1 + z2);
  // The bounds are exact when nothing or everything succeeded; rounding would leave 0.9999….
  return [successes === 0 ? 0 : centre - half, successes === trials ? 1 : centre + half];
}

/** Student's 97.5 % quantiles (Gosset 1908) by degrees of freedom, from 1. */
const QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export interface MeanWithInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Returns the mean and its 95 % interval by Student's t. Returns `undefined` for fewer than two values. More than ten
 * values use the quantile for ten, which makes the interval a little too wide.
 */
export function studentInterval(values: readonly number[]): MeanWithInterval | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (count - 1);
  const quantile = QUANTILES[Math.min(count - 1, QUANTILES.length) - 1] ?? Number.POSITIVE_INFINITY;
  const half = quantile * Math.sqrt(variance / count);
  return { mean: middle, low: middle - half, high: middle + half };
}

/** A number with its sign and two decimals. */
export const signed = (value: number): string => `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;
