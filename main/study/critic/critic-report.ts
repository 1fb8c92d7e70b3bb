/**
 * How well critics tell what comes: Q(s, a) beside the returns G of unaided episodes, in numbers. Q is the least of the critics, which
 * the target takes; the mean over them, which the policy climbs, has its bias named too. Bias is mean (Q − G): above 0 = too hopeful.
 */
import type { EpisodeSummary } from '../../api/episode.ts';
import type { CriticReading } from './critic-readings.ts';

export interface CriticErrors {
  readonly transitions: number;
  readonly episodes: number;
  readonly bias: number;
  readonly rmse: number;
  /** Of Q and G (Pearson); 0 where one of them is the same everywhere. */
  readonly correlation: number;
  /** Share of the transitions with Q > G. */
  readonly overestimation: number;
}

export interface CriticBin {
  /** Returns from here on, below `to`. */
  readonly from: number;
  readonly to: number;
  readonly transitions: number;
  readonly meanQ: number;
  readonly meanReturn: number;
  readonly bias: number;
  readonly rmse: number;
}

export interface CriticReport extends CriticErrors {
  /** Of the mean over the critics. */
  readonly biasOfMean: number;
  readonly bins: readonly CriticBin[];
  /** The same for episodes that ended well, and for those that did not; absent where there are none. */
  readonly successes?: CriticErrors;
  readonly failures?: CriticErrors;
}

/** In units of return; the reward of a success is 10. */
const BIN_WIDTH = 1;

/** Driven by the policy from start to end, and ended by what happened in it. */
export function isUnaided({ mode, outcome, humanSteps, takeovers, discarded, steps }: EpisodeSummary): boolean {
  const ended = outcome !== undefined && outcome !== 'aborted';
  return mode === 'run' && ended && !discarded && steps > 0 && humanSteps === 0 && takeovers === 0;
}

/** `solved`: the episodes that ended well. Throws a `RangeError` where there are no readings. */
export function criticReport(readings: readonly CriticReading[], solved: ReadonlySet<number>): CriticReport {
  if (readings.length === 0)
    throw new RangeError('no readings: a report needs at least one step of an unaided episode. Ask for new ones.');
  const part = (wanted: boolean) => readings.filter(({ episodeId }) => solved.has(episodeId) === wanted);
  const [successes, failures] = [part(true), part(false)];
  return {
    ...errorsOf(readings),
    biasOfMean: mean(readings.map((reading) => reading.mean - reading.return)),
    bins: binsOf(readings),
    ...(successes.length > 0 && { successes: errorsOf(successes) }),
    ...(failures.length > 0 && { failures: errorsOf(failures) }),
  };
}

const errorOf = (reading: CriticReading) => reading.least - reading.return;

function errorsOf(readings: readonly CriticReading[]): CriticErrors {
  const errors = readings.map(errorOf);
  return {
    transitions: readings.length,
    episodes: new Set(readings.map(({ episodeId }) => episodeId)).size,
    bias: mean(errors),
    rmse: rootMeanSquare(errors),
    correlation: correlation(
      readings.map(({ least }) => least),
      readings.map((reading) => reading.return),
    ),
    overestimation: mean(errors.map((error) => (error > 0 ? 1 : 0))),
  };
}

/** Bins that hold something, from low returns to high ones. */
function binsOf(readings: readonly CriticReading[]): CriticBin[] {
  const bins = new Map<number, CriticReading[]>();
  for (const reading of readings) {
    const bin = Math.floor(reading.return / BIN_WIDTH);
    const held = bins.get(bin);
    if (held) held.push(reading);
    else bins.set(bin, [reading]);
  }
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, held]) => ({
      from: bin * BIN_WIDTH,
      to: (bin + 1) * BIN_WIDTH,
      transitions: held.length,
      meanQ: mean(held.map(({ least }) => least)),
      meanReturn: mean(held.map((reading) => reading.return)),
      bias: mean(held.map(errorOf)),
      rmse: rootMeanSquare(held.map(errorOf)),
    }));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rootMeanSquare = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => value * value)));

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, at) => (x - meanX) * ((ys[at] ?? 0) - meanY)));
  const spread = (values: readonly number[], at: number) => rootMeanSquare(values.map((value) => value - at));
  const product = spread(xs, meanX) * spread(ys, meanY);
  return product === 0 ? 0 : covariance / product;
}
