import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { STATE_ESTIMATE_SIZE } from '../../../../main/api/observation.ts';
import { episodeSeed } from '../../../../main/api/task.ts';
import type { DeviceFault } from '../../../../native/device.ts';
import { createLockstepCell } from '../../../../native/sim/lockstep-cell.ts';
import { createRealtimeCell } from '../../../../native/sim/realtime/realtime-cell.ts';

const cell = createRealtimeCell();
const faults: DeviceFault[] = [];
cell.onFault((fault) => faults.push(fault));
before(() => cell.open());
after(() => cell.close());
const never = new AbortController().signal;
const wait = (durationMs: number) => cell.clock.sleepUntilMs(cell.clock.nowMs() + durationMs);
const seed = episodeSeed('training', 9);

test('a reset starts where the lockstep cell starts', async () => {
  const lockstep = createLockstepCell({ renderCameras: false });
  await lockstep.open();
  await lockstep.reset('insert', seed, never);
  await cell.reset('insert', seed, never);
  const expected = lockstep.truth();
  const actual = cell.truth();
  assert.deepEqual(actual.holeM, expected.holeM);
  // The live cell runs already: it holds still, a few substeps later.
  actual.tipM.forEach((value, axis) => {
    assert.ok(Math.abs(value - expected.tipM[axis]!) < 1e-4);
  });
  await lockstep.close();
});

test('a set-point is used within the servo period and moves the arm', async (t) => {
  await cell.reset('insert', seed, never);
  const { baseFromTool } = cell.state();
  const [x, y, z] = baseFromTool.positionM;
  const latencies: number[] = [];
  for (let index = 0; index < 20; index++) {
    cell.command({
      baseFromTool: { ...baseFromTool, positionM: [x, y, z + 0.0005 * index] },
      gripper: 'close',
      rampMs: 20,
    });
    await wait(20);
    const { usedMs, issuedMs } = cell.lastFirstUse();
    latencies.push(usedMs - issuedMs);
  }
  await wait(200);
  assert.ok(cell.state().baseFromTool.positionM[2] > z + 0.006);
  latencies.sort((a, b) => a - b);
  t.diagnostic(`first use after ${latencies[10]?.toFixed(2)} ms median, ${latencies.at(-1)?.toFixed(2)} ms worst`);
  assert.ok(latencies[0]! >= 0 && latencies[10]! < 10, `latencies ${latencies}`);
  assert.ok(cell.clock.nowMs() - cell.state().timeMs < 50, 'the state is fresh');
});

test('a snapshot has both pictures, both pads and the verdict of one moment', async () => {
  await cell.reset('insert', seed, never);
  const snapshot = await cell.capture();
  assert.deepEqual(
    snapshot.frames.map(({ camera, rgb }) => [camera, rgb.length]),
    [
      ['side', 128 * 128 * 3],
      ['wrist', 128 * 128 * 3],
    ],
  );
  assert.equal(snapshot.tactile.length, 2);
  assert.ok(snapshot.tactile[0]!.total[0] > 20);
  assert.equal(snapshot.task?.success, false);
  assert.equal(snapshot.stateEstimate?.length, STATE_ESTIMATE_SIZE);
});

test('hold stops the arm where it is', async () => {
  await cell.reset('insert', seed, never);
  const { baseFromTool } = cell.state();
  const [x, y, z] = baseFromTool.positionM;
  cell.command({ baseFromTool: { ...baseFromTool, positionM: [x, y, z + 0.1] }, gripper: 'close', rampMs: 1000 });
  await wait(300);
  cell.hold();
  // The spring swings a few millimetres before it rests.
  await wait(700);
  const held = cell.state().baseFromTool.positionM[2];
  await wait(300);
  assert.ok(Math.abs(cell.state().baseFromTool.positionM[2] - held) < 0.002);
  assert.ok(held < z + 0.06);
});

test('an aborted reset is refused; a command that is not a number is a fault, and a reset clears it', async () => {
  await assert.rejects(cell.reset('insert', seed, AbortSignal.abort()));
  await cell.reset('lift', seed, never);
  assert.equal(faults.length, 0);
  cell.command({
    baseFromTool: { positionM: [Number.NaN, 0, 0], orientation: [1, 0, 0, 0] },
    gripper: 'open',
    rampMs: 10,
  });
  await wait(400);
  assert.match(faults[0]?.message ?? '', /not finite/);
  await cell.reset('lift', seed, never);
  await wait(50);
  assert.ok(Number.isFinite(cell.state().baseFromTool.positionM[0]));
});

test('after a reset the arm rests in its arrangement, however long, until the episode begins or a set-point comes', async () => {
  await cell.reset('insert', seed, never);
  const arranged = cell.truth();
  await wait(150);
  assert.deepEqual(cell.truth(), arranged);
  cell.begin();
  await wait(20);
  assert.notDeepEqual(cell.truth(), arranged, 'the physics goes on: it settles by micrometres');
});

test('a reset that is called off before the servo has begun it leaves the arm where it is', async () => {
  await cell.reset('insert', seed, never);
  const before = cell.truth();
  const abort = new AbortController();
  const resetting = cell.reset('lift', seed, abort.signal);
  // The reset is offered, but the servo thread has not yet read it.
  await Promise.resolve();
  abort.abort(new Error('Stop was pressed.'));
  await assert.rejects(resetting, /Stop was pressed/);
  await wait(60);
  assert.deepEqual(cell.truth(), before);
});
