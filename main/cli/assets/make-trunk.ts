/**
 * Makes the convolutional trunk that ships for the simulated cell: `node main/cli/assets/make-trunk.ts --cache DIR`.
 * Renders labelled pictures into the cache, trains on them, writes model and manifest, measures the written file on the
 * hold-out set, read by the spatial embeddings that it was taught through. Stop it at any time, the same command goes on.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEncoderData, ENCODER_CAMERAS, ENCODER_LABELS } from '../../../native/sim/encoder-data.ts';
import { systemClock } from '../../api/clock.ts';
import { type EncoderManifest, encoderManifestSchema } from '../../api/policy.ts';
import { createRng } from '../../api/rng.ts';
import { SEED_RANGES } from '../../api/task.ts';
import type { EncoderDataset } from '../../learn/encoder-training.ts';
import { createOrtBackend, loadOrtSession } from '../../learn/graph/ort.ts';
import { type TrunkSpec, trunkMaps, trunkModel, trunkReadoutModel } from '../../learn/trunk.ts';
import { TRUNK_TRAINING, type TrunkTrainingConfig, trainTrunk } from '../../learn/trunk-training.ts';
import { CELL_TRUNK_MANIFEST } from '../../policy/assets.ts';
import { type EncoderRuntime, loadEncoder } from '../../policy/encoder-runtime.ts';
import { openEncoderCache } from './encoder-cache.ts';
import { evaluateHoldOut, type HoldOutReport, printReport, readoutPlaces } from './encoder-hold-out.ts';
import { keptTraining } from './kept-training.ts';
import { CELL_TRUNK } from './trunk-spec.ts';

const MODEL_FILE = 'trunk.onnx';
const OUTPUT = 'embedding';
const USAGE = `usage: node main/cli/assets/make-trunk.ts --cache DIR [options]
  --cache DIR       where pictures and training state are kept
  --out DIR         where the model goes (default: the folder that ships)
  --frames N        training frames (default 9000)
  --hold-out N      frames to measure on (default 3000)
  --epochs N        (default ${TRUNK_TRAINING.epochs})
  --seed N          of initial weights and order (default 0)
  --threads N       (default 1)`;

function options() {
  const { values } = parseArgs({
    options: {
      cache: { type: 'string' },
      out: { type: 'string' },
      frames: { type: 'string', default: '9000' },
      'hold-out': { type: 'string', default: '3000' },
      epochs: { type: 'string', default: String(TRUNK_TRAINING.epochs) },
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '1' },
    },
  });
  const whole = (name: 'frames' | 'hold-out' | 'epochs' | 'seed' | 'threads') => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number\n${USAGE}`);
    return value;
  };
  if (!values.cache) throw new Error(USAGE);
  return {
    cache: values.cache,
    out: values.out ?? join(CELL_TRUNK_MANIFEST, '..'),
    frames: whole('frames'),
    holdOut: whole('hold-out'),
    epochs: whole('epochs'),
    seed: whole('seed'),
    threads: whole('threads'),
  };
}

const elapsed = (sinceMs: number) => `${((systemClock.nowMs() - sinceMs) / 1000).toFixed(0)} s`;

async function train(
  spec: TrunkSpec,
  dataset: EncoderDataset,
  config: TrunkTrainingConfig,
  run: { readonly folder: string; readonly seed: number; readonly threads: number },
): Promise<Float32Array> {
  const kept = keptTraining(run.folder, { trunk: spec, config, seed: run.seed, count: dataset.count });
  const startMs = systemClock.nowMs();
  const weights = await trainTrunk({
    ...{ spec, dataset, config },
    backend: createOrtBackend({ threads: run.threads }),
    rng: createRng(run.seed).split('trunk training'),
    from: kept.read(),
    onEpoch: (state, meanLoss) => {
      kept.write(state);
      console.log(`epoch ${state.epoch}/${config.epochs}  loss ${meanLoss.toFixed(4)}  ${elapsed(startMs)}`);
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

/** The trunk's file, and behind it the readouts that it was taught with. */
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
  const { cache: cacheFolder, out, frames, holdOut, epochs, seed, threads } = options();
  const source = await createEncoderData();
  const cache = openEncoderCache(cacheFolder, source, CELL_TRUNK.cameras);
  console.log(`pictures in ${cache.folder}`);
  const startMs = systemClock.nowMs();
  const dataset = cache.dataset(frames, (count) => console.log(`${count}/${frames} frames  ${elapsed(startMs)}`));
  const config = { ...TRUNK_TRAINING, epochs };
  const weights = await train(CELL_TRUNK, dataset, config, { folder: cache.folder, seed, threads });

  const model = trunkModel(CELL_TRUNK, weights);
  const manifestPath = join(out, 'manifest.json');
  const writeManifest = (report?: HoldOutReport) =>
    writeFileSync(
      manifestPath,
      `${JSON.stringify(manifestOf(CELL_TRUNK, model, dataset.count, report), undefined, 2)}\n`,
    );
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, MODEL_FILE), model);
  writeManifest();
  const trunk = await loadEncoder(manifestPath, threads);
  const reader = await withReadouts(trunk, trunkReadoutModel(CELL_TRUNK, weights), threads);
  const report = await evaluateHoldOut(reader, readoutPlaces(CELL_TRUNK.readouts), source, systemClock, holdOut);
  await reader.dispose();
  await trunk.dispose();
  source.dispose();
  writeManifest(report);
  printReport(report);
  console.log(`${join(out, MODEL_FILE)}: ${(model.length / 1e6).toFixed(2)} MB, ${elapsed(startMs)}`);
}

if (import.meta.main) await main();
