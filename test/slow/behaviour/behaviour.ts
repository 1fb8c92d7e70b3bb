/**
 * One row of the behaviour suite: the same measurement for several seeds, its numbers recorded, its thresholds asserted.
 * A threshold holds in every seed unless it says `of: 'mean'` or `of: 'most'`, and then it says why. Each row has controls: measures that must
 * come out on the bad side, so that nobody is impressed by a task that cannot be failed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import { type ResultRow, recordResult, summarize } from './results.ts';

export interface Expectation {
  /** Name in the record that `measure` returns. */
  readonly measure: string;
  /** The same in words, with its unit. */
  readonly label: string;
  readonly role: ResultRow['role'];
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Default: every seed. `most`: four seeds of five. */
  readonly of?: 'mean' | 'most';
}

export interface Behaviour {
  readonly id: string;
  readonly claim: string;
  readonly expectations: readonly Expectation[];
  /** More than `SEEDS` where these differ widely: then bounds are on the mean. */
  readonly seeds?: number;
  /** All measures of one seed. */
  measure(rng: Rng, seed: number): Promise<Readonly<Record<string, number>>>;
}

export const SEEDS = 5;
const MOST = 0.8;

export function behaviour({ id, claim, expectations, seeds = SEEDS, measure }: Behaviour): void {
  test(`${id}: ${claim}`, async (context) => {
    const measured: Readonly<Record<string, number>>[] = [];
    for (let seed = 0; seed < seeds; seed++) measured.push(await measure(createRng(seed).split(id), seed));
    const rows = expectations.map((expectation) => rowOf(expectation, measured));
    recordResult({ id, claim, rows });
    for (const row of rows)
      context.diagnostic(`${row.label}: ${row.values.join(', ')}; mean ${row.mean}; ${row.bound || 'seen'}`);
    assert.deepEqual(
      rows
        .filter(({ holds }) => !holds)
        .map(({ label, bound, values }) => `${label}: ${values.join(', ')}, not ${bound}`),
      [],
    );
  });
}

function rowOf(expectation: Expectation, measured: readonly Readonly<Record<string, number>>[]): ResultRow {
  const { measure, label, role, atLeast, atMost, of } = expectation;
  const values = measured.map((record) => {
    const value = record[measure];
    if (value === undefined) throw new Error(`nothing named ${measure} was measured; there is ${Object.keys(record)}`);
    return value;
  });
  const summary = summarize(values);
  const isWithin = (value: number) => value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
  const within = summary.values.filter(isWithin).length;
  const bounds = [...(atLeast === undefined ? [] : [`≥ ${atLeast}`]), ...(atMost === undefined ? [] : [`≤ ${atMost}`])];
  return {
    label,
    role,
    bound:
      bounds.length === 0
        ? ''
        : `${bounds.join(', ')}${of === 'mean' ? ' on average' : of === 'most' ? ' in four seeds of five' : ''}`,
    ...summary,
    holds: of === 'mean' ? isWithin(summary.mean) : within >= (of === 'most' ? MOST : 1) * values.length,
  };
}
