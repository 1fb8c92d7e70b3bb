/** Tests when a run has enough data to start, and Wilson's interval. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BufferCounts } from '../../main/api/episode.ts';
import { SEED_RANGES } from '../../main/api/task.ts';
import { nothingToLearn, readinessFor } from '../../main/runs/readiness.ts';
import { evaluate, evaluationOf } from '../../main/study/evaluation.ts';
import { wilson95 } from '../../main/study/statistics.ts';
import { episode } from './fake-session.ts';

const EMPTY: BufferCounts = {
  rlTransitions: 0,
  demoTransitions: 0,
  demonstrations: 0,
  interventionSteps: 0,
  episodes: 0,
};

test('offline needs twenty demonstrations, or corrections worth as many', () => {
  assert.equal(readinessFor('offline', EMPTY).ready, false);
  assert.equal(readinessFor('offline', { ...EMPTY, demonstrations: 19 }).ready, false);
  assert.equal(readinessFor('offline', { ...EMPTY, demonstrations: 20 }).ready, true);
  assert.equal(readinessFor('offline', { ...EMPTY, interventionSteps: 20 * 35 }).ready, true);
  assert.equal(readinessFor('offline', { ...EMPTY, demonstrations: 19, interventionSteps: 34 }).ready, false);
  assert.equal(readinessFor('offline', { ...EMPTY, demonstrations: 19, interventionSteps: 35 }).ready, true);
});

test('online also needs a hundred transitions in the RL buffer, and every need is named with its numbers', () => {
  const counts = { ...EMPTY, demonstrations: 20, rlTransitions: 99 };
  const { ready, needs } = readinessFor('online', counts);
  assert.equal(ready, false);
  assert.deepEqual(
    needs.map(({ have, need }) => [have, need]),
    [
      [20, 20],
      [99, 100],
    ],
  );
  assert.ok(needs.every(({ label }) => label.length > 0));
  assert.equal(readinessFor('online', { ...counts, rlTransitions: 100 }).ready, true);
});

test('a run is refused before it is made where it would have nothing to draw from, with what to record', () => {
  const demo = episode(1, { mode: 'demonstrate', humanSteps: 40 });
  const corrected = episode(2, { humanSteps: 5 });
  const alone = episode(3);
  const spec = { algorithm: 'conrft', stage: 'offline', task: 'insert', observation: 'state' } as const;
  const online = { ...spec, stage: 'online' } as const;
  for (const [run, episodes, can] of [
    [spec, [demo], true],
    [spec, [corrected], true],
    [spec, [alone], false],
    [spec, [{ ...demo, discarded: true }], false],
    [spec, [{ ...demo, outcome: undefined }], false],
    [spec, [{ ...demo, task: 'lift' as const }], false],
    [spec, [{ ...demo, observation: 'pixels' as const }], false],
    [{ ...spec, observation: 'blind' as const }, [{ ...demo, observation: 'pixels' as const }], true],
    [online, [alone], true],
    [online, [], false],
    [{ ...online, algorithm: 'imitation' as const }, [alone], false],
  ] as const)
    assert.equal(nothingToLearn(run, episodes) === undefined, can, JSON.stringify([run, episodes]));
  assert.deepEqual(nothingToLearn(spec, [alone, { ...demo, task: 'lift' }]), {
    message:
      'There is nothing to learn from: 1 of 2 episodes are finished, kept, and of the task insert with the observation state, and they hold no demonstrations or corrections.',
    remedy: 'Record demonstrations: `npx takeover demo --task insert --observation state`.',
  });
});

/**
 * Successes, trials, and the roots of (p − x/n)² = z² p (1 − p) / n in 40-digit decimals (Python 3.11), rounded to six.
 */
const WILSON: readonly (readonly [number, number, number, number])[] = [
  [0, 1, 0, 0.793451],
  [1, 1, 0.206549, 1],
  [0, 10, 0, 0.277533],
  [5, 10, 0.236593, 0.763407],
  [10, 10, 0.722467, 1],
  [90, 100, 0.825634, 0.944771],
  [93, 100, 0.862505, 0.965681],
  [100, 100, 0.963007, 1],
];

test("Wilson's interval solves its equation", () => {
  for (const [successes, trials, low, high] of WILSON) {
    const [found, foundHigh] = wilson95(successes, trials);
    assert.ok(Math.abs(found - low) < 1e-6, `${successes}/${trials}: low ${found}, expected ${low}`);
    assert.ok(Math.abs(foundHigh - high) < 1e-6, `${successes}/${trials}: high ${foundHigh}, expected ${high}`);
  }
  assert.deepEqual(wilson95(0, 0), [0, 1]);
});

test('it holds the share, lies in [0, 1], and mirrors', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (trials, raw) => {
      const successes = raw % (trials + 1);
      const [low, high] = wilson95(successes, trials);
      assert.ok(low >= 0 && high <= 1 && low <= successes / trials + 1e-12 && high >= successes / trials - 1e-12);
      const [mirroredLow, mirroredHigh] = wilson95(trials - successes, trials);
      assert.ok(Math.abs(low - (1 - mirroredHigh)) < 1e-9 && Math.abs(high - (1 - mirroredLow)) < 1e-9);
    }),
  );
});

test('an evaluation counts successes, steps of the successful ones, and the help', () => {
  const found = evaluationOf([
    episode(1, { steps: 30 }),
    episode(2, { steps: 50, humanSteps: 25 }),
    episode(3, { steps: 100, outcome: 'truncated' }),
    episode(4, { steps: 0, outcome: 'aborted' }),
  ]);
  assert.deepEqual(
    { ...found, ci95: found.ci95.map((bound) => bound.toFixed(4)) },
    {
      ...{ episodes: 4, successes: 2, successRate: 0.5, ci95: ['0.1500', '0.8500'], meanSteps: 40 },
      ...{ totalSteps: 180, interventionRate: 0.125 },
    },
  );
  assert.deepEqual(evaluationOf([]), {
    ...{ episodes: 0, successes: 0, successRate: 0, ci95: [0, 1], meanSteps: 0, totalSteps: 0, interventionRate: 0 },
  });
});

test('the seeds of an evaluation are those of its range, each once, the same every time', async () => {
  const seen: number[] = [];
  const progress: number[] = [];
  const run = async (seed: number) => {
    seen.push(seed);
    return episode(seen.length);
  };
  await evaluate(run, 'selection', 5, (done) => progress.push(done));
  await evaluate(run, 'report', 5, () => {});
  const { selection, report } = SEED_RANGES;
  const from = (first: number) => [0, 1, 2, 3, 4].map((index) => first + index);
  assert.deepEqual(seen, [...from(selection.first), ...from(report.first)]);
  assert.deepEqual(progress, [1, 2, 3, 4, 5]);
});
