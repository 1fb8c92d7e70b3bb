/**
 * A method beside another, seed by seed: demonstrations, operator and report episodes of a seed are the same for all, so what its luck
 * gives to both goes out of the difference. Mean with the 95 % interval of Student's t over the seeds, which is wide for three: that much is known.
 */

import { type MeanWithInterval, studentInterval } from '../student.ts';
import { METHODS, type MethodName, methodNames } from './methods.ts';
import type { MethodResult } from './results.ts';

export const PAIRED_HEADER = ['method', 'seeds', 'success, points', 'steps', 'by hand, points'] as const;

/** One row per other method that has a policy after the corrected episodes in two seeds of `reference` or more: reference minus method. */
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

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function signed(value: number): string {
  const size = Math.abs(value).toFixed(1);
  return Number(size) === 0 ? size : `${value < 0 ? '−' : '+'}${size}`;
}

function words(interval: MeanWithInterval | undefined): string {
  return interval ? `${signed(interval.mean)} (${signed(interval.low)} … ${signed(interval.high)})` : '–';
}
