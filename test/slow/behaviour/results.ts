/**
 * Reads and writes `results.json`, the results of T1–T11: every seed's value, their mean, and a 95 % interval of the mean
 * (Student's t). Order and rounding are fixed, so a run that changes nothing leaves the file unchanged.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { studentInterval } from '../../../main/study/statistics.ts';

export const RESULTS = fileURLToPath(new URL('results.json', import.meta.url));

const rowSchema = z.object({
  label: z.string(),
  /** A control shows that the task can be failed: it must fall on the bad side. */
  role: z.enum(['claim', 'control', 'seen']),
  /** The asserted bound, e.g. `≥ 0.95 in every seed`; empty for a number that is only shown. */
  bound: z.string(),
  values: z.array(z.number()),
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  holds: z.boolean(),
});
export type ResultRow = z.infer<typeof rowSchema>;

const resultSchema = z.object({ id: z.string(), claim: z.string(), rows: z.array(rowSchema) });
export type Result = z.infer<typeof resultSchema>;

export function readResults(): Result[] {
  return existsSync(RESULTS) ? z.array(resultSchema).parse(JSON.parse(readFileSync(RESULTS, 'utf8'))) : [];
}

/** Replaces the result of the same id. */
export function recordResult(result: Result): void {
  const others = readResults().filter(({ id }) => id !== result.id);
  const all = [...others, result].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  writeFileSync(RESULTS, `${JSON.stringify(all, undefined, 2)}\n`);
}

/** Needs two seeds or more. */
export function summarize(values: readonly number[]): Pick<ResultRow, 'values' | 'mean' | 'low' | 'high'> {
  const { mean, low, high } = studentInterval(values)!;
  return { values: values.map(rounded), mean: rounded(mean), low: rounded(low), high: rounded(high) };
}

const rounded = (value: number) => Number(value.toPrecision(4));
