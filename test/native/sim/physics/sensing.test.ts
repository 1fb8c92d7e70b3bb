import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRng } from '../../../../main/api/rng.ts';
import { episodeSeed } from '../../../../main/api/task.ts';
import { SCENE_BODIES } from '../../../../native/sim/physics/model.ts';
import { loadMujoco } from '../../../../native/sim/physics/mujoco.ts';
import { createPhysics, type Physics, readReadings } from '../../../../native/sim/physics/physics.ts';
import { READING } from '../../../../native/sim/physics/readings.ts';
import { createTactilePads } from '../../../../native/sim/physics/tactile.ts';
import { insertTask } from '../../../../native/sim/tasks/insert.ts';

let physics: Physics;
before(async () => {
  physics = createPhysics(await loadMujoco(), { object: 'peg' });
});
after(() => physics.dispose());

function touch() {
  insertTask.arrange(physics, episodeSeed('training', 2));
  for (let step = 0; step < 100; step++) physics.step();
  const poses = new Float32Array(SCENE_BODIES.length * 7);
  physics.readScenePoses(poses);
  return { poses, totals: readReadings(physics).subarray(READING.padTotals, READING.padTotals + 8) };
}

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

test('taxels sum to the forces that the solver computed, and hold the weight of the peg', () => {
  const { poses, totals } = touch();
  const pads = createTactilePads({ imperfect: false }).frames(poses, totals, undefined);
  for (const pad of pads) {
    const [normal, shearX, shearZ] = pad.total;
    assert.ok(Math.abs(sum(pad.forceN.subarray(0, 256)) - normal) < 1e-3);
    assert.ok(Math.abs(sum(pad.forceN.subarray(256, 512)) - shearX) < 1e-3);
    assert.ok(Math.abs(sum(pad.forceN.subarray(512)) - shearZ) < 1e-3);
    assert.ok(normal > 30 && normal < 40, `grip ${normal} N`);
  }
  // The pads' z axis points down, and so does the weight of the 50 g peg.
  const weight = pads[0]!.total[2] + pads[1]!.total[2];
  assert.ok(Math.abs(weight - 0.05 * 9.81) < 0.05, `shear ${weight} N`);
});

test('imperfections are small, seeded and quantised', () => {
  const { poses, totals } = touch();
  const pads = createTactilePads();
  const [first] = pads.frames(poses, totals, createRng(5));
  const [again] = pads.frames(poses, totals, createRng(5));
  const [other] = pads.frames(poses, totals, createRng(6));
  assert.deepEqual(first, again);
  assert.notDeepEqual(first?.forceN, other?.forceN);
  const pressure = sum(first!.forceN.subarray(0, 256));
  assert.ok(Math.abs(pressure / first!.total[0] - 1) < 0.03);
  for (const value of first!.forceN) assert.ok(Math.abs(value * 1024 - Math.round(value * 1024)) < 1e-4);
});

test('open fingers feel nothing', () => {
  const { poses } = touch();
  const open = poses.slice();
  open[SCENE_BODIES.indexOf('peg') * 7] = 0.9;
  for (const pad of createTactilePads({ imperfect: false }).frames(open, new Float64Array(8), undefined))
    assert.ok(pad.forceN.every((value) => value === 0));
});
