/**
 * Makes the convolutional trunk that ships for the simulated cell: `node main/study/assets/make-trunk.ts --cache DIR`.
 * Renders labelled pictures into the cache, trains on them, and writes model and manifest. Measures the written file on
 * the hold-out set through the spatial embeddings of the training. It may be stopped at any time; the same command goes
 * on.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createEncoderData, ENCODER_CAMERAS, ENCODER_LABELS } from '../../../native/sim/encoder-data/encoder-data.ts';
import { systemClock } from '../../api/clock.ts';
import { type EncoderManifest, encoderManifestSchema } from '../../api/policy.ts';
import { createRng } from '../../api/rng.ts';
import { SEED_RANGES } from '../../api/task.ts';
import type { EncoderDataset } from '../../learn/encoders/encoder-training.ts';
import { type TrunkSpec, trunkMaps, trunkModel, trunkReadoutModel } from '../../learn/encoders/trunk.ts';
import { TRUNK_TRAINING, type TrunkTrainingConfig, trainTrunk } from '../../learn/encoders/trunk-training.ts';
import { CELL_TRUNK_MANIFEST } from '../../models/assets.ts';
import { type EncoderRuntime, loadEncoder } from '../../models/encoder-runtime.ts';
import { createOrtBackend, loadOrtSession } from '../../tensor/backends/ort.ts';
import { assetOptions, elapsed, sayEpoch, writeMeasured } from './asset-command.ts';
import { openEncoderCache } from './encoder-cache.ts';
import { evaluateHoldOut, type HoldOutReport, readoutPlaces } from './encoder-hold-out.ts';
import { keptTraining } from './kept-training.ts';
import { CELL_TRUNK } from './trunk-spec.ts';

const MODEL_FILE = 'trunk.onnx';
const OUTPUT = 'embedding';

async function train(
  spec: TrunkSpec,
  dataset: EncoderDataset,
  config: TrunkTrainingConfig,
  run: { readonly folder: string; readonly seed: number; readonly threads: number },
): Promise<Float32Array> {
  const kept = keptTraining(run.folder, { trunk: spec, config, seed: run.seed, count: dataset.count });
  const startMs = systemClock.nowMs();
  const weights = await trainTrunk({
    spec,
    dataset,
    config,
    backend: createOrtBackend({ threads: run.threads }),
    rng: createRng(run.seed).split('trunk training'),
    from: kept.read(),
    onEpoch: (state, meanLoss) => {
      kept.write(state);
      sayEpoch(state.epoch, config.epochs, meanLoss, startMs);
    },
  });
  kept.remove();
  return weights;
}

function manifestOf(spec: TrunkSpec, model: Uint8Array, frames: number, report?: HoldOutReport): EncoderManifest {
  const { cameras, height, width, channels } = trunkMaps(spec);
  const maps = { cameras, height, width, channels };
  const { first, count } = SEED_RANGES.encoder;
  return encoderManifestSchema.parse({
    kind: 'encoder',
    name: 'cell-trunk',
    model: MODEL_FILE,
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: spec.cameras.map(({ camera }) => ({
      ...ENCODER_CAMERAS.map(({ name, ...size }) => ({ name, input: name, ...size })).find(
        ({ name }) => name === camera,
      ),
    })),
    embeddingSize: cameras * channels * height * width,
    maps,
    output: OUTPUT,
    trainedOn: {
      labels: `from the simulator: ${ENCODER_LABELS.map(({ name }) => name).join(', ')}; the embedding is the maps of ${spec.cameras.map(({ camera }) => camera).join(' and ')}, each ${channels} channels × ${height} rows × ${width} columns`,
      frames,
      seedRange: `encoder: ${first}–${first + count - 1}, hold-out from ${first + count / 2}`,
    },
    holdOut: report?.summary ?? {},
  });
}

/** The trunk's file, followed by the readouts of its training. */
async function withReadouts(trunk: EncoderRuntime, readoutModel: Uint8Array, threads: number) {
  const session = await loadOrtSession(readoutModel, { threads });
  return {
    embed: async (frames: Parameters<EncoderRuntime['embed']>[0]) => {
      const data = await trunk.embed(frames);
      const { readouts } = await session.run({ embedding: { shape: [1, data.length], data } });
      return Float32Array.from(readouts!.data, Number);
    },
    dispose: () => session.dispose(),
  };
}

async function main(): Promise<void> {
  const options = assetOptions({
    command: 'make-trunk.ts',
    out: join(CELL_TRUNK_MANIFEST, '..'),
    frames: 9000,
    epochs: TRUNK_TRAINING.epochs,
  });
  const { cache: cacheFolder, out, frames, holdOut, epochs, seed, threads } = options;
  const source = await createEncoderData();
  const cache = openEncoderCache(cacheFolder, source, CELL_TRUNK.cameras);
  console.log(`pictures in ${cache.folder}`);
  const startMs = systemClock.nowMs();
  const dataset = cache.dataset(frames, (count) => console.log(`${count}/${frames} frames  ${elapsed(startMs)}`));
  const config = { ...TRUNK_TRAINING, epochs };
  const weights = await train(CELL_TRUNK, dataset, config, { folder: cache.folder, seed, threads });

  const model = trunkModel(CELL_TRUNK, weights);
  await writeMeasured({
    out,
    modelFile: MODEL_FILE,
    model,
    sinceMs: startMs,
    manifest: (report) => manifestOf(CELL_TRUNK, model, dataset.count, report),
    measure: async (manifestPath) => {
      const trunk = await loadEncoder(manifestPath, threads);
      const reader = await withReadouts(trunk, trunkReadoutModel(CELL_TRUNK, weights), threads);
      const report = await evaluateHoldOut(reader, readoutPlaces(CELL_TRUNK.readouts), source, systemClock, holdOut);
      await reader.dispose();
      await trunk.dispose();
      return report;
    },
  });
  source.dispose();
}

if (import.meta.main) await main();
