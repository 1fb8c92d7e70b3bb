/** The small encoder: what it learns from toy pictures, that it goes on to the byte, and that its file says what training said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import {
  type EncoderSpec,
  embeddingLayout,
  encoderModel,
  encoderParameters,
  pooledSize,
  poolPicture,
} from '../../../main/learn/encoders/encoder.ts';
import {
  ENCODER_TRAINING,
  type EncoderDataset,
  encoderTargets,
  pixelStatistics,
  trainEncoder,
} from '../../../main/learn/encoders/encoder-training.ts';
import type { SupervisedState } from '../../../main/learn/encoders/supervised-training.ts';
import { parameterCount } from '../../../main/learn/nets/parameters.ts';
import { createOrtBackend, loadOrtSession } from '../../../main/tensor/backends/ort.ts';

const SIZE_PX = 16;
const spec: EncoderSpec = {
  towers: [
    { camera: 'left', sizePx: SIZE_PX, poolPx: 2, hidden: [32] },
    { camera: 'right', sizePx: SIZE_PX, poolPx: 4, hidden: [8] },
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
      label: 'brightness',
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

/** A bright spot on a grey picture; labels: where it is, in pixels from the centre, and how bright it is. */
function toyPicture(x: number, y: number, brightness: number): Uint8Array {
  const rgb = new Uint8Array(SIZE_PX * SIZE_PX * 3).fill(60);
  for (let row = 0; row < SIZE_PX; row++)
    for (let column = 0; column < SIZE_PX; column++) {
      const near = Math.exp(-((column - 8 - x) ** 2 + (row - 8 - y) ** 2) / 8);
      rgb[(row * SIZE_PX + column) * 3] = Math.round(60 + 150 * brightness * near);
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
      const all = new Uint16Array(count * pooledSize(tower));
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
const statistics = pixelStatistics(spec, dataset, config.spreadFloor);

async function train(from?: SupervisedState) {
  const states: SupervisedState[] = [];
  const losses: number[] = [];
  const weights = await trainEncoder({
    backend,
    spec,
    statistics,
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
  const model = encoderModel(spec, statistics, weights);
  const session = await loadOrtSession(model, { threads: 1 });
  assert.deepEqual(session.inputs['left'], { shape: [1, SIZE_PX, SIZE_PX, 3], dtype: 'uint8' });
  const layout = embeddingLayout(spec);
  assert.deepEqual(layout.slice(0, 5), [
    'spot[0] / 10',
    'spot[1] / 10',
    'spot[0] / 2',
    'spot[1] / 2',
    'brightness[0] / 0.5',
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

test('pooling sums squares of pixels, channels apart', () => {
  const picture = Uint8Array.from({ length: 4 * 4 * 3 }, (_, index) => (index % 3) + 10 * Math.floor(index / 12));
  const pooled = new Uint16Array(14).fill(7);
  poolPicture(picture, { camera: 'any', sizePx: 4, poolPx: 2 }, pooled, 1);
  // Rows of 0, 10, 20, 30 plus the channel's number.
  assert.deepEqual([...pooled], [7, 20, 24, 28, 20, 24, 28, 100, 104, 108, 100, 104, 108, 7]);
});
