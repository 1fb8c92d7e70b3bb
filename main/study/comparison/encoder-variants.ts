/**
 * Makes encoders to compare with the one that ships, each as model and manifest in a session's folder:
 *   random        The shipped network with random weights, never trained.
 *   raw-pixels    No network: both pictures pooled to 16×16, standardised.
 *   own-episodes  The shipped network, trained on the pictures of the session's demonstrations to predict the
 *                 operator's action and the progress of the episode. It uses no label of the simulator.
 *   general-random  The backbone of the general encoder with random weights, without further training.
 * For `own-episodes` the session's demonstrations are recorded beforehand in a separate folder: the same seeds give the
 * same episodes.
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
import {
  type EncoderReadout,
  type EncoderSpec,
  embeddingLayout,
  encoderModel,
  encoderParameters,
} from '../../learn/encoders/encoder.ts';
import { ENCODER_TRAINING, type EncoderDataset, trainEncoder } from '../../learn/encoders/encoder-training.ts';
import { pooledInGraph, pooledSize, poolPicture } from '../../learn/encoders/pooled-picture.ts';
import { initialParameters } from '../../learn/nets/parameters.ts';
import { CELL_ENCODER_MANIFEST } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { createOrtBackend } from '../../tensor/backends/ort.ts';
import { toOnnx } from '../../tensor/onnx/to-onnx.ts';
import { defineStep } from '../../tensor/step.ts';
import { concat, mul, reshape, sub } from '../../tensor/tensor.ts';
import { CELL_ENCODER } from '../assets/encoder-spec.ts';
import { randomWeights, writeBackbone } from '../assets/general-backbone.ts';
import { type DemonstrationRequest, recordDemonstrations } from '../demonstrations.ts';
import { FIRST_ONLINE_INDEX } from '../hil/hil-state.ts';
import type { EncoderKind } from './methods.ts';

const MODEL = 'encoder.onnx';
const RAW_CELLS = 16;
const PIXEL_CENTRE = 127.5;
const PIXEL_SPREAD = 64;
/** Passes over about 700 pictures. That makes a fifth of the updates of the shipped encoder. */
const OWN_EPOCHS = 250;

const readout = (label: string, columns: readonly number[]): EncoderReadout => ({
  label,
  columns,
  curve: 'linear',
  unit: 0.5,
  trainedClip: 2,
  weight: 1,
  shown: [{ unit: 0.5, clip: 2 }],
});
/** The operator's action, and the progress of the episode (0 … 1). */
const OWN_READOUTS: readonly EncoderReadout[] = [
  readout('action', [...Array(ACTION_SIZE).keys()]),
  readout('progress', [ACTION_SIZE]),
];
const LABELS = ACTION_SIZE + 1;
const NETWORK: EncoderSpec = { ...CELL_ENCODER, readouts: OWN_READOUTS };

type Demonstrations = Pick<DemonstrationRequest, 'task' | 'seed' | 'count'>;

/** Returns the manifest's path. Keeps an encoder that was made before. */
export async function makeEncoderVariant(
  kind: EncoderKind,
  sessionFolder: string,
  demonstrations: Demonstrations,
): Promise<string> {
  const folder = join(sessionFolder, `encoder-${kind}`);
  const manifestPath = join(folder, 'manifest.json');
  if (existsSync(manifestPath)) return manifestPath;
  mkdirSync(folder, { recursive: true });
  if (kind === 'general-random') {
    const weights = randomWeights(createRng(demonstrations.seed).split('encoder general-random'));
    return writeBackbone(folder, weights, { name: kind, isTrained: false });
  }
  const { model, embeddingSize, labels, frames } = await make(kind, folder, demonstrations);
  const manifest = encoderManifestSchema.parse({
    kind: 'encoder',
    name: kind,
    model: MODEL,
    embeddingSize,
    output: 'embedding',
    holdOut: {},
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: readEncoderManifest(CELL_ENCODER_MANIFEST).cameras,
    trainedOn: { labels, frames, seedRange: `training, session seed ${demonstrations.seed}` },
  });
  writeFileSync(join(folder, MODEL), model);
  writeFileSync(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifestPath;
}

async function make(kind: Exclude<EncoderKind, 'general-random'>, folder: string, demonstrations: Demonstrations) {
  if (kind === 'raw-pixels') return rawPixels();
  const dataset = kind === 'random' ? undefined : await demonstrated(join(folder, 'demonstrations'), demonstrations);
  const rng = createRng(demonstrations.seed).split(`encoder ${kind}`);
  const weights =
    dataset === undefined
      ? initialParameters(encoderParameters(NETWORK), rng)
      : await trainEncoder({
          backend: createOrtBackend({ threads: 1 }),
          spec: NETWORK,
          dataset,
          rng,
          config: { ...ENCODER_TRAINING, epochs: OWN_EPOCHS },
          onEpoch: () => {},
        });
  return {
    model: encoderModel(NETWORK, weights),
    embeddingSize: embeddingLayout(NETWORK).length,
    labels: kind === 'random' ? 'none: random weights' : 'actions and progress of the demonstrations',
    frames: dataset?.count ?? 0,
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

async function demonstrated(folder: string, demonstrations: Demonstrations): Promise<EncoderDataset> {
  // An interrupted recording is begun anew.
  rmSync(folder, { recursive: true, force: true });
  await recordDemonstrations({
    projectFolder: folder,
    ...demonstrations,
    observation: 'pixels',
    maxAttempts: FIRST_ONLINE_INDEX,
  });
  return readDemonstrations(folder);
}

/** Reads pictures, actions and progress of a folder's demonstrations. Leaves out discarded ones. */
export function readDemonstrations(folder: string): EncoderDataset {
  const sizes = { embeddingSize: 0, proprioceptionSize: PROPRIOCEPTION_SIZE };
  const pool = createTransitionPool({ ...sizes, stack: 1, discount: 1 });
  const source = openLearningSource({ folder, pool });
  source.load();
  const steps = stepsOf(pool);
  const pixels = Object.fromEntries(
    NETWORK.towers.map((tower) => [tower.camera, new Uint8Array(steps.length * pooledSize(tower))]),
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

/** Returns every step of the demonstrations that count, with its row in the pool and its place in the episode. */
function stepsOf(pool: TransitionPool) {
  const byEpisode = Map.groupBy(pool.rows('demo'), (row) => pool.episodeIdOf(row));
  return [...byEpisode].flatMap(([episodeId, rows]) =>
    rows.map((row, index) => ({ row, episodeId, index, progress: index / rows.length })),
  );
}
