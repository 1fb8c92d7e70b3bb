/** Training pictures of the encoder: reproducible, true to the running cell, labelled in the tool frame. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Quaternion, Vector3 } from 'three';
import { createRng } from '../../../../main/api/rng.ts';
import { SEED_RANGES } from '../../../../main/api/task.ts';
import {
  createEncoderData,
  ENCODER_LABEL_COUNT,
  ENCODER_LABELS,
  type EncoderDataSource,
  encoderGroupSeed,
} from '../../../../native/sim/encoder-data/encoder-data.ts';
import { composePoses, invertPose } from '../../../../native/sim/encoder-data/grasp.ts';
import { createArmSolver } from '../../../../native/sim/encoder-data/inverse-kinematics.ts';
import { encoderLabels } from '../../../../native/sim/encoder-data/labels.ts';
import { createLockstepCell } from '../../../../native/sim/lockstep-cell.ts';
import { loadMujoco } from '../../../../native/sim/physics/mujoco.ts';
import { createPhysics, readReadings } from '../../../../native/sim/physics/physics.ts';
import { truthOf } from '../../../../native/sim/physics/readings.ts';

/** Indices of groups of posed scenes, and of driven physics. */
const POSED = 0;
const DRIVEN = 1;

let source: EncoderDataSource;
before(async () => {
  source = await createEncoderData();
});
after(() => source.dispose());

test('a group is the same every time, and another one is another', () => {
  const first = source.group('train', POSED);
  const other = source.group('hold-out', POSED);
  assert.deepEqual(source.group('train', POSED), first);
  assert.notDeepEqual(other[0]?.pictures[0], first[0]?.pictures[0]);
});

test('every group has its own seed in the encoder’s range, the hold-out apart', () => {
  const { first, count } = SEED_RANGES.encoder;
  const half = count / 2;
  assert.equal(encoderGroupSeed('train', 0), first);
  assert.equal(encoderGroupSeed('train', half - 1), first + half - 1);
  assert.equal(encoderGroupSeed('hold-out', 0), first + half);
  assert.equal(encoderGroupSeed('hold-out', half - 1), first + count - 1);
  assert.throws(() => encoderGroupSeed('train', half), RangeError);
});

test('labels fill their columns, and say so where they mean nothing', () => {
  assert.equal(
    ENCODER_LABELS.reduce((sum, { size }) => sum + size, 0),
    ENCODER_LABEL_COUNT,
  );
  for (const index of [POSED, DRIVEN])
    for (const { labels, known } of source.group('train', index)) {
      assert.equal(labels.length, ENCODER_LABEL_COUNT);
      labels.forEach((value, column) => {
        assert.ok(Number.isFinite(value));
        if (known[column] === 0) assert.equal(value, 0);
      });
    }
});

test('pictures of the default look are those that the running cell sees', async () => {
  const cell = createLockstepCell();
  await cell.open();
  const seed = SEED_RANGES.encoder.first;
  await cell.reset('insert', seed, new AbortController().signal);
  const { frames } = await cell.capture();
  assert.deepEqual(
    frames.map(({ camera }) => camera),
    source.cameras,
  );
  source.pictures(cell.scenePoses()).forEach((picture, index) => {
    assert.ok(Buffer.from(picture).equals(Buffer.from(frames[index]!.rgb)), source.cameras[index]);
  });
  await cell.close();
});

test('the arm reaches a wanted tool pose to a tenth of a millimetre', async () => {
  const mujoco = await loadMujoco();
  const solver = createArmSolver(mujoco);
  const physics = createPhysics(mujoco, { object: 'peg' });
  const rng = createRng(5);
  for (let attempt = 0; attempt < 20; attempt++) {
    const down = new Quaternion(1, 0, 0, 0).multiply(
      new Quaternion().setFromAxisAngle(new Vector3(rng.normal(), rng.normal(), rng.normal()).normalize(), 0.15),
    );
    const target = {
      positionM: [0.5 + rng.range(-0.1, 0.1), rng.range(-0.15, 0.15), rng.range(0.05, 0.2)] as const,
      orientation: [down.x, down.y, down.z, down.w] as const,
    };
    const armRad = solver.solve(target);
    assert.ok(armRad);
    physics.arrange({
      armRad,
      fingerM: 0.02,
      gripper: 'open',
      baseFromObject: { positionM: [0.3, 0.3, 0.03], orientation: [0, 0, 0, 1] },
      socket: undefined,
    });
    const { baseFromTool } = truthOf(readReadings(physics));
    assert.ok(Math.hypot(...baseFromTool.positionM.map((value, axis) => value - target.positionM[axis]!)) < 1e-4);
    assert.ok(new Quaternion(...baseFromTool.orientation).angleTo(down) < 1e-3);
  }
  physics.dispose();
  solver.dispose();
});

test('the hole is told from the tip, in the tool frame', () => {
  // The tool points down, turned by a quarter: its x axis is the base's y, and its y axis the base's x.
  const half = Math.PI / 4;
  const baseFromTool = {
    positionM: [0.5, 0.1, 0.1] as const,
    orientation: [Math.cos(half), Math.sin(half), 0, 0] as const,
  };
  const baseFromObject = { positionM: [0.5, 0.1, 0.085] as const, orientation: [0, 0, 0, 1] as const };
  const { labels, known } = encoderLabels(
    {
      simTimeSec: 0,
      baseFromTool,
      openingM: 0.0074,
      tipM: [0.5, 0.1, 0.055],
      holeM: [0.51, 0.103, 0.03],
      baseFromObject,
      socketYawRad: 0,
      objectTiltRad: 0,
      depthM: -0.025,
      lateralErrorM: Math.hypot(0.01, 0.003),
      contactForceN: 0,
    },
    { object: 'peg', socket: true },
  );
  const column = (name: string) => {
    let at = 0;
    for (const label of ENCODER_LABELS) {
      if (label.name === name) return Array.from(labels.slice(at, at + label.size));
      at += label.size;
    }
    return [];
  };
  const close = (actual: readonly number[], expected: readonly number[]) =>
    expected.forEach((value, index) => {
      assert.ok(Math.abs(actual[index]! - value) < 1e-6, `${actual} is not ${expected}`);
    });
  assert.ok(known.every((flag) => flag === 1));
  close(column('holeFromTip'), [0.003, 0.01, 0.025]);
  close(column('tipFromTool'), [0, 0, 0]);
  close(column('holeAxis'), [0, 0]);
  close(column('pegAxis'), [0, 0]);
  close(column('objectFromTool'), [0, 0, 0.015]);
  close(column('held'), [1]);
});

test('composing a pose with its inverse gives nothing', () => {
  const pose = { positionM: [0.1, -0.2, 0.3] as const, orientation: [0.5, -0.5, 0.5, 0.5] as const };
  const { positionM, orientation } = composePoses(pose, invertPose(pose));
  assert.ok(Math.hypot(...positionM) < 1e-12);
  assert.ok(Math.abs(Math.abs(orientation[3]) - 1) < 1e-12);
});
