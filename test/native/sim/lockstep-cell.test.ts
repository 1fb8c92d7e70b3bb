import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { episodeSeed } from '../../../main/api/task.ts';
import { createLockstepCell } from '../../../native/sim/lockstep-cell.ts';
import { createExpert } from '../../../native/sim/people/expert.ts';
import { createActionFollower } from './act.ts';

const never = new AbortController().signal;
const seed = episodeSeed('training', 5);

/** Runs an episode as the engine does: capture, decide, command 30 ms after the tick's edge, sleep to the next. */
async function episode(): Promise<{ hash: string; ticks: number; cpuMs: number[] }> {
  const cell = createLockstepCell();
  await cell.open();
  await cell.reset('insert', seed, never);
  const follower = createActionFollower(cell.state().baseFromTool, 'close');
  const expert = createExpert('insert', createRng(1));
  const hash = createHash('sha256');
  const cpuMs: number[] = [];
  let tick = 0;
  for (; tick < 100; tick++) {
    const before = process.cpuUsage();
    const snapshot = await cell.capture();
    for (const frame of snapshot.frames) hash.update(frame.rgb);
    for (const pad of snapshot.tactile) hash.update(JSON.stringify([...pad.forceN]));
    hash.update(JSON.stringify([snapshot.state, snapshot.task, [...(snapshot.stateEstimate ?? [])]]));
    if (snapshot.task?.success) break;
    const action = expert.nextAction(cell.truth());
    cell.clock.at(100 * tick + 30, () => cell.command(follower.setPoint(action, cell.state().baseFromTool)));
    await cell.clock.sleepUntilMs(100 * (tick + 1));
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1000);
  }
  await cell.close();
  return { hash: hash.digest('hex'), ticks: tick, cpuMs };
}

test('the same seed and commands give bit-identical episodes, pictures and pads included', async (t) => {
  const first = await episode();
  const second = await episode();
  assert.deepEqual([second.hash, second.ticks], [first.hash, first.ticks]);
  assert.ok(first.ticks < 100, 'the expert inserts with a 30 ms delay');
  const sorted = second.cpuMs.sort((a, b) => a - b);
  t.diagnostic(`a tick costs ${sorted[sorted.length >> 1]?.toFixed(1)} ms of CPU (median) with both cameras`);
});

test('callbacks fire at their substep, in order, and see the physics of that moment', async () => {
  const cell = createLockstepCell({ renderCameras: false });
  await cell.open();
  await cell.reset('insert', seed, never);
  const seen: [string, number, number][] = [];
  const startSec = cell.truth().simTimeSec;
  const note = (name: string) =>
    seen.push([name, cell.clock.nowMs(), Math.round((cell.truth().simTimeSec - startSec) * 1000)]);
  cell.clock.at(30, () => {
    note('b');
    cell.clock.at(31, () => note('c'));
  });
  cell.clock.at(7, () => note('a'));
  await cell.clock.sleepUntilMs(100);
  note('end');
  assert.deepEqual(seen, [
    ['a', 7, 6],
    ['b', 30, 30],
    ['c', 31, 30],
    ['end', 100, 100],
  ]);
  assert.deepEqual((await cell.capture()).frames, []);
  await cell.close();
});

test('save and restore repeat an episode from its middle', async () => {
  const cell = createLockstepCell({ renderCameras: false });
  await cell.open();
  await cell.reset('insert', seed, never);
  await cell.clock.sleepUntilMs(200);
  const { baseFromTool } = cell.state();
  const [x, y, z] = baseFromTool.positionM;
  const down = {
    baseFromTool: { ...baseFromTool, positionM: [x, y, z - 0.05] as const },
    gripper: 'close',
    rampMs: 400,
  } as const;
  const saved = cell.save();
  cell.command(down);
  await cell.clock.sleepUntilMs(800);
  const once = cell.truth();
  cell.restore(saved);
  cell.command(down);
  await cell.clock.sleepUntilMs(1400);
  assert.deepEqual(cell.truth(), once);
  await cell.close();
});

test('a fault is reported once, and a reset clears it', async () => {
  const cell = createLockstepCell({ renderCameras: false });
  await cell.open();
  await cell.reset('lift', episodeSeed('training', 1), never);
  const faults: string[] = [];
  cell.onFault((fault) => faults.push(fault.message));
  cell.command({
    baseFromTool: { positionM: [Number.NaN, 0, 0.3], orientation: [1, 0, 0, 0] },
    gripper: 'open',
    rampMs: 100,
  });
  await cell.clock.sleepUntilMs(100);
  await cell.clock.sleepUntilMs(200);
  assert.equal(faults.length, 1);
  await cell.reset('lift', episodeSeed('training', 1), never);
  await cell.clock.sleepUntilMs(300);
  assert.ok(Number.isFinite(cell.state().baseFromTool.positionM[0]));
  assert.equal(faults.length, 1);
  await cell.close();
});
