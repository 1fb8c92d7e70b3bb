/** The small encoder: what it learns from toy pictures, that it goes on to the byte, and that its file says what training said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import {
  type EncoderSpec,
  embeddingLayout,
  encoderModel,
  encoderParameters,
} from '../../../main/learn/encoders/encoder.ts';
import {
  ENCODER_TRAINING,
  type EncoderDataset,
  encoderTargets,
  trainEncoder,
} from '../../../main/learn/encoders/encoder-training.ts';
import {
  normalisedPicture,
  pooledBatch,
  pooledSize,
  poolPicture,
} from '../../../main/learn/encoders/pooled-picture.ts';
import type { SupervisedState } from '../../../main/learn/encoders/supervised-training.ts';
import { parameterCount } from '../../../main/learn/nets/parameters.ts';
import { createOrtBackend, loadOrtSession } from '../../../main/tensor/backends/ort.ts';
import { defineStep } from '../../../main/tensor/step.ts';

const SIZE_PX = 16;
const NET = { stem: { kernel: 3, channels: 8 }, stages: [12], channels: 8, groups: 4 };
const spec: EncoderSpec = {
  towers: [
    { camera: 'left', sizePx: SIZE_PX, poolPx: 2, net: NET, hidden: 32 },
    { camera: 'right', sizePx: SIZE_PX, poolPx: 2, net: NET, hidden: 8 },
  ],
  trunk: [24],
  readouts: [
    {
      label: 'spot',
      columns: [0, 1],
      curve: 'asinh',
      unit: 2,
      trainedClip: 4,
      weight: 1,
      shown: [
        { unit: 10, clip: 2 },
        { unit: 2, clip: 1.5 },
      ],
    },
    {
      label: 'width',
      columns: [2],
      curve: 'linear',
      unit: 0.5,
      trainedClip: 4,
      weight: 1,
      shown: [{ unit: 0.5, clip: 4 }],
    },
  ],
  features: 6,
  featureScale: 0.5,
};
const config = { ...ENCODER_TRAINING, epochs: 12, batchSize: 32, peakLearningRate: 1e-2 };
const backend = createOrtBackend({ threads: 1 });

/** A bright spot on a grey picture; labels: where it is, in pixels from the centre, and how wide it is. */
function toyPicture(x: number, y: number, width: number): Uint8Array {
  const rgb = new Uint8Array(SIZE_PX * SIZE_PX * 3).fill(60);
  for (let row = 0; row < SIZE_PX; row++)
    for (let column = 0; column < SIZE_PX; column++) {
      const near = Math.exp(-((column - 8 - x) ** 2 + (row - 8 - y) ** 2) / (12 * width));
      rgb[(row * SIZE_PX + column) * 3] = Math.round(60 + 150 * near);
    }
  return rgb;
}

function toyFrames(count: number) {
  const rng = createRng(11);
  return Array.from({ length: count }, () => {
    const labels = [rng.range(-5, 5), rng.range(-5, 5), rng.range(0.5, 1)] as const;
    return { labels, picture: toyPicture(...labels) };
  });
}

function toyDataset(count: number): EncoderDataset {
  const frames = toyFrames(count);
  const pixels = Object.fromEntries(
    spec.towers.map((tower) => {
      const all = new Uint8Array(count * pooledSize(tower));
      frames.forEach(({ picture }, row) => {
        poolPicture(picture, tower, all, row * pooledSize(tower));
      });
      return [tower.camera, all];
    }),
  );
  return {
    count,
    pixels,
    labels: Float32Array.from(frames.flatMap(({ labels }) => labels)),
    weights: new Float32Array(count * 3).fill(1),
    labelCount: 3,
  };
}

const dataset = toyDataset(640);

