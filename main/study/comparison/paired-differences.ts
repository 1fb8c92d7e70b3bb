/**
 * Differences between methods, seed by seed. All methods have the same demonstrations, operator and report episodes for
 * a seed, so the luck of the seed cancels in the difference. The 95 % interval is Student's t over the seeds, and is
 * wide for three seeds.
 */

import { type MeanWithInterval, mean, studentInterval } from '../statistics.ts';
import { METHODS, type MethodName, methodNames } from './methods.ts';
import type { MethodResult } from './results.ts';

export const PAIRED_HEADER = ['method', 'seeds', 'success, points', 'steps', 'by hand, points'] as const;

/** Makes one row, `reference` minus method, per other method that shares at least two finished seeds with it. */
export function pairedRows(results: readonly MethodResult[], reference: MethodName): string[][] {
  const of = (name: MethodName) =>
    new Map(results.filter(({ method, final }) => method === name && final).map((result) => [result.seed, result]));
  const ours = of(reference);
  return methodNames.flatMap((name) => {
    if (name === reference) return [];
    const pairs = [...of(name)].flatMap(([seed, theirs]) => {
      const own = ours.get(seed);
      return own ? [[own, theirs] as const] : [];
    });
    const differences = (value: (result: MethodResult) => number) =>
      studentInterval(pairs.map(([own, theirs]) => value(own) - value(theirs)));
    const success = differences(({ final }) => 100 * (final?.successRate ?? 0));
    if (!success) return [];
    const steps = differences(({ final }) => final?.meanSteps ?? 0);
    const byHand = differences(({ interventionRates }) => 100 * mean(interventionRates));
    return [[METHODS[name].title, String(pairs.length), words(success), words(steps), words(byHand)]];
  });
}

function signed(value: number): string {
  const size = Math.abs(value).toFixed(1);
  return Number(size) === 0 ? size : `${value < 0 ? '−' : '+'}${size}`;
}

function words(interval: MeanWithInterval | undefined): string {
  return interval ? `${signed(interval.mean)} (${signed(interval.low)} … ${signed(interval.high)})` : '–';
}
