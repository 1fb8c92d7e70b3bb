/**
 * Measures how well critics predict: Q(s, a) beside the returns G of unaided episodes. Q is the minimum over the
 * critics, which the target uses. The bias of their mean, which the policy climbs, is reported too. Bias is mean (Q −
 * G): above 0 is too optimistic.
 */
import type { EpisodeSummary } from '../../api/episode.ts';
import { mean } from '../statistics.ts';
import type { CriticReading } from './critic-readings.ts';

export interface CriticErrors {
  readonly transitions: number;
  readonly episodes: number;
  readonly bias: number;
  readonly rmse: number;
  /** Pearson's correlation of Q and G; 0 when one of them is constant. */
  readonly correlation: number;
  /** Share of the transitions with Q > G. */
  readonly overestimation: number;
}

export interface CriticBin {
  /** Lower limit of the returns, included. `to` is the upper one, excluded. */
  readonly from: number;
  readonly to: number;
  readonly transitions: number;
  readonly meanQ: number;
  readonly meanReturn: number;
  readonly bias: number;
  readonly rmse: number;
}

export interface CriticReport extends CriticErrors {
  /** Bias of the mean over the critics. */
  readonly biasOfMean: number;
  readonly bins: readonly CriticBin[];
  /** The same for successful episodes and for the others; absent when there are none. */
  readonly successes?: CriticErrors;
  readonly failures?: CriticErrors;
}

/** Width of a bin in units of return. The reward of a success is 10. */
const BIN_WIDTH = 1;

/** True when the policy drove from start to end and the episode was not aborted. */
export function isUnaided({ mode, outcome, humanSteps, takeovers, discarded, steps }: EpisodeSummary): boolean {
  const ended = outcome !== undefined && outcome !== 'aborted';
  return mode === 'run' && ended && !discarded && steps > 0 && humanSteps === 0 && takeovers === 0;
}

/** `solved`: the episodes that ended as a success. Throws a `RangeError` when there are no readings. */
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

/** Returns the bins that are not empty, from low returns to high ones. */
function binsOf(readings: readonly CriticReading[]): CriticBin[] {
  return [...Map.groupBy(readings, (reading) => Math.floor(reading.return / BIN_WIDTH))]
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

const rootMeanSquare = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => value * value)));

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, at) => (x - meanX) * ((ys[at] ?? 0) - meanY)));
  const spread = (values: readonly number[], at: number) => rootMeanSquare(values.map((value) => value - at));
  const product = spread(xs, meanX) * spread(ys, meanY);
  return product === 0 ? 0 : covariance / product;
}