async function train(from?: SupervisedState) {
  const states: SupervisedState[] = [];
  const losses: number[] = [];
  const weights = await trainEncoder({
    backend,
    spec,
    dataset,
    config,
    rng: createRng(1),
    from,
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
  assert.equal(states.length, config.epochs);
  assert.equal(weights.length, parameterCount(encoderParameters(spec)));
  assert.ok(losses.at(-1)! < 0.25 * losses[0]!, `${losses}`);
  const again = await train(states[8]);
  assert.equal(again.states.length, config.epochs - 9);
  assert.deepEqual(again.weights, weights);
});

test('the model reads pictures as uint8 and shows what was taught, in the units asked for', async () => {
  const { weights } = await trained;
  const model = encoderModel(spec, weights);
  const session = await loadOrtSession(model, { threads: 1 });
  assert.deepEqual(session.inputs['left'], { shape: [1, SIZE_PX, SIZE_PX, 3], dtype: 'uint8' });
  const layout = embeddingLayout(spec);
  assert.deepEqual(layout.slice(0, 5), [
    'spot[0] / 10',
    'spot[1] / 10',
    'spot[0] / 2',
    'spot[1] / 2',
    'width[0] / 0.5',
  ]);
  let worst = 0;
  for (const { picture, labels } of toyFrames(60)) {
    const value = { shape: [1, SIZE_PX, SIZE_PX, 3], data: picture };
    const { embedding } = await session.run({ left: value, right: value });
    const numbers = Array.from(embedding!.data, Number);
    assert.equal(numbers.length, layout.length);
    worst = Math.max(worst, Math.hypot(10 * numbers[0]! - labels[0], 10 * numbers[1]! - labels[1]));
    for (const axis of [0, 1]) {
      const shown = 5 * numbers[axis]!;
      assert.ok(Math.abs(numbers[2 + axis]! - Math.max(-1.5, Math.min(1.5, shown))) < 1e-5);
    }
    const features = numbers.slice(5);
    assert.ok(Math.hypot(...features) < 3 * spec.featureScale * Math.sqrt(spec.features));
  }
  assert.ok(worst < 2, `the spot is misread by up to ${worst} pixels`);
  await session.dispose();
});

test('targets are curved, clipped and weighted per column', () => {
  const { targets, weights } = encoderTargets(spec.readouts, {
    count: 1,
    pixels: {},
    labels: Float32Array.of(2, -1e6, 0.25),
    weights: Float32Array.of(1, 0.5, 0),
    labelCount: 3,
  });
  assert.deepEqual(targets, Float32Array.of(Math.asinh(1), -4, 0.5));
  assert.deepEqual(weights, Float32Array.of(1, 0.5, 0));
});

test('pooling takes means of squares of pixels, channels apart', () => {
  const picture = Uint8Array.from({ length: 4 * 4 * 3 }, (_, index) => (index % 3) + 10 * Math.floor(index / 12));
  const pooled = new Uint8Array(14).fill(7);
  poolPicture(picture, { camera: 'any', sizePx: 4, poolPx: 2 }, pooled, 1);
  // Rows of 0, 10, 20, 30 plus the channel's number.
  assert.deepEqual([...pooled], [7, 5, 6, 7, 5, 6, 7, 25, 26, 27, 25, 26, 27, 7]);
});

test('a brighter picture of more contrast, and another white balance, are normalised away', async () => {
  const camera = { camera: 'any', sizePx: 8, poolPx: 1 };
  const step = defineStep({ normal: normalisedPicture(pooledBatch(camera, 2)) });
  const compiled = await backend.compile(step, { name: 'normalised' });
  const size = pooledSize(camera);
  const rng = createRng(3);
  const dark = Float32Array.from({ length: size }, () => rng.range(0, 120));
  const bright = dark.map((level, at) => [20, 5, 0][at % 3]! + [1.5, 1.9, 1.2][at % 3]! * level);
  const { normal } = await compiled.run({ any: Float32Array.of(...dark, ...bright) });
  await compiled.dispose();
  const values = Array.from(normal!.data, Number);
  for (let at = 0; at < size; at++) assert.ok(Math.abs(values[at]! - values[size + at]!) < 0.02, `value ${at}`);
  const red = values.slice(0, size / 3);
  assert.ok(Math.abs(red.reduce((sum, value) => sum + value, 0)) < 1e-3);
});
