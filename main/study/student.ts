/** Student's t (Gosset 1908): what few values say of their mean. */

/** 97.5 % quantile by degrees of freedom, from 1. */
const QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export interface MeanWithInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean and its 95 % interval. Undefined of fewer than two values, of which nothing is known; of more than ten the tenth's quantile serves, a little wide. */
export function studentInterval(values: readonly number[]): MeanWithInterval | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const quantile = QUANTILES[Math.min(count - 1, QUANTILES.length) - 1] ?? Number.POSITIVE_INFINITY;
  const half = quantile * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half };
}
