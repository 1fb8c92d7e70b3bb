/**
 * The convolutional trunk that is frozen: it learns toy pictures, its file gives the maps that training read, and the
 * one that ships opens.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { encoderManifestSchema } from '../../../main/api/policy.ts';
import { createRng } from '../../../main/api/rng.ts';
import type { EncoderDataset } from '../../../main/learn/encoders/encoder-training.ts';
import { pooledSize, poolPicture } from '../../../main/learn/encoders/pooled-picture.ts';
import type { SupervisedState } from '../../../main/learn/encoders/supervised-training.ts';
import {
  type TrunkSpec,
  trunkMaps,
  trunkModel,
  trunkParameters,
  trunkReadoutModel,
} from '../../../main/learn/encoders/trunk.ts';
import { TRUNK_TRAINING, trainTrunk } from '../../../main/learn/encoders/trunk-training.ts';
import { mapsSize } from '../../../main/learn/nets/spatial-embedding.ts';
import { CELL_TRUNK_MANIFEST } from '../../../main/models/assets.ts';
import { loadEncoder } from '../../../main/models/encoder-runtime.ts';
import { createOrtBackend, loadOrtSession } from '../../../main/tensor/backends/ort.ts';

const SIZE_PX = 16;
const spec: TrunkSpec = {
  cameras: [
    { camera: 'left', sizePx: SIZE_PX, poolPx: 2 },
    { camera: 'right', sizePx: SIZE_PX, poolPx: 2 },
  ],
  net: { stem: { kernel: 3, channels: 8 }, stages: [12], channels: 8, groups: 4 },
  taught: { features: 4, bottleneck: 16 },
  readouts: [
    {
      label: 'spot',
      columns: [0, 1],
      curve: 'linear',
      unit: 4,
      trainedClip: 4,
      weight: 1,
      shown: [{ unit: 1, clip: 20 }],
    },
  ],
};
const config = { ...TRUNK_TRAINING, epochs: 10, batchSize: 32, peakLearningRate: 1e-2 };

/** A bright spot; labels: where it is, in pixels from the centre. Only the left camera sees it. */
function toyPicture(x: number, y: number): Uint8Array {
  const rgb = new Uint8Array(SIZE_PX * SIZE_PX * 3).fill(60);
  for (let row = 0; row < SIZE_PX; row++)
    for (let column = 0; column < SIZE_PX; column++) {
      const near = Math.exp(-((column - 8 - x) ** 2 + (row - 8 - y) ** 2) / 8);
      rgb[(row * SIZE_PX + column) * 3] = Math.round(60 + 150 * near);
    }
  return rgb;
}
const blank = new Uint8Array(SIZE_PX * SIZE_PX * 3).fill(60);

function toyFrames(count: number, seed: number) {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => {
    const labels = [rng.range(-5, 5), rng.range(-5, 5)] as const;
    return { labels, pictures: [toyPicture(...labels), blank] };
  });
}

function toyDataset(count: number): EncoderDataset {
  const frames = toyFrames(count, 11);
  const pixels = Object.fromEntries(
    spec.cameras.map((camera, index) => {
      const all = new Uint8Array(count * pooledSize(camera));
      for (const [row, { pictures }] of frames.entries())
        poolPicture(pictures[index]!, camera, all, row * pooledSize(camera));
      return [camera.camera, all];
    }),
  );
  const labels = Float32Array.from(frames.flatMap((frame) => frame.labels));
  return { count, pixels, labels, weights: labels.map(() => 1), labelCount: 2 };
}

const dataset = toyDataset(640);

async function train(from?: SupervisedState) {
  const states: SupervisedState[] = [];
  const losses: number[] = [];
  const weights = await trainTrunk({
    ...{ spec, dataset, config, from },
    backend: createOrtBackend({ threads: 1 }),
    rng: createRng(1),
    onEpoch: (state, loss) => {
      states.push(state);
      losses.push(loss);
    },
  });
  return { states, losses, weights };
}
const trained = train();

test('it learns, and a run that goes on from a stored epoch ends with the same bytes', async () => {
  const { states, losses, weights } = await trained;
  assert.ok(losses.at(-1)! < 0.25 * losses[0]!, `${losses}`);
  const again = await train(states[7]);
  assert.equal(again.states.length, config.epochs - 8);
  assert.deepEqual(again.weights, weights);
});

test('the file gives maps from which the readouts tell what was taught', async () => {
  const { weights } = await trained;
  const model = await loadOrtSession(trunkModel(spec, weights), { threads: 1 });
  const reader = await loadOrtSession(trunkReadoutModel(spec, weights), { threads: 1 });
  assert.deepEqual(model.inputs['left'], { shape: [1, SIZE_PX, SIZE_PX, 3], dtype: 'uint8' });
  const errors: number[] = [];
  for (const { pictures, labels } of toyFrames(60, 12)) {
    const [left, right] = pictures.map((data) => ({ shape: [1, SIZE_PX, SIZE_PX, 3], data }));
    const { embedding } = await model.run({ left: left!, right: right! });
    assert.deepEqual(embedding!.shape, [1, mapsSize(trunkMaps(spec))]);
    const { readouts } = await reader.run({ embedding: embedding! });
    errors.push(Math.hypot(Number(readouts!.data[0]) - labels[0], Number(readouts!.data[1]) - labels[1]));
  }
  await model.dispose();
  await reader.dispose();
  const median = errors.sort((a, b) => a - b)[30]!;
  // Saying "in the middle" every time is 3.9 pixels off.
  assert.ok(median < 0.6, `the spot is misread by ${median} pixels`);
});

test('maps are laid out camera by camera, and of one size', () => {
  assert.deepEqual(trunkMaps(spec), { cameras: 2, height: 2, width: 2, channels: 8, features: 4, bottleneck: 16 });
  const names = trunkParameters(spec).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const uneven = { ...spec, cameras: [spec.cameras[0]!, { ...spec.cameras[1]!, poolPx: 4 }] };
  assert.throws(() => trunkMaps(uneven), /maps are of 2, 1 places a side; pool them to one size/);
});

test('the trunk that ships opens, is small, and sees', async () => {
  const trunk = await loadEncoder(CELL_TRUNK_MANIFEST);
  const { cameras, embeddingSize, model } = trunk.manifest;
  assert.equal(embeddingSize, 2 * 4 * 4 * 32);
  assert.deepEqual(trunk.manifest.maps, { cameras: 2, height: 4, width: 4, channels: 32 });
  const other = { ...trunk.manifest, maps: { cameras: 2, height: 4, width: 4, channels: 16 } };
  assert.throws(() => encoderManifestSchema.parse(other), /as many numbers as `embeddingSize` says/);
  assert.ok(statSync(join(dirname(CELL_TRUNK_MANIFEST), model)).size < 2e6);
  const frames = (level: number) =>
    cameras.map(({ name, widthPx, heightPx }, index) => ({
      camera: name,
      ...{ widthPx, heightPx },
      rgb: Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, at) => (at * (7 + index) + level * (at % 5)) % 256),
    }));
  const [first, second] = [await trunk.embed(frames(0)), await trunk.embed(frames(9))];
  await trunk.dispose();
  assert.equal(first.length, embeddingSize);
  assert.ok(first.every(Number.isFinite));
  assert.ok(
    first.some((value, at) => Math.abs(value - second[at]!) > 0.1),
    'other pictures, other maps',
  );
});
