/**
 * One row of the behaviour suite: the same measurement for several seeds, its numbers recorded, its thresholds asserted.
 * A threshold holds in every seed unless it says `of: 'mean'`, and then it says why. Each row has controls: measures that must
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
  /** Default: every seed. */
  readonly of?: 'mean';
}

export interface Behaviour {
  readonly id: string;
  readonly claim: string;
  readonly expectations: readonly Expectation[];
  /** All measures of one seed. */
  measure(rng: Rng, seed: number): Promise<Readonly<Record<string, number>>>;
}

export const SEEDS = 5;

export function behaviour({ id, claim, expectations, measure }: Behaviour): void {
  test(`${id}: ${claim}`, async (context) => {
    const measured: Readonly<Record<string, number>>[] = [];
    for (let seed = 0; seed < SEEDS; seed++) measured.push(await measure(createRng(seed).split(id), seed));
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
  const judged = of === 'mean' ? [summary.mean] : summary.values;
  const bounds = [...(atLeast === undefined ? [] : [`≥ ${atLeast}`]), ...(atMost === undefined ? [] : [`≤ ${atMost}`])];
  return {
    label,
    role,
    bound: bounds.length === 0 ? '' : `${bounds.join(', ')}${of === 'mean' ? ' on average' : ''}`,
    ...summary,
    holds: judged.every((value) => value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)),
  };
}
