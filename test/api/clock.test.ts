/** A timer survives what its callback throws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock, every } from '../../main/api/clock.ts';

test('a callback that throws ends no timer; the first of several failures in a row is told', () => {
  const clock = createVirtualClock();
  const told: string[] = [];
  const failing = new Set([2, 3, 6]);
  let calls = 0;
  const stop = every(
    clock,
    10,
    () => {
      calls++;
      if (failing.has(calls)) throw new Error(`call ${calls}`);
    },
    (error) => told.push(String(error)),
  );
  clock.advanceToMs(75);
  assert.equal(calls, 7);
  assert.deepEqual(told, ['Error: call 2', 'Error: call 6']);
  stop();
  clock.advanceToMs(200);
  assert.equal(calls, 7);
});
