/**
 * Encoders that the shipped one is compared with, each written into a session's folder as model and manifest:
 *   random        the shipped network with random weights, never trained
 *   raw-pixels    no network: both pictures pooled to 16×16, standardised
 *   own-episodes  the shipped network trained on nothing but the demonstrations at hand: from the pictures, what the operator did
 *                 and how far the episode had come. No label of the simulator, no other picture.
 * The first and the last are standardised by the demonstrations' pictures. These are the session's own demonstrations, recorded beforehand
 * in a folder of their own: the same seeds give the same episodes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLearningSource } from '../../../data/learning/learning.ts';
import { createTransitionPool, type TransitionPool } from '../../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../api/action.ts';
import { PROPRIOCEPTION_SIZE } from '../../api/observation.ts';
import { encoderManifestSchema } from '../../api/policy.ts';
import { createRng } from '../../api/rng.ts';
import { episodeSeed } from '../../api/task.ts';
import {
  type EncoderReadout,
  type EncoderSpec,
  embeddingLayout,
  encoderModel,
  encoderParameters,
  pooledInGraph,
  pooledSize,
  poolPicture,
} from '../../learn/encoders/encoder.ts';
import {
  ENCODER_TRAINING,
  type EncoderDataset,
  pixelStatistics,
  trainEncoder,
} from '../../learn/encoders/encoder-training.ts';
import { initialParameters } from '../../learn/nets/parameters.ts';
import { CELL_ENCODER_MANIFEST } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { toOnnx } from '../../tensor/onnx.ts';
import { createOrtBackend } from '../../tensor/ort.ts';
import { defineStep } from '../../tensor/step.ts';
import { concat, mul, reshape, sub } from '../../tensor/tensor.ts';
import { CELL_ENCODER } from '../assets/encoder-spec.ts';
import { FIRST_ONLINE_INDEX } from '../hil/hil.ts';
import { episodeOf, openSession } from '../session.ts';
import type { EncoderKind } from './methods.ts';

const MODEL = 'encoder.onnx';
const RAW_CELLS = 16;
const PIXEL_CENTRE = 127.5;
const PIXEL_SPREAD = 64;
/** Passes over some 700 pictures: as many updates as the shipped encoder needs for a fifth of its own. */
const OWN_EPOCHS = 250;

const shown = (unit: number, clip: number) => [{ unit, clip }];
/** What the operator did, and how far the episode had come (0 … 1). */
const OWN_READOUTS: readonly EncoderReadout[] = [
  {
    ...{ label: 'action', columns: Array.from({ length: ACTION_SIZE }, (_, index) => index), curve: 'linear' },
    ...{ unit: 0.5, trainedClip: 2, weight: 1, shown: shown(0.5, 2) },
  },
  {
    ...{ label: 'progress', columns: [ACTION_SIZE], curve: 'linear' },
    ...{ unit: 0.5, trainedClip: 2, weight: 1, shown: shown(0.5, 2) },
  },
];
const LABELS = ACTION_SIZE + 1;
const NETWORK: EncoderSpec = { ...CELL_ENCODER, readouts: OWN_READOUTS };

