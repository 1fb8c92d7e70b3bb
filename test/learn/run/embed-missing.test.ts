/** Embeddings that the store lacks, and the shifted views of an observation: where their pixels come from, and how they are drawn. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLearningSource } from '../../../data/learning/learning.ts';
import { createTransitionPool, type TransitionPool } from '../../../data/learning/transition-pool.ts';
import type { CameraFrame } from '../../../main/api/observation.ts';
import type { EncoderManifest } from '../../../main/api/policy.ts';
import { createRng } from '../../../main/api/rng.ts';
import { randomShift } from '../../../main/learn/nets/random-shift.ts';
import { createEmbedder, shiftPicture } from '../../../main/learn/run/trainer/embed-missing.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { toOnnx } from '../../../main/tensor/onnx/to-onnx.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { concat, input, reshape, slice } from '../../../main/tensor/tensor.ts';
import { inFolder, openWriter, picture, recordEpisode, SMALL } from '../../data/fixture.ts';

const { sizePx, embeddingSize } = SMALL;
const VIEWS = 3;
const PADDING = 4;
const EPISODE = ['policy', 'human', 'policy'] as const;

/** An encoder whose embedding is the colour of one pixel of each camera: what a shift does can be read off it. */
function writePixelEncoder(folder: string, row: number, column: number): string {
  const colours = ['wrist', 'side'].map((camera) => {
    const rows = slice(input(camera, [1, sizePx, sizePx, 3]), 1, row, row + 1);
    return reshape(slice(rows, 2, column, column + 1), [1, 3]);
  });
  const model = toOnnx(defineStep({ embedding: concat(colours, 1) }), {
    name: 'pixel',
    stored: { wrist: 'uint8', side: 'uint8' },
  });
  const manifest: EncoderManifest = {
    ...{ kind: 'encoder', name: 'pixel', model: 'pixel.onnx', output: 'embedding', embeddingSize },
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: ['wrist', 'side'].map((name) => ({ name, input: name, widthPx: sizePx, heightPx: sizePx })),
    trainedOn: { labels: 'none', frames: 0, seedRange: 'none' },
    holdOut: {},
  };
  writeFileSync(join(folder, 'pixel.onnx'), model);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return join(folder, 'manifest.json');
}

const poolOf = (views: number) =>
  createTransitionPool({ embeddingSize, proprioceptionSize: 27, stack: 1, discount: 0.9, views });

/** Embeddings of the first observation of transition `row` that draws bring up, without repetition. */
function viewsOf(pool: TransitionPool, row: number, which: 'embedding' | 'nextEmbedding' = 'embedding'): number[][] {
  const rng = createRng(4);
  const batch = pool.createBatch(1);
  const found = new Map<string, number[]>();
  for (let draw = 0; draw < 60; draw++) {
    pool.readTransition(row, batch, 0, rng);
    found.set(batch[which].join(), [...batch[which]]);
  }
  return [...found.values()];
}

const pixelOf = ({ rgb }: CameraFrame, row: number, column: number) => {
  const at = (row * sizePx + column) * 3;
  return [...rgb.subarray(at, at + 3)];
};

async function recorded(folder: string, pool: TransitionPool) {
  const writer = await openWriter(folder);
  const episode = recordEpisode(writer, createRng(9), EPISODE);
  await writer.drained();
  const source = openLearningSource({ folder, pool });
  source.load();
  return { episode, source };
}

test('shifting a picture is what the graph does', async () => {
  const frame = picture(createRng(1), 'wrist', sizePx);
  const moved = randomShift(input('picture', [1, sizePx, sizePx, 3]), input('offsets', [1, 2], 'int64'), PADDING);
  const compiled = await createOrtBackend({ threads: 1 }).compile(defineStep({ moved }));
  for (const [down, right] of [
    [4, 4],
    [0, 8],
    [7, 3],
  ] as const) {
    const result = await compiled.run({ picture: [...frame.rgb], offsets: [down, right] });
    assert.deepEqual([...result['moved']!.data], [...shiftPicture(frame, down, right, PADDING).rgb]);
  }
  await compiled.dispose();
  assert.deepEqual(shiftPicture(frame, PADDING, PADDING, PADDING), frame);
});

