/** Tests that a live engine records what a headless one does, to the bit, also on a busy machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { episodeSeed } from '../../main/api/task.ts';
import { recordByItself, recordOneByOne } from './live-episodes.ts';

const BUSY_LOOPS = 2;

/** Only a live engine can be disturbed: what is headless waits for nobody's clock, and is recorded with free cores. */
async function whileCoresAreBusy<T>(record: () => Promise<T>): Promise<T> {
  const loops = Array.from({ length: BUSY_LOOPS }, () => new Worker('for (;;);', { eval: true }));
  try {
    return await record();
  } finally {
    for (const loop of loops) await loop.terminate();
  }
}

/** The first episode of an engine, and one in which the starter needs help. */
const seeds = [episodeSeed('training', 0, 0)];
const helped = [episodeSeed('training', 1, 0)];

test('with a person who takes over at definite times', { timeout: 300_000 }, async () => {
  const live = await whileCoresAreBusy(() => recordOneByOne('live', helped, true));
  const headless = await recordOneByOne('headless', helped, true);
  assert.ok(
    live.some(({ steps }) => steps.some(({ actor }) => actor === 'mixed')),
    'somebody took over',
  );
  assert.deepEqual(live, headless);
});

test('with the policy alone, the engine going on from episode to episode by itself', { timeout: 300_000 }, async () => {
  const { episodes, ticks } = await whileCoresAreBusy(() => recordByItself(seeds.length));
  assert.deepEqual(episodes, await recordOneByOne('headless', seeds, false));
  assert.deepEqual([ticks.skippedEdges, ticks.missedDeadlines], [0, 0]);
});
