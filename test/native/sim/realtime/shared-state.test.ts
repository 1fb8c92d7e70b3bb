/** The memory between engine and servo: readers see whole states, even when a writer is stopped in the middle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SCENE_BODIES } from '../../../../native/sim/physics/model.ts';
import { READINGS_SIZE } from '../../../../native/sim/physics/readings.ts';
import { COMMAND, COMMAND_SIZE, createSharedState, emptyReport } from '../../../../native/sim/realtime/shared-state.ts';

const POSES_SIZE = SCENE_BODIES.length * 7;
const stateOf = (value: number) =>
  [
    new Float64Array(READINGS_SIZE).fill(value),
    new Float32Array(POSES_SIZE).fill(value),
    { ...emptyReport(), timeMs: value, droppedMs: value },
  ] as const;

function read(shared: ReturnType<typeof createSharedState>) {
  const readings = new Float64Array(READINGS_SIZE);
  const poses = new Float32Array(POSES_SIZE);
  const report = emptyReport();
  shared.readState(readings, poses, report);
  return [...new Set([...readings, ...poses, report.timeMs, report.droppedMs])];
}

test('what was written last is read, commands and states', () => {
  const shared = createSharedState();
  const other = createSharedState(shared.buffer);
  for (const value of [1, 2, 3]) {
    shared.writeState(...stateOf(value));
    assert.deepEqual(read(other), [value]);
    const before = other.commandSequence();
    const pose = { positionM: [value, 0, 0], orientation: [0, 0, 0, 1] } as const;
    shared.writeCommand({ baseFromTool: pose, rampMs: 100, gripper: 'open' }, value, 10 * value);
    assert.notEqual(other.commandSequence(), before);
    const command = new Float64Array(COMMAND_SIZE);
    other.readCommand(command);
    assert.deepEqual(
      [command[COMMAND.pose], command[COMMAND.number], command[COMMAND.isHold], command[COMMAND.gripperOpen]],
      [value, value, 0, 1],
    );
    shared.writeCommand('hold', value + 0.5, 0);
    other.readCommand(command);
    assert.deepEqual([command[COMMAND.number], command[COMMAND.isHold]], [value + 0.5, 1]);
  }
});

test('a writer that is stopped in the middle leaves the last state readable, and goes on', () => {
  const shared = createSharedState();
  shared.writeState(...stateOf(7));
  const [readings, , report] = stateOf(8);
  // The readings fit and the poses do not, so the write breaks off between the two.
  assert.throws(() => shared.writeState(readings, new Float32Array(POSES_SIZE + 1), report), RangeError);
  assert.deepEqual(read(shared), [7]);
  shared.writeState(...stateOf(9));
  assert.deepEqual(read(shared), [9]);
});

const WRITER = `
  import { workerData, parentPort } from 'node:worker_threads';
  const { createSharedState, emptyReport } = await import(workerData.module);
  const shared = createSharedState(workerData.buffer);
  const stop = new Int32Array(workerData.stop);
  const readings = new Float64Array(workerData.readings);
  const poses = new Float32Array(workerData.poses);
  for (let value = 1; Atomics.load(stop, 0) === 0; value++) {
    readings.fill(value);
    poses.fill(value);
    shared.writeState(readings, poses, { ...emptyReport(), timeMs: value, droppedMs: value });
    if (value === 1) parentPort.postMessage('writing');
    for (let pause = 0; pause < 2000; pause++) Atomics.load(stop, 0);
  }`;

test('states are whole and in order, read as fast as they are written', async () => {
  const shared = createSharedState();
  const stop = new SharedArrayBuffer(4);
  const module = new URL('../../../../native/sim/realtime/shared-state.ts', import.meta.url).href;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WRITER)}`), {
    workerData: { module, buffer: shared.buffer, stop, readings: READINGS_SIZE, poses: POSES_SIZE },
  });
  await new Promise((resolve) => worker.once('message', resolve));
  let newest = 0;
  for (let count = 0; count < 5000; count++) {
    const values = read(shared);
    assert.equal(values.length, 1, `torn: ${values}`);
    assert.ok(values[0]! >= newest);
    newest = values[0]!;
  }
  Atomics.store(new Int32Array(stop), 0, 1);
  await new Promise((resolve) => worker.once('exit', resolve));
  assert.ok(newest > 0);
});
