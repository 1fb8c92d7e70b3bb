/** Training pictures of the encoder: reproducible, true to the running cell, labelled in the tool frame. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Quaternion, Vector3 } from 'three';
import { createRng } from '../../../../main/api/rng.ts';
import { SEED_RANGES } from '../../../../main/api/task.ts';
import { labelColumns } from '../../../../main/study/assets/encoder-spec.ts';
import { CELL_SHAPES } from '../../../../native/sim/camera/look.ts';
import { DEFAULT_LOOK, type RenderLook } from '../../../../native/sim/camera/render-scene.ts';
import { type View, viewUnder } from '../../../../native/sim/conditions.ts';
import {
  createEncoderData,
  ENCODER_LABEL_COUNT,
  ENCODER_LABELS,
  type EncoderDataSource,
  encoderGroupSeed,
} from '../../../../native/sim/encoder-data/encoder-data.ts';
import { arrangeWidely, createEpisodeDriver, episodeModeOf } from '../../../../native/sim/encoder-data/episode.ts';
import { composePoses, invertPose } from '../../../../native/sim/encoder-data/grasp.ts';
import { createArmSolver } from '../../../../native/sim/encoder-data/inverse-kinematics.ts';
import { encoderLabels } from '../../../../native/sim/encoder-data/labels.ts';
import { drawTrainingView } from '../../../../native/sim/encoder-data/look.ts';
import { type Sensor, sense } from '../../../../native/sim/encoder-data/sensor.ts';
import { createLockstepCell } from '../../../../native/sim/lockstep-cell.ts';
import { toolDown, yawOrientation } from '../../../../native/sim/physics/frames.ts';
import { loadMujoco } from '../../../../native/sim/physics/mujoco.ts';
import { createPhysics, readReadings } from '../../../../native/sim/physics/physics.ts';
import { truthOf } from '../../../../native/sim/physics/readings.ts';

/** Groups of several kinds of scenes. */
const FEW_GROUPS = [0, 1, 2, 3];

let source: EncoderDataSource;
before(async () => {
  source = await createEncoderData();
});
after(() => source.dispose());