test('views are the recorded embedding, then shifts that are the same for both cameras; draws take each of them', () =>
  inFolder(async (folder) => {
    const pool = poolOf(VIEWS);
    const { episode, source } = await recorded(folder, pool);
    assert.equal(pool.size('all'), 0, 'what lacks views is not drawn');
    const manifestPath = writePixelEncoder(folder, 5, 2);
    const embedder = createEmbedder(source, pool, { manifestPath, seed: 3 });
    await embedder.embedMissing();
    await embedder.dispose();
    assert.equal(pool.size('all'), EPISODE.length);
    const plain = pool.createBatch(1);
    for (const [row] of EPISODE.entries()) {
      pool.readTransition(row, plain, 0);
      const frames = source.readFrames(episode, row);
      let shifts = 0;
      for (const view of viewsOf(pool, row)) {
        if (view.join() === plain.embedding.join()) continue; // The recorded view has the fixture's own numbers.
        const kept = (value: number) => Math.max(0, Math.min(sizePx - 1, value));
        const offsets = Array.from({ length: 81 }, (_, index) => [Math.floor(index / 9), index % 9] as const);
        const fitting = offsets.filter(([down, right]) => {
          const [from, across] = [kept(5 + down - PADDING), kept(2 + right - PADDING)];
          return view.join() === frames.flatMap((frame) => pixelOf(frame, from, across)).join();
        });
        assert.ok(fitting.length > 0, `no shift explains both cameras in view ${view.join()}`);
        shifts++;
      }
      assert.ok(shifts >= 1);
    }
    assert.equal(viewsOf(pool, 0).length, VIEWS);
    source.close();
  }));

test('the two observations of a transition are drawn independently, and one view draws no chance', () =>
  inFolder(async (folder) => {
    const pool = poolOf(2);
    const { source } = await recorded(folder, pool);
    const embedder = createEmbedder(source, pool, { manifestPath: writePixelEncoder(folder, 0, 0), seed: 3 });
    await embedder.embedMissing();
    await embedder.dispose();
    const batch = pool.createBatch(400);
    pool.sampleBatch(createRng(2), 400, 'all', batch);
    const pairs = new Set<string>();
    batch.rows.forEach((row, at) => {
      const part = (values: Float32Array) => values.subarray(at * embeddingSize, (at + 1) * embeddingSize).join();
      if (row === 0) pairs.add(`${part(batch.embedding)} | ${part(batch.nextEmbedding)}`);
    });
    assert.equal(pairs.size, 4);
    source.close();

    const single = poolOf(1);
    const again = openLearningSource({ folder, pool: single });
    again.load();
    again.close();
    const rows = single.createBatch(50);
    const [drawing, counting] = [createRng(6), createRng(6)];
    single.sampleBatch(drawing, 50, 'all', rows);
    for (let draw = 0; draw < 50; draw++) counting.integer(EPISODE.length);
    assert.deepEqual(drawing.save(), counting.save());
  }));

test('a resumed run makes the same views; another run makes others', () =>
  inFolder(async (folder) => {
    const viewsWith = async (seed: number) => {
      const pool = poolOf(VIEWS);
      const source = openLearningSource({ folder, pool });
      source.load();
      const embedder = createEmbedder(source, pool, { manifestPath: join(folder, 'manifest.json'), seed });
      await embedder.embedMissing();
      await embedder.dispose();
      source.close();
      return EPISODE.flatMap((_, row) => viewsOf(pool, row, 'nextEmbedding'));
    };
    (await recorded(folder, poolOf(1))).source.close();
    writePixelEncoder(folder, 3, 3);
    assert.deepEqual(await viewsWith(1), await viewsWith(1));
    assert.notDeepEqual(await viewsWith(1), await viewsWith(2));
  }));

test('without pictures the recorded embedding stands for every view; views out of turn are refused', () =>
  inFolder(async (folder) => {
    const pool = poolOf(VIEWS);
    const { source } = await recorded(folder, pool);
    const blind = { ...source, readFrames: () => [] };
    const embedder = createEmbedder(blind, pool, { manifestPath: join(folder, 'none.json'), seed: 1 });
    await embedder.embedMissing();
    assert.equal(pool.size('all'), EPISODE.length);
    assert.equal(viewsOf(pool, 1).length, 1);
    source.close();
    const fresh = poolOf(VIEWS);
    const other = openLearningSource({ folder, pool: fresh });
    other.load();
    other.close();
    assert.throws(
      () => fresh.setEmbedding(0, new Float32Array(embeddingSize), 2),
      /View 2 of observation 0 out of turn: 1 of 3 are there/,
    );
  }));
