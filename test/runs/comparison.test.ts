/** The comparison's results: what is taken from a session, how the file is read again, and the rows of the table. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configureAlgorithm } from '../../main/learn/algorithms/registry.ts';
import { comparisonRows, METHODS, methodNames, readResults, resultOfMethod } from '../../main/runs/comparison.ts';
import { type HilRound, hilPlanSchema } from '../../main/runs/hil-state.ts';
import { inFolder } from '../data/fixture.ts';

const round = (name: string, successRate: number, more: Partial<HilRound> = {}): HilRound => ({
  ...{ name, successRate, ci95: [0, 1], meanSteps: 30, interventionRate: 0, unaidedRate: 0, episodes: 0 },
  ...{ wallSec: 60, policy: 'run-1/1' },
  ...more,
});
const KEY = { method: 'conrft-cell', seed: 0, demos: 20, episodes: 80, evaluationNoiseStd: 0 };
const ROUNDS = [
  round('offline', 0.5),
  round('online 40', 0.75, { interventionRate: 0.3, episodes: 40 }),
  round('online 80', 0.9, { interventionRate: 0.1, episodes: 80 }),
  round('report of the offline stage', 0.6),
  round('report', 0.95, { meanSteps: 20 }),
];

test('a session gives what the table needs, and the file gives it back', () =>
  inFolder(async (folder) => {
    const result = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
    assert.deepEqual([result.offline?.successRate, result.final?.successRate, result.minutes], [0.6, 0.95, 5]);
    assert.deepEqual(result.interventionRates, [0.3, 0.1]);
    assert.deepEqual(
      result.curve.map(({ successRate }) => successRate),
      [0.5, 0.75, 0.9],
    );
    const path = join(folder, 'results.jsonl');
    assert.deepEqual(readResults(path), [], 'no file, no results');
    writeFileSync(path, `${JSON.stringify(result)}\n${JSON.stringify({ ...result, seed: 1 })}\n`);
    assert.deepEqual(readResults(path), [result, { ...result, seed: 1 }]);
    writeFileSync(path, `${JSON.stringify(result)}\n{"method": "conrft-cell"}\n`);
    assert.throws(() => readResults(path), /results.jsonl, line 2 is not a result of a comparison/);
  }));

test('an offline session has no row after the corrected episodes; several seeds make one row with the interval of all episodes', () => {
  const alone = resultOfMethod(
    { ...KEY, method: 'sft-5x' },
    { rounds: [ROUNDS[0]!, ROUNDS[3]!, ROUNDS[4]!], finalSuccessRate: 0.95, wallSec: 60 },
  );
  const whole = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const worse = { ...whole, seed: 1, final: { ...whole.final!, successRate: 0.85, meanSteps: 30 } };
  const rows = comparisonRows([worse, alone, whole], 100);
  assert.deepEqual(rows, [
    [METHODS['sft-5x'].title, '60 % (50–69; 60)', '30.0', '–', '–', '–', '–', '1.0'],
    // 180 of 200: Wilson's interval is 85.1 to 93.4 %.
    [
      METHODS['conrft-cell'].title,
      '60 % (53–67; 60, 60)',
      '30.0',
      '40: 75 %, 80: 90 %',
      '90 % (85–93; 95, 85)',
      '25.0',
      '30 % → 10 % (20 %)',
      '5.0',
    ],
  ]);
});

test('every method is a plan with settings that its algorithm takes', () => {
  for (const name of methodNames) {
    const { plan } = METHODS[name];
    const { algorithm, preset, settings } = hilPlanSchema.parse({
      ...{ seed: 0, demos: 20, observation: 'pixels', preset: 'cell' },
      ...plan,
    });
    assert.equal(configureAlgorithm({ algorithm, preset }, settings).name, algorithm, name);
  }
});