/** Returns the manifest's path; what was made before is kept. */
export async function makeEncoderVariant(
  kind: EncoderKind,
  sessionFolder: string,
  seed: number,
  demos: number,
): Promise<string> {
  const folder = join(sessionFolder, `encoder-${kind}`);
  const manifestPath = join(folder, 'manifest.json');
  if (existsSync(manifestPath)) return manifestPath;
  mkdirSync(folder, { recursive: true });
  const { model, embeddingSize, labels, frames } = await make(kind, folder, seed, demos);
  const manifest = encoderManifestSchema.parse({
    ...{ kind: 'encoder', name: kind, model: MODEL, embeddingSize, output: 'embedding', holdOut: {} },
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: readEncoderManifest(CELL_ENCODER_MANIFEST).cameras,
    trainedOn: { labels, frames, seedRange: `training, session seed ${seed}` },
  });
  writeFileSync(join(folder, MODEL), model);
  writeFileSync(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifestPath;
}

async function make(kind: EncoderKind, folder: string, seed: number, demos: number) {
  if (kind === 'raw-pixels') return rawPixels();
  const dataset = await demonstrated(join(folder, 'demonstrations'), seed, demos);
  const statistics = pixelStatistics(NETWORK, dataset, ENCODER_TRAINING.spreadFloor);
  const rng = createRng(seed).split(`encoder ${kind}`);
  const weights =
    kind === 'random'
      ? initialParameters(encoderParameters(NETWORK), rng)
      : await trainEncoder({
          backend: createOrtBackend({ threads: 1 }),
          ...{ spec: NETWORK, statistics, dataset, rng },
          config: { ...ENCODER_TRAINING, epochs: OWN_EPOCHS },
          onEpoch: () => {},
        });
  return {
    model: encoderModel(NETWORK, statistics, weights),
    embeddingSize: embeddingLayout(NETWORK).length,
    labels: kind === 'random' ? 'none: random weights' : 'actions and progress of the demonstrations',
    frames: kind === 'random' ? 0 : dataset.count,
  };
}

function rawPixels() {
  const cameras = NETWORK.towers.map((tower) => ({ ...tower, poolPx: tower.sizePx / RAW_CELLS }));
  const parts = cameras.map((camera) =>
    mul(sub(reshape(pooledInGraph(camera), [1, pooledSize(camera)]), PIXEL_CENTRE), 1 / PIXEL_SPREAD),
  );
  const stored = Object.fromEntries(cameras.map(({ camera }) => [camera, 'uint8' as const]));
  return {
    model: toOnnx(defineStep({ embedding: concat(parts, 1) }), { name: 'encoder', stored }),
    embeddingSize: cameras.reduce((sum, camera) => sum + pooledSize(camera), 0),
    labels: 'none: pooled pixels',
    frames: 0,
  };
}

async function recordDemonstrations(folder: string, seed: number, demos: number): Promise<void> {
  await using session = await openSession({
    ...{ projectFolder: folder, task: 'insert', observation: 'pixels', record: true },
    policy: { kind: 'process' },
  });
  for (let attempt = 0, done = 0; done < demos; attempt++) {
    if (attempt >= FIRST_ONLINE_INDEX)
      throw new Error(
        `only ${done} of ${attempt} scripted demonstrations succeeded; expected nearly all. Run \`npx takeover doctor\`, and check the cell's settings.`,
      );
    const episode = episodeOf(await session.rig.episode(episodeSeed('training', attempt, seed), 'demonstrate'));
    if (episode.outcome === 'success') done++;
    else session.writer?.discardEpisode(episode.id);
    await session.writer?.drained();
  }
}

async function demonstrated(folder: string, seed: number, demos: number): Promise<EncoderDataset> {
  rmSync(folder, { recursive: true, force: true }); // an interrupted recording is begun anew
  await recordDemonstrations(folder, seed, demos);
  return readDemonstrations(folder);
}

/** Pictures, actions and progress of a folder's demonstrations, those that were discarded left out. */
export function readDemonstrations(folder: string): EncoderDataset {
  const pool = createTransitionPool({
    embeddingSize: 0,
    proprioceptionSize: PROPRIOCEPTION_SIZE,
    stack: 1,
    discount: 1,
  });
  const source = openLearningSource({ folder, pool });
  source.load();
  const steps = stepsOf(pool);
  const pixels = Object.fromEntries(
    NETWORK.towers.map((tower) => [tower.camera, new Uint16Array(steps.length * pooledSize(tower))]),
  );
  const labels = new Float32Array(steps.length * LABELS);
  const batch = pool.createBatch(1);
  steps.forEach(({ row, episodeId, index, progress }, at) => {
    for (const frame of source.readFrames(episodeId, index)) {
      const tower = NETWORK.towers.find(({ camera }) => camera === frame.camera);
      if (tower) poolPicture(frame.rgb, tower, pixels[tower.camera]!, at * pooledSize(tower));
    }
    pool.readTransition(row, batch, 0);
    labels.set(batch.action, at * LABELS);
    labels[at * LABELS + ACTION_SIZE] = progress;
  });
  source.close();
  return { count: steps.length, pixels, labels, weights: labels.map(() => 1), labelCount: LABELS };
}

/** Every step of the demonstrations that count: its row in the pool, which also holds those that do not, and where it is in its episode. */
function stepsOf(pool: TransitionPool) {
  const byEpisode = new Map<number, number[]>();
  for (const row of pool.rows('demo')) {
    const rows = byEpisode.get(pool.episodeIdOf(row)) ?? [];
    byEpisode.set(pool.episodeIdOf(row), [...rows, row]);
  }
  return [...byEpisode].flatMap(([episodeId, rows]) =>
    rows.map((row, index) => ({ row, episodeId, index, progress: index / rows.length })),
  );
}
