import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '../../../main/study/comparison/comparison-key.ts';
import { METHODS, type MethodName } from '../../../main/study/comparison/methods.ts';
import { pairedRows } from '../../../main/study/comparison/paired-differences.ts';
import type { MethodResult } from '../../../main/study/comparison/results.ts';
import { studentInterval } from '../../../main/study/statistics.ts';

const BUDGET = {
  task: 'insert' as const,
  ...{ demos: 20, episodes: 40, episodesPerRound: 20 },
  ...{ selectionEpisodes: 20, reportEpisodes: 100, evaluationNoiseStd: 0 },
};
const result = (name: MethodName, seed: number, successRate: number, byHand: number): MethodResult => ({
  ...keyOf(name, BUDGET),
  ...{ seed, curve: [], minutes: 1, interventionRates: [byHand] },
  final: { successRate, ci95: [0, 1], meanSteps: 20 + seed },
});

test('Student’s interval of three values, and of equal ones; one value says nothing', () => {
  const three = studentInterval([8, 8, 14]);
  assert.ok(three && Math.abs(three.mean - 10) < 1e-9);
  // 4.303 · 3.4641 / √3
  assert.ok(Math.abs(three.high - 18.606) < 1e-3 && Math.abs(three.low - 1.394) < 1e-3);
  assert.deepEqual(studentInterval([5, 5]), { mean: 5, low: 5, high: 5 });
  assert.equal(studentInterval([5]), undefined);
});

test('differences are taken within seeds; a method with one common seed has no row', () => {
  const rows = pairedRows(
    [
      ...[1, 0.98, 0.93].map((rate, seed) => result('conrft-cell', seed, rate, 0.05)),
      ...[0.92, 0.9, 0.79].map((rate, seed) =>
        result('hg-dagger', 2 - seed, [0.92, 0.9, 0.79][2 - seed] ?? rate, 0.05),
      ),
      result('rlpd', 0, 1, 0.2),
    ],
    'conrft-cell',
  );
  assert.deepEqual(rows, [
    [METHODS['hg-dagger'].title, '3', '+10.0 (+1.4 … +18.6)', '0.0 (0.0 … 0.0)', '0.0 (0.0 … 0.0)'],
  ]);
});
