/**
 * Ranges of axes that stand still: they grow in round steps when data leaves them, and shrink when most is empty. Pure.
 */
export type Range = readonly [low: number, high: number];

const MANTISSAS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
/** A range is replaced when the data uses less than this share of it. */
const KEPT_USE = 0.35;
/** Data whose highest value is more than this multiple of its lowest is drawn on a logarithmic axis. */
const LOG_RATIO = 200;

/** Removes the rounding error of a product such as 0.3 · 4. */
const exact = (value: number) => Number(value.toPrecision(12));

/** Returns the smallest round number that is not below the positive `value`. */
export function roundUp(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return exact((MANTISSAS.find((mantissa) => mantissa * decade >= value * (1 - 1e-9)) ?? 10) * decade);
}

/** Returns the range from 0 to a round number of steps. */
export function stepRange(newest: number, planned: number | undefined): Range {
  return [0, Math.max(planned ?? 0, roundUp(Math.max(newest, 100)))];
}

export function extent(values: Iterable<number>): Range | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/**
 * Returns `before` while it still fits, otherwise a round range. Includes 0 when it is near or `fromZero` asks for it.
 */
export function valueRange(data: Range | undefined, before: Range | undefined, fromZero = false): Range {
  if (!data) return before ?? [0, 1];
  const low = fromZero ? Math.min(0, data[0]) : data[0];
  const high = data[1];
  if (before && low >= before[0] && high <= before[1] && high - low >= KEPT_USE * (before[1] - before[0]))
    return before;
  const span = high - low || Math.abs(high) || 1;
  const step = roundUp(span / 4);
  const nearZero = low >= 0 && low < 0.6 * high;
  const bottom = nearZero ? 0 : Math.floor((low - 0.05 * span) / step) * step;
  const top = high <= 0 && high > 0.6 * low ? 0 : Math.ceil((high + 0.05 * span) / step) * step;
  return [exact(bottom), exact(top)];
}

/** Widens a range to whole decades. */
export function decadeRange([low, high]: Range): Range {
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * (1 + 1e-9)))];
}

export interface AxisWishes {
  /** True when the values are shares from 0 to 100 %. */
  readonly share?: boolean | undefined;
  readonly fromZero?: boolean | undefined;
  /** True when the axis may be logarithmic, which it is once the data spans decades. */
  readonly mayLog?: boolean | undefined;
}

export const SHARES: AxisWishes = { share: true };

export interface ValueAxis {
  readonly range: Range;
  readonly log: boolean;
}

/**
 * A logarithmic axis stays logarithmic while the data allows it, because an axis that changes its kind is hard to read.
 */
export function valueAxis(data: Range | undefined, before: ValueAxis | undefined, wishes: AxisWishes): ValueAxis {
  if (wishes.share) return { range: [0, 1], log: false };
  if (wishes.mayLog && data && data[0] > 0 && (before?.log || data[1] / data[0] > LOG_RATIO))
    return { range: decadeRange(data), log: true };
  return { range: valueRange(data, before?.log ? undefined : before?.range, wishes.fromZero), log: false };
}
