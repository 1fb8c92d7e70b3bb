/**
 * Statistics as LeRobot writes them, per episode and for the whole dataset. Numbers have one per element. Pictures have
 * one per channel, divided by 255, from sampled frames. Extremes, means and deviations of the whole are exact. Its
 * quantiles are the episodes' quantiles averaged by their counts, as in LeRobot's own `aggregate_stats`.
 */
const QUANTILES = [
  ['q01', 0.01],
  ['q10', 0.1],
  ['q50', 0.5],
  ['q90', 0.9],
  ['q99', 0.99],
] as const;
export type StatisticName = 'min' | 'max' | 'mean' | 'std' | (typeof QUANTILES)[number][0];
export const STATISTIC_NAMES: readonly StatisticName[] = [
  'min',
  'max',
  'mean',
  'std',
  ...QUANTILES.map(([name]) => name),
];

/** Each statistic is a list with one number per element or channel. */
export type Statistics = Readonly<Record<StatisticName, readonly number[]>> & { readonly count: number };

const SAMPLED_FRAMES = 50;

/** Interpolates linearly between neighbours, as numpy does by default. */
function quantile(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const low = Math.floor(at);
  const [below = 0, above = below] = [sorted[low], sorted[Math.min(sorted.length - 1, low + 1)]];
  return below + (at - low) * (above - below);
}

/** All rows have the same length. */
export function statisticsOf(rows: readonly ArrayLike<number>[]): Statistics {
  const width = rows[0]?.length ?? 0;
  const result: Record<StatisticName, number[]> = emptyStatistics();
  for (let element = 0; element < width; element++) {
    const values = Float64Array.from(rows, (row) => row[element] ?? Number.NaN);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    values.sort();
    result.min.push(values[0] ?? Number.NaN);
    result.max.push(values.at(-1) ?? Number.NaN);
    result.mean.push(mean);
    result.std.push(Math.sqrt(variance));
    for (const [name, fraction] of QUANTILES) result[name].push(quantile(values, fraction));
  }
  return { ...result, count: rows.length };
}

function emptyStatistics(): Record<StatisticName, number[]> {
  return { min: [], max: [], mean: [], std: [], q01: [], q10: [], q50: [], q90: [], q99: [] };
}

/** Returns the indices of the frames to sample from `count`, evenly spread. */
export function sampledIndices(count: number): ReadonlySet<number> {
  const samples = Math.min(count, SAMPLED_FRAMES);
  return new Set(Array.from({ length: samples }, (_, index) => Math.floor((index * count) / samples)));
}

/** Collects RGB pictures in a histogram per channel. */
export function createPictureStatistics() {
  const histograms = [new Float64Array(256), new Float64Array(256), new Float64Array(256)];
  let frames = 0;
  return {
    add(rgb: Uint8Array): void {
      frames++;
      for (let index = 0; index < rgb.length; index++) {
        const histogram = histograms[index % 3];
        if (histogram) histogram[rgb[index] ?? 0] = (histogram[rgb[index] ?? 0] ?? 0) + 1;
      }
    },
    result(): Statistics {
      const result = emptyStatistics();
      for (const histogram of histograms) addChannel(result, histogram);
      return { ...result, count: frames };
    },
  };
}

function addChannel(result: Record<StatisticName, number[]>, histogram: Float64Array): void {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let [sum, squares, least, most] = [0, 0, 255, 0];
  histogram.forEach((count, value) => {
    if (count === 0) return;
    sum += (count * value) / 255;
    squares += count * (value / 255) ** 2;
    least = Math.min(least, value);
    most = value;
  });
  const mean = total > 0 ? sum / total : 0;
  result.min.push(least / 255);
  result.max.push(most / 255);
  result.mean.push(mean);
  result.std.push(Math.sqrt(Math.max(0, total > 0 ? squares / total - mean ** 2 : 0)));
  for (const [name, fraction] of QUANTILES) {
    let seen = 0;
    const value = histogram.findIndex((count) => {
      seen += count;
      return seen >= fraction * total && seen > 0;
    });
    result[name].push(Math.max(0, value) / 255);
  }
}

/** Computes the statistics of the whole from those of its parts. */
export function combineStatistics(parts: readonly Statistics[]): Statistics {
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  const result = emptyStatistics();
  const width = parts[0]?.mean.length ?? 0;
  for (let element = 0; element < width; element++) {
    const weighted = (name: StatisticName) =>
      parts.reduce((sum, part) => sum + part.count * (part[name][element] ?? 0), 0) / total;
    const mean = weighted('mean');
    const variance =
      parts.reduce(
        (sum, part) => sum + part.count * ((part.std[element] ?? 0) ** 2 + ((part.mean[element] ?? 0) - mean) ** 2),
        0,
      ) / total;
    result.min.push(Math.min(...parts.map((part) => part.min[element] ?? Number.POSITIVE_INFINITY)));
    result.max.push(Math.max(...parts.map((part) => part.max[element] ?? Number.NEGATIVE_INFINITY)));
    result.mean.push(mean);
    result.std.push(Math.sqrt(variance));
    for (const [name] of QUANTILES) result[name].push(weighted(name));
  }
  return { ...result, count: total };
}
