/** Conditions that an encoder was not trained on. The usual ones change nothing; the others follow from the seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELL_SHAPES } from '../../../native/sim/camera/look.ts';
import { DEFAULT_LOOK } from '../../../native/sim/camera/render-scene.ts';
import { CONDITIONS, viewUnder } from '../../../native/sim/conditions.ts';
import { createLockstepCell } from '../../../native/sim/lockstep-cell.ts';

test('each condition changes what it names and nothing else, differently for every seed', () => {
  const usual = viewUnder('usual', CELL_SHAPES, 7);
  assert.deepEqual(usual, { look: DEFAULT_LOOK, cameras: CELL_SHAPES.cameras });
  for (const conditions of CONDITIONS.filter((each) => each !== 'usual')) {
    const view = viewUnder(conditions, CELL_SHAPES, 7);
    assert.deepEqual(viewUnder(conditions, CELL_SHAPES, 7), view, 'a seed says it all');
    assert.notDeepEqual(viewUnder(conditions, CELL_SHAPES, 8), view);
    const { look, cameras } = view;
    assert.equal(look.colorGains === undefined, conditions !== 'colour');
    assert.equal(look.exposure === DEFAULT_LOOK.exposure, conditions !== 'light');
    assert.equal(cameras === CELL_SHAPES.cameras, conditions !== 'camera');
  }
});

test('a knocked camera moves by millimetres and turns by about a degree', () => {
  for (let seed = 0; seed < 50; seed++)
    viewUnder('camera', CELL_SHAPES, seed).cameras.forEach(({ bodyFromCamera }, index) => {
      const before = CELL_SHAPES.cameras[index]!.bodyFromCamera;
      const shiftM = Math.hypot(...bodyFromCamera.positionM.map((value, axis) => value - before.positionM[axis]!));
      const [a, b] = [bodyFromCamera.orientation, before.orientation];
      const cosine = Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
      const turnRad = 2 * Math.acos(Math.min(1, cosine));
      assert.ok(shiftM > 0 && shiftM < 0.012, `${shiftM} m`);
      assert.ok(turnRad > 0 && turnRad < 0.06, `${turnRad} rad`);
    });
});

test('the cell looks different under them, and the robot feels the same', async () => {
  const seen = async (conditions: (typeof CONDITIONS)[number]) => {
    const cell = createLockstepCell({ conditions });
    await cell.open();
    await cell.reset('insert', 5, new AbortController().signal);
    const snapshot = await cell.capture();
    await cell.close();
    return snapshot;
  };
  const usual = await seen('usual');
  for (const conditions of CONDITIONS) {
    const { frames, state, stateEstimate } = await seen(conditions);
    assert.deepEqual([state, stateEstimate], [usual.state, usual.stateEstimate]);
    frames.forEach(({ rgb, camera }, index) => {
      const before = usual.frames[index]!.rgb;
      const change = rgb.reduce((sum, value, at) => sum + Math.abs(value - before[at]!), 0) / rgb.length;
      if (conditions === 'usual') assert.equal(change, 0);
      else assert.ok(change > 0.5, `${camera} under ${conditions}: ${change} levels`);
    });
  }
});
