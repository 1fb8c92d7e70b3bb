/**
 * Makes the encoder that ships for the simulated cell: `node main/study/assets/make-encoder.ts --cache DIR`. Renders
 * labelled pictures into the cache, trains on them, writes model and manifest, and measures the written file on the
 * hold-out set. The result is the same for a seed and a machine's arithmetic. It may be stopped at any time; the same
 * command goes on.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createEncoderData, ENCODER_CAMERAS, ENCODER_LABELS } from '../../../native/sim/encoder-data/encoder-data.ts';
import { systemClock } from '../../api/clock.ts';
import { type EncoderManifest, encoderManifestSchema } from '../../api/policy.ts';
import { createRng } from '../../api/rng.ts';
import { SEED_RANGES } from '../../api/task.ts';
import {
  type EncoderSpec,
  type EncoderStatistics,
  embeddingLayout,
  encoderModel,
} from '../../learn/encoders/encoder.ts';
import {
  ENCODER_TRAINING,
  type EncoderDataset,
  type EncoderTrainingConfig,
  pixelStatistics,
  trainEncoder,
} from '../../learn/encoders/encoder-training.ts';
import { CELL_ENCODER_MANIFEST } from '../../models/assets.ts';
import { loadEncoder } from '../../models/encoder-runtime.ts';
import { createOrtBackend } from '../../tensor/backends/ort.ts';
import { assetOptions, elapsed, sayEpoch, writeMeasured } from './asset-command.ts';
import { openEncoderCache } from './encoder-cache.ts';
import { evaluateHoldOut, type HoldOutReport, readoutPlaces } from './encoder-hold-out.ts';
import { CELL_ENCODER } from './encoder-spec.ts';
import { keptTraining } from './kept-training.ts';

const MODEL_FILE = 'encoder.onnx';
const OUTPUT = 'embedding';

/** Trains epoch by epoch and keeps the state in the cache until the weights are final. */
async function train(
  spec: EncoderSpec,
  dataset: EncoderDataset,
  statistics: EncoderStatistics,
  config: EncoderTrainingConfig,
  run: { readonly folder: string; readonly seed: number; readonly threads: number },
): Promise<Float32Array> {
  const kept = keptTraining(run.folder, { spec, config, seed: run.seed, count: dataset.count });
  const startMs = systemClock.nowMs();
  const weights = await trainEncoder({
    backend: createOrtBackend({ threads: run.threads }),
    spec,
    statistics,
    dataset,
    config,
    rng: createRng(run.seed).split('encoder training'),
    from: kept.read(),
    onEpoch: (state, meanLoss) => {
      kept.write(state);
      sayEpoch(state.epoch, config.epochs, meanLoss, startMs);
    },
  });
  kept.remove();
  return weights;
}

function manifestOf(spec: EncoderSpec, model: Uint8Array, frames: number, report?: HoldOutReport): EncoderManifest {
  const shown = spec.readouts.filter((readout) => readout.shown.length > 0).map(({ label }) => label);
  const { first, count } = SEED_RANGES.encoder;
  return encoderManifestSchema.parse({
    kind: 'encoder',
    name: 'cell-encoder',
    model: MODEL_FILE,
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: ENCODER_CAMERAS.map((camera) => ({ ...camera, input: camera.name })),
    embeddingSize: embeddingLayout(spec).length,
    output: OUTPUT,
    trainedOn: {
      labels: `from the simulator: ${ENCODER_LABELS.map(({ name }) => name).join(', ')}; readouts of ${shown.join(', ')} are the first ${embeddingLayout(spec).length - spec.features} numbers of the embedding`,
      frames,
      seedRange: `encoder: ${first}–${first + count - 1}, hold-out from ${first + count / 2}`,
    },
    holdOut: report?.summary ?? {},
  });
}

async function main(): Promise<void> {
  const options = assetOptions({
    command: 'make-encoder.ts',
    out: join(CELL_ENCODER_MANIFEST, '..'),
    frames: 30000,
    epochs: ENCODER_TRAINING.epochs,
  });
  const { cache: cacheFolder, out, frames, holdOut, epochs, seed, threads } = options;
  const source = await createEncoderData();
  const cache = openEncoderCache(cacheFolder, source, CELL_ENCODER.towers);
  console.log(`pictures in ${cache.folder}`);
  const startMs = systemClock.nowMs();
  const dataset = cache.dataset(frames, (count) => console.log(`${count}/${frames} frames  ${elapsed(startMs)}`));
  const config = { ...ENCODER_TRAINING, epochs };
  const statistics = pixelStatistics(CELL_ENCODER, dataset, config.spreadFloor);
  const weights = await train(CELL_ENCODER, dataset, statistics, config, { folder: cache.folder, seed, threads });

  const model = encoderModel(CELL_ENCODER, statistics, weights, {
    embedding: embeddingLayout(CELL_ENCODER).join('; '),
  });
  await writeMeasured({
    out,
    modelFile: MODEL_FILE,
    model,
    sinceMs: startMs,
    manifest: (report) => manifestOf(CELL_ENCODER, model, dataset.count, report),
    measure: async (manifestPath) => {
      const encoder = await loadEncoder(manifestPath, threads);
      const report = await evaluateHoldOut(encoder, readoutPlaces(CELL_ENCODER.readouts), source, systemClock, holdOut);
      await encoder.dispose();
      return report;
    },
  });
  source.dispose();
}

if (import.meta.main) await main();
