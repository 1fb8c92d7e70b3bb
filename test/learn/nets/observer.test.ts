/** The observer and its spatial learned embeddings: weighted sums by hand, what each camera and channel can reach, dropout, sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../../../main/learn/nets/observer.ts';
import { initialParameters, parametersFrom } from '../../../main/learn/nets/parameters.ts';
import {
  dropoutSize,
  mapsSize,
  type SpatialMaps,
  spatialEmbedding,
  spatialFeatures,
  spatialParameters,
} from '../../../main/learn/nets/spatial-embedding.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { add, input, layerNorm, matmul, square, sum, tanh } from '../../../main/tensor/tensor.ts';
import { assertClose, type Feeds, normals, rngOf, valuesOf } from '../../tensor/harness.ts';

const maps: SpatialMaps = { cameras: 2, height: 2, width: 3, channels: 3, features: 2, bottleneck: 5 };
const [BATCH, PLACES, WIDTH] = [4, 6, 6];
const specs = spatialParameters('net', maps);
const nodes = specs.map(({ name, shape }) => input(name, shape));
const parameters = parametersFrom(nodes, specs);

function feedsOf(all: typeof specs, label: string): Feeds {
  const rng = rngOf(label);
  return Object.fromEntries(
    all.map(({ name, shape }) => [
      name,
      normals(
        rng,
        shape.reduce((a, b) => a * b),
      ),
    ]),
  );
}
const flat = input('flat', [BATCH, mapsSize(maps)]);
const feeds: Feeds = { ...feedsOf(specs, 'sle'), flat: normals(rngOf('maps'), BATCH * mapsSize(maps)) };

/** z[b, c·F + f] of one camera, summed by hand. */
function weightedByHand(camera: number): Float64Array {
  const kernel = feeds[`net.camera ${camera}.places`]!;
  const z = new Float64Array(BATCH * WIDTH);
  for (let b = 0; b < BATCH; b++)
    for (let c = 0; c < maps.channels; c++)
      for (let f = 0; f < maps.features; f++)
        for (let place = 0; place < PLACES; place++)
          z[b * WIDTH + c * maps.features + f]! +=
            feeds['flat']![b * mapsSize(maps) + (camera * maps.channels + c) * PLACES + place]! *
            kernel[(c * PLACES + place) * maps.features + f]!;
  return z;
}

test('channels are weighted over places, each by itself, then Dense, LayerNorm, tanh', async () => {
  const result = await valuesOf(spatialEmbedding(parameters, 'net', maps, flat), feeds);
  for (const camera of [0, 1]) {
    const z = input('z', [BATCH, WIDTH]);
    const prefix = `net.camera ${camera}`;
    const dense = add(matmul(z, parameters(`${prefix}.kernel.places`)), parameters(`${prefix}.bias`));
    const expected = tanh(layerNorm(dense, parameters(`${prefix}.scale`), parameters(`${prefix}.offset`)));
    const byHand = await valuesOf(expected, { ...feeds, z: weightedByHand(camera) });
    const own = result.filter((_, index) => Math.floor((index % spatialFeatures(maps)) / maps.bottleneck) === camera);
    assertClose(own, byHand, 1e-12, prefix);
  }
});

test('ONNX Runtime agrees on value and gradients', async () => {
  const ort = createOrtBackend({ threads: 1 });
  const result = spatialEmbedding(parameters, 'net', maps, flat);
  assertClose(await valuesOf(result, feeds, ort), await valuesOf(result, feeds), 1e-5, 'value');
  for (const [index, gradient] of grad(sum(square(result)), nodes).entries())
    assertClose(await valuesOf(gradient, feeds, ort), await valuesOf(gradient, feeds), 1e-4, specs[index]!.name);
});

test('dropout multiplies the weighted sums, camera by camera', async () => {
  const dropout = input('dropout', [BATCH, dropoutSize(maps)]);
  const result = spatialEmbedding(parameters, 'net', maps, flat, dropout);
  const plain = spatialEmbedding(parameters, 'net', maps, flat);
  const ones = new Float64Array(BATCH * dropoutSize(maps)).fill(1);
  assert.deepEqual(await valuesOf(result, { ...feeds, dropout: ones }), await valuesOf(plain, feeds));
  // Without any sums of the second camera its part does not depend on the maps; the first camera's part is as it was.
  const second = ones.map((_, index) => (index % dropoutSize(maps) < WIDTH ? 1 : 0));
  const masked = await valuesOf(result, { ...feeds, dropout: second });
  const rows = Array.from({ length: BATCH }, (_, row) =>
    masked.slice(row * spatialFeatures(maps), (row + 1) * spatialFeatures(maps)),
  );
  for (const row of rows) assert.deepEqual(row.slice(5), rows[0]!.slice(5));
  assert.deepEqual(rows[1]!.slice(0, 5), (await valuesOf(plain, feeds)).slice(10, 15));
});

test('an observer puts the maps beside the proprioception', async () => {
  const observer: Observer = {
    ...{ name: 'critic', embedding: mapsSize(maps), proprioception: 7, features: 4, spatial: maps },
  };
  const all = observerParameters(observer);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  const views = parametersFrom(
    all.map(({ name, shape }) => input(name, shape)),
    all,
  );
  const observation = input('observation', [2, mapsSize(maps) + 7]);
  const seen = observe(views, observer, observation);
  assert.deepEqual(seen.shape, [2, observerFeatures(observer)]);
  assert.equal(observerFeatures(observer), 2 * 5 + 4);
  const values = await valuesOf(seen, {
    ...feedsOf(all, 'observer'),
    observation: normals(rngOf('observation'), 2 * (mapsSize(maps) + 7)),
  });
  assert.ok(values.every((value) => Math.abs(value) <= 1));
});

test('initial weights keep the scale of the maps', async () => {
  const large: SpatialMaps = { cameras: 1, height: 4, width: 4, channels: 32, features: 8, bottleneck: 16 };
  const [kernel] = spatialParameters('net', large);
  const values = initialParameters([kernel!], createRng(3));
  const spread = Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);
  // 2 / (16 + 8) is the variance that Xavier asks for.
  assert.ok(Math.abs(spread - Math.sqrt(2 / 24)) < 0.01, `${spread}`);
});

test('an embedding of another size is refused with what would fit', () => {
  assert.throws(
    () => spatialEmbedding(parameters, 'net', maps, input('flat', [BATCH, 64])),
    /an embedding of 64 numbers holds no maps of 2 cameras with 3 channels over 2 × 3 places \(36\)/,
  );
});
