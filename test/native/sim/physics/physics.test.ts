import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createRng } from '../../../../main/api/rng.ts';
import { episodeSeed } from '../../../../main/api/task.ts';
import { createExpert } from '../../../../native/sim/people/expert.ts';
import { toolDown } from '../../../../native/sim/physics/frames.ts';
import { HOME_RAD } from '../../../../native/sim/physics/model.ts';
import { loadMujoco } from '../../../../native/sim/physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../../../../native/sim/physics/physics.ts';
import { robotStateOf, truthOf } from '../../../../native/sim/physics/readings.ts';
import { insertTask } from '../../../../native/sim/tasks/insert.ts';
import { act, driveExpert, followerFor } from '../drive.ts';

let physics: Physics;
before(async () => {
  physics = createPhysics(await loadMujoco(), { object: 'peg' });
});
after(() => physics.dispose());

const seed = episodeSeed('training', 7);

function hashOf(subject: Physics): string {
  const { integration, controller, sensing } = subject.save();
  const hash = createHash('sha256');
  for (const part of [integration, controller, sensing, readReadings(subject)])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

test('two runs of an episode in contact end in the same state, in one model and in another', async () => {
  const first = driveExpert(physics, 'insert', seed);
  const firstHash = hashOf(physics);
  const second = driveExpert(physics, 'insert', seed);
  assert.equal(hashOf(physics), firstHash);
  assert.deepEqual(second, first);
  const other = createPhysics(await loadMujoco(), { object: 'peg' });
  driveExpert(other, 'insert', seed);
  assert.equal(hashOf(other), firstHash);
  other.dispose();
});

test('a restored run continues to the bit, sensors included', () => {
  insertTask.arrange(physics, seed);
  const expert = createExpert('insert', createRng(1));
  const start = truthOf(readReadings(physics));
  const follower = followerFor('insert', start);
  for (let step = 0; step < 14; step++) {
    const truth = truthOf(readReadings(physics));
    act(physics, follower, truth, expert.nextAction(truth));
  }
  const saved = physics.save();
  const setPoint = { baseFromTool: start.baseFromTool, gripper: 'close', rampMs: 300 } as const;
  const go = () => {
    physics.command(setPoint);
    for (let step = 0; step < 75; step++) physics.step();
    return hashOf(physics);
  };
  const straight = go();
  physics.restore(saved);
  assert.equal(go(), straight);
});

test('the arm stops at the table: gripper, elbow and wrist cannot be driven through it', () => {
  physics.arrange({
    armRad: HOME_RAD,
    fingerM: 0.02,
    gripper: 'close',
    baseFromObject: { positionM: [0.3, -0.35, 0.03], orientation: [0, 0, 0, 1] },
    socket: undefined,
  });
  physics.command({
    baseFromTool: { positionM: [0.5, 0, -0.15], orientation: toolDown(0) },
    gripper: 'close',
    rampMs: 2000,
  });
  for (let step = 0; step < 2000; step++) physics.step();
  const state = robotStateOf(readReadings(physics), 0);
  assert.ok(state.baseFromTool.positionM[2] > 0.007, `tool at ${state.baseFromTool.positionM[2]} m`);
  const [, , forceZ] = state.wrenchInTool;
  assert.ok(forceZ < -10, `the table pushes up, against the tool's z axis: ${forceZ} N`);

  // The hand is laid flat on the table, which link 7 could reach only by passing through the table.
  physics.command({
    baseFromTool: { positionM: [0.5, 0, -0.05], orientation: [Math.SQRT1_2, 0, Math.SQRT1_2, 0] },
    gripper: 'close',
    rampMs: 3000,
  });
  for (let step = 0; step < 3000; step++) physics.step();
  const poses = new Float32Array(15 * 7);
  physics.readScenePoses(poses);
  for (const body of [6, 7, 8, 9]) assert.ok(poses[body * 7 + 2]! > 0.01, `body ${body} at ${poses[body * 7 + 2]} m`);
  assert.equal(physics.fault(), undefined);
});

test('a command that is not a number is a fault, not a silent reset', () => {
  insertTask.arrange(physics, seed);
  physics.command({
    baseFromTool: { positionM: [Number.NaN, 0, 0.3], orientation: toolDown(0) },
    gripper: 'close',
    rampMs: 100,
  });
  for (let step = 0; step < 5; step++) physics.step();
  assert.match(physics.fault() ?? '', /not finite/);
  insertTask.arrange(physics, seed);
  assert.equal(physics.fault(), undefined);
});

test('holding a pose: millimetre drift at most, no force, the set-point is reached', () => {
  insertTask.arrange(physics, seed);
  const start = truthOf(readReadings(physics));
  const [x, y, z] = start.baseFromTool.positionM;
  physics.command({
    baseFromTool: { ...start.baseFromTool, positionM: [x, y, z + 0.03] },
    gripper: 'close',
    rampMs: 500,
  });
  for (let step = 0; step < 1000; step++) physics.step();
  const end = truthOf(readReadings(physics));
  assert.ok(Math.abs(end.baseFromTool.positionM[2] - z - 0.03) < 0.0005);
  assert.ok(Math.hypot(end.tipM[0] - start.tipM[0], end.tipM[1] - start.tipM[1]) < 0.001, 'the peg stays in the grip');
});