test('a group is the same every time, and another one is another', () => {
  const first = source.group('train', 0);
  const other = source.group('hold-out', 0);
  assert.deepEqual(source.group('train', 0), first);
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
  for (const index of FEW_GROUPS)
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

test('a block between closed fingers is held, one between open fingers is not, and its yaw is told against the tool', () => {
  const tool = { positionM: [0.5, 0, 0.1] as const, orientation: toolDown(0.1) };
  const truth = (openingM: number) => ({
    simTimeSec: 0,
    baseFromTool: tool,
    openingM,
    tipM: [0.5, 0, 0.082] as const,
    holeM: [0, 0, -1] as const,
    baseFromObject: { positionM: [0.503, 0, 0.102] as const, orientation: yawOrientation(0.3) },
    socketYawRad: 0,
    objectTiltRad: 0,
    depthM: -1,
    lateralErrorM: 0.5,
    contactForceN: 0,
  });
  const read = (openingM: number) => encoderLabels(truth(openingM), { object: 'block', socket: false });
  assert.equal(read(0.0198).labels[labelColumns('held')[0]!], 1);
  assert.equal(read(0.03).labels[labelColumns('held')[0]!], 0);
  const { labels, known } = read(0.0198);
  assert.ok(Math.abs(labels[labelColumns('objectYaw')[0]!]! - 0.2) < 1e-6);
  labelColumns('objectPlace').forEach((column, axis) => {
    assert.ok(Math.abs(labels[column]! - [0.003, 0, 0.102][axis]!) < 1e-6);
  });
  // Without socket and peg, whatever is told of them is not known.
  for (const name of ['holeFromTip', 'holePlace', 'yawError', 'tipFromTool', 'depth'] as const)
    for (const column of labelColumns(name)) assert.deepEqual([known[column], labels[column]], [0, 0], name);
});

test('training pictures vary at least as widely as the conditions of the evaluation', () => {
  const rng = createRng(8);
  const views = Array.from({ length: 600 }, () => drawTrainingView(CELL_SHAPES, rng));
  const usual = views.filter((view) => view.usual);
  assert.ok(usual.length > 0.4 * views.length && usual.length < 0.5 * views.length, `${usual.length} usual`);
  assert.ok(
    usual.every(({ look, cameras, sensor }) => look === DEFAULT_LOOK && cameras === CELL_SHAPES.cameras && !sensor),
  );
  const varied = views.filter((view) => !view.usual);
  const under = (name: 'light' | 'colour' | 'camera') =>
    Array.from({ length: 300 }, (_, seed) => viewUnder(name, CELL_SHAPES, seed));
  const [lowest, highest] = [Math.min, Math.max].map((pick) => (values: readonly number[]) => pick(...values));
  for (const value of [(look: RenderLook) => look.exposure, (look: RenderLook) => look.lampStrength]) {
    const [mine, theirs] = [varied, under('light')].map((all) => all.map(({ look }) => value(look)));
    assert.ok(lowest!(mine!) < lowest!(theirs!) && highest!(mine!) > highest!(theirs!));
  }
  const gains = (all: readonly { readonly look: RenderLook }[]) =>
    all.flatMap(({ look }) => [...(look.colorGains ?? [])]);
  assert.ok(highest!(gains(varied)) > highest!(gains(under('colour'))));
  const shiftsM = (all: readonly View[]) =>
    all.flatMap(({ cameras }) =>
      cameras.map(({ bodyFromCamera }, index) => {
        const before = CELL_SHAPES.cameras[index]!.bodyFromCamera.positionM;
        return Math.hypot(...bodyFromCamera.positionM.map((value, axis) => value - before[axis]!));
      }),
    );
  const moved = shiftsM(varied).filter((shiftM) => shiftM > 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(moved.length > 0.5 * 2 * varied.length, 'more than half of the varied pictures have knocked cameras');
  assert.ok(mean(moved) > mean(shiftsM(under('camera'))));
});

test('the sensor adds the noise that it says, and blurs without changing the light', () => {
  const flat = new Uint8Array(32 * 32 * 3).fill(100);
  const sensor: Sensor = { blur: 0, gains: [1, 1, 1.1], readLevels: 3, shotLevels: 0.4 };
  const seen = Float64Array.from(sense(flat, 32, sensor, createRng(2)));
  const [red, blue] = [seen.filter((_, at) => at % 3 === 0), seen.filter((_, at) => at % 3 === 2)];
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(mean(red.map((value) => (value - mean(red)) ** 2)));
  assert.ok(Math.abs(mean(red) - 100) < 0.6, `${mean(red)}`);
  assert.ok(Math.abs(mean(blue) - 110) < 0.6, `${mean(blue)}`);
  assert.ok(Math.abs(spread - 5) < 0.5, `√(3² + 0.4²·100) = 5 levels, not ${spread}`);
  const spot = new Uint8Array(32 * 32 * 3);
  spot.fill(200, (16 * 32 + 16) * 3, (16 * 32 + 16) * 3 + 3);
  const blurred = sense(spot, 32, { blur: 0.5, gains: [1, 1, 1], readLevels: 0, shotLevels: 0 }, createRng(2));
  const at = (row: number, column: number) => blurred[(row * 32 + column) * 3]!;
  assert.deepEqual([at(16, 16), at(16, 17), at(15, 16), at(15, 15), at(16, 18)], [50, 25, 25, 13, 0]);
});

test('an undisturbed episode of lift goes from far above to a block in the raised hand, seen under each condition', () => {
  const frames = source.measuredEpisode('lift', 3, ['usual', 'camera']);
  const phases = frames.map(({ mode }) => mode);
  assert.equal(phases[0], 'above');
  assert.equal(phases.at(-1), 'lifted');
  assert.ok(phases.includes('around'));
  const { labels, truth, pictures } = frames.at(-1)!;
  assert.equal(labels[labelColumns('held')[0]!], 1);
  assert.ok(truth.baseFromObject.positionM[2] > 0.1);
  assert.notDeepEqual(pictures['camera'], pictures['usual']);
});

test('disturbed episodes show missed, dropped and lifted objects', async () => {
  const mujoco = await loadMujoco();
  const solver = createArmSolver(mujoco);
  const physics = createPhysics(mujoco, { object: 'block' });
  const modes: string[] = [];
  for (const seed of [1, 2, 3]) {
    const rng = createRng(seed);
    arrangeWidely(physics, 'lift', solver, rng);
    const drive = createEpisodeDriver(
      physics,
      'lift',
      { disturbed: true, graspErrorM: 0, holeErrorM: 0 },
      rng.split('driver'),
    );
    for (let truth = drive(); truth; truth = drive()) {
      const { labels } = encoderLabels(truth, { object: 'block', socket: false });
      modes.push(episodeModeOf(truth, labels[labelColumns('held')[0]!] === 1));
    }
  }
  physics.dispose();
  solver.dispose();
  for (const mode of ['above', 'around', 'grasp', 'lifted']) assert.ok(modes.includes(mode), `${new Set(modes)}`);
  const lost = modes.some((mode, at) => modes[at - 1] === 'lifted' && mode !== 'lifted');
  assert.ok(lost, 'an object is lost after it was held');
});

test('composing a pose with its inverse gives nothing', () => {
  const pose = { positionM: [0.1, -0.2, 0.3] as const, orientation: [0.5, -0.5, 0.5, 0.5] as const };
  const { positionM, orientation } = composePoses(pose, invertPose(pose));
  assert.ok(Math.hypot(...positionM) < 1e-12);
  assert.ok(Math.abs(Math.abs(orientation[3]) - 1) < 1e-12);
});
