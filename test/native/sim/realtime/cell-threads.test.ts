/** A thread of the live cell that dies or stops is a fault. No call hangs on it, and the next reset starts it again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { episodeSeed } from '../../../../main/api/task.ts';
import { startCellThread } from '../../../../native/sim/realtime/cell-threads.ts';
import { createRealtimeCell } from '../../../../native/sim/realtime/realtime-cell.ts';
import { createSharedState } from '../../../../native/sim/realtime/shared-state.ts';

const never = new AbortController().signal;
const seed = episodeSeed('training', 9);

function rig(startThread: typeof startCellThread = startCellThread) {
  const workers: Partial<Record<Parameters<typeof startCellThread>[0], Worker>> = {};
  const faults: string[] = [];
  const cell = createRealtimeCell({
    noProgressMs: 1500,
    startThread: (name, data) => {
      const worker = startThread(name, data);
      workers[name] = worker;
      return worker;
    },
  });
  cell.onFault((fault) => faults.push(fault.message));
  return { cell, workers, faults };
}

test('a servo thread that dies: the fault is told, time goes on, the state grows old, a reset brings it back', async () => {
  const { cell, workers, faults } = rig();
  await cell.open();
  await cell.reset('insert', seed, never);
  await cell.clock.sleepUntilMs(50);
  const sleeping = cell.clock.sleepUntilMs(800);
  await workers['servo-worker']?.terminate();
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /servo-worker thread ended/);
  const slowed = cell.clock.sleepUntilMs(1100);
  await sleeping;
  await slowed;
  assert.ok(cell.clock.nowMs() - cell.state().timeMs > 200, 'its age is what the watchdog sees');
  await cell.reset('insert', seed, never);
  cell.begin();
  await cell.clock.sleepUntilMs(1300);
  assert.equal(cell.state().timeMs, 1300, 'simulated time goes on where it was');
  assert.equal((await cell.capture()).frames.length, 2);
  await cell.close();
});

test('a render thread that does not answer: the picture fails in words, a reset starts another', async () => {
  let deaf = true;
  const mute = "require('node:worker_threads').parentPort.on('message', () => {}).postMessage({ kind: 'ready' });";
  const { cell, faults } = rig((name, data) =>
    name === 'render-worker' && deaf ? new Worker(mute, { eval: true }) : startCellThread(name, data),
  );
  await assert.rejects(cell.open(), /render-worker thread gave no picture for 1.5 s/);
  assert.equal(faults.length, 1);
  deaf = false;
  await cell.reset('insert', seed, never);
  assert.equal((await cell.capture()).frames.length, 2);
  await cell.close();
});

test('a servo that stands still is given up; who slept goes on', async () => {
  const stuck = "require('node:worker_threads').parentPort.postMessage({ kind: 'ready' }); for (;;);";
  const { cell, faults } = rig((name, data) =>
    name === 'servo-worker' ? new Worker(stuck, { eval: true }) : startCellThread(name, data),
  );
  await cell.open();
  await cell.clock.sleepUntilMs(10);
  assert.match(faults[0] ?? '', /servo-worker thread made no progress/);
  await cell.close();
});

test('a reset is begun or called off, never both', () => {
  const shared = createSharedState();
  shared.offerReset(3);
  shared.callOffReset(3);
  assert.equal(shared.beginReset(3), false);
  shared.offerReset(4);
  assert.equal(shared.beginReset(3), false, 'an older one is not taken for it');
  assert.equal(shared.beginReset(4), true);
  shared.callOffReset(4);
  assert.equal(shared.beginReset(4), false);
});

test('a cell that is closed while it opens leaves no thread behind', async () => {
  const { cell, workers } = rig();
  const opening = assert.rejects(cell.open(), /thread ended|was closed|is not open/);
  await cell.close();
  await opening;
  assert.deepEqual(
    [workers['servo-worker']?.threadId, workers['render-worker']?.threadId],
    [-1, -1],
    'both have ended',
  );
});

test('a reset that comes while the cell opens starts no second pair of threads', async () => {
  let started = 0;
  const { cell } = rig((name, data) => {
    started++;
    return startCellThread(name, data);
  });
  await Promise.all([cell.open(), cell.reset('insert', seed, never)]);
  assert.equal(started, 2);
  await cell.close();
});
