/** The meter of a run: beside the learner's curves it makes one of the speed, without the waits between blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricPoint } from '../../../data/runs.ts';
import { createVirtualClock } from '../../../main/api/clock.ts';
import { createMeter } from '../../../main/learn/run/trainer/meter.ts';

test('every twenty updates make a point: means, and updates per second without the waits', () => {
  const clock = createVirtualClock(0, 0);
  const stored: MetricPoint[] = [];
  const meter = createMeter(clock, 1, { appendMetrics: (_runId, points) => stored.push(...points) });
  assert.deepEqual(meter.newest(), { metrics: {} });
  meter.beginBlock(false);
  let nowMs = 0;
  for (let step = 1; step <= 40; step++) {
    // 50 ms an update; after ten of them a new block, a minute later
    if (step === 11) {
      nowMs += 60_000;
      meter.beginBlock(false);
    }
    nowMs += 50;
    clock.advanceToMs(nowMs);
    meter.count(step, { loss: step, demoShare: 0.5 });
  }
  assert.deepEqual(meter.newest(), { metrics: { loss: 30.5, demoShare: 0.5, updatesPerSec: 20 }, metricsStep: 40 });
  assert.equal(meter.updatesPerSec(), 20);
  assert.deepEqual(
    meter.endBlock(),
    { loss: 25.5, demoShare: 0.5 },
    'a block replays to the same means: no times in it',
  );
  meter.flush();
  assert.deepEqual(
    stored.filter(({ name }) => name === 'updatesPerSec').map(({ step, value }) => [step, value]),
    [
      [20, 20],
      [40, 20],
    ],
  );
});
