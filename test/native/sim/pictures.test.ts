/**
 * Golden pictures: both cameras, shrunk to 16×16, against `pictures.golden.json`. `UPDATE_GOLDEN=1` writes the file;
 * look at the pictures before you commit. The test is tolerant, because trigonometry may differ in the last bit between
 * machines.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { episodeSeed, type TaskId } from '../../../main/api/task.ts';
import type { CameraMount } from '../../../main/api/window/shapes.ts';
import type { ScenePoses } from '../../../native/device.ts';
import { CELL_SHAPES } from '../../../native/sim/camera/look.ts';
import { createRenderer } from '../../../native/sim/camera/rasteriser.ts';
import { DEFAULT_LOOK, type RenderLook } from '../../../native/sim/camera/render-scene.ts';
import { SCENE_BODIES } from '../../../native/sim/physics/model.ts';
import { loadMujoco } from '../../../native/sim/physics/mujoco.ts';
import { createPhysics, type Physics } from '../../../native/sim/physics/physics.ts';
import { SIM_TASKS } from '../../../native/sim/tasks/task-registry.ts';

const GOLDEN = new URL('./pictures.golden.json', import.meta.url);
const SMALL = 16;
const TOLERANCE = 3;
const size = 128;
const renderer = createRenderer(CELL_SHAPES, size, 2);
const render = (camera: CameraMount, poses: ScenePoses, look?: RenderLook) => {
  renderer.setScene(poses, look);
  return renderer.draw(camera);
};
const scenes = new Map<'peg' | 'block', Physics>();
before(async () => {
  const mujoco = await loadMujoco();
  for (const object of ['peg', 'block'] as const) scenes.set(object, createPhysics(mujoco, { object }));
});
after(() => {
  for (const physics of scenes.values()) physics.dispose();
});

function posesAtStart(task: TaskId): Float32Array {
  const physics = scenes.get(SIM_TASKS[task].object)!;
  SIM_TASKS[task].arrange(physics, episodeSeed('training', 1));
  const poses = new Float32Array(SCENE_BODIES.length * 7);
  physics.readScenePoses(poses);
  return poses;
}

function shrink(rgb: Uint8Array): number[] {
  const cell = size / SMALL;
  return Array.from({ length: SMALL * SMALL * 3 }, (_, at) => {
    const [row, column, channel] = [Math.floor(at / 3 / SMALL), Math.floor(at / 3) % SMALL, at % 3];
    let sum = 0;
    for (let y = 0; y < cell; y++)
      for (let x = 0; x < cell; x++) sum += rgb[((row * cell + y) * size + column * cell + x) * 3 + channel]!;
    return Math.round(sum / (cell * cell));
  });
}

test('both cameras show what they showed when someone looked', (t) => {
  const pictures: Record<string, number[]> = {};
  const hash = createHash('sha256');
  for (const task of ['insert', 'pick-insert', 'lift'] as const) {
    renderer.setScene(posesAtStart(task));
    for (const camera of CELL_SHAPES.cameras) {
      const rgb = renderer.draw(camera);
      hash.update(rgb);
      pictures[`${task} ${camera.name}`] = shrink(rgb);
    }
  }
  t.diagnostic(`hash on this machine ${hash.digest('hex').slice(0, 16)}`);
  if (process.env['UPDATE_GOLDEN']) {
    const rows = Object.entries(pictures).map(([name, values]) => `${JSON.stringify(name)}: [${values.join(',')}]`);
    writeFileSync(GOLDEN, `{\n${rows.join(',\n')}\n}\n`);
  }
  const golden: Record<string, number[]> = JSON.parse(readFileSync(GOLDEN, 'utf8'));
  assert.deepEqual(Object.keys(pictures), Object.keys(golden));
  for (const [name, values] of Object.entries(pictures)) {
    const worst = Math.max(...values.map((value, at) => Math.abs(value - golden[name]![at]!)));
    assert.ok(worst <= TOLERANCE, `${name} differs by ${worst} of 255`);
  }
});

test('the same scene gives the same bytes; another light, another picture', () => {
  const poses = posesAtStart('insert');
  const camera = CELL_SHAPES.cameras[1]!;
  const first = render(camera, poses);
  assert.deepEqual(render(camera, poses), first);
  const dim = render(camera, poses, { ...DEFAULT_LOOK, exposure: 0.7 });
  const mean = (rgb: Uint8Array) => rgb.reduce((sum, value) => sum + value, 0) / rgb.length;
  assert.ok(mean(dim) < 0.95 * mean(first));
  const colorGains = new Float32Array(CELL_SHAPES.materials.length * 3).fill(1);
  colorGains.fill(0, 3 * CELL_SHAPES.materials.findIndex(({ name }) => name === 'socket'));
  assert.notDeepEqual(render(camera, poses, { ...DEFAULT_LOOK, colorGains }), first);
});

test('the peg is yellow and the socket blue in the wrist camera', () => {
  const rgb = render(CELL_SHAPES.cameras[1]!, posesAtStart('insert'));
  let yellow = 0;
  let blue = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
    if (r > 1.8 * b && g > 1.4 * b && r > 100) yellow++;
    if (b > 1.5 * r && b > 90) blue++;
  }
  assert.ok(yellow > 300 && blue > 300, `${yellow} yellow and ${blue} blue pixels`);
});

test('time for a pair of pictures', (t) => {
  const poses = posesAtStart('insert');
  const pair = () => {
    renderer.setScene(poses);
    for (const camera of CELL_SHAPES.cameras) renderer.draw(camera);
  };
  for (let round = 0; round < 30; round++) pair();
  const before = process.cpuUsage();
  for (let round = 0; round < 50; round++) pair();
  const { user, system } = process.cpuUsage(before);
  t.diagnostic(`${((user + system) / 50_000).toFixed(1)} ms of CPU for two cameras, ${renderer.triangles} triangles`);
});
