/**
 * The command that makes an encoder for the simulated cell. Renders labelled pictures into a cache, trains on them,
 * writes model and manifest, and measures the written file on the hold-out set. The result is the same for a seed and a
 * machine's arithmetic. It may be stopped at any time; the same command goes on.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createEncoderData,
  ENCODER_CAMERAS,
  ENCODER_LABELS,
  TRAINING_VIEW_WORDS,
} from '../../../native/sim/encoder-data/encoder-data.ts';
import { systemClock } from '../../api/clock.ts';
import { messageOf } from '../../api/error-words.ts';
import { type EncoderManifest, encoderManifestSchema } from '../../api/policy.ts';
import { createRng, type Rng } from '../../api/rng.ts';
import { SEED_RANGES } from '../../api/task.ts';
import type { EncoderReadout } from '../../learn/encoders/encoder.ts';
import type { EncoderDataset } from '../../learn/encoders/encoder-training.ts';
import type { PooledCamera } from '../../learn/encoders/pooled-picture.ts';
import type { SupervisedState } from '../../learn/encoders/supervised-training.ts';
import { bytesOf, floatsOf, writeFileAtomically } from '../../models/atomic-files.ts';
import { type EncoderRuntime, loadEncoder } from '../../models/encoder-runtime.ts';
import type { Backend } from '../../tensor/backend.ts';
import { createOrtBackend } from '../../tensor/backends/ort.ts';
import { openEncoderCache } from './encoder-cache.ts';
import { episodeSummary, episodeTable, measureEpisodes } from './encoder-episodes.ts';
import { evaluateHoldOut, printReport, readoutPlaces } from './encoder-hold-out.ts';

interface TrainingRun<Config> {
  readonly backend: Backend;
  readonly dataset: EncoderDataset;
  readonly config: Config;
  readonly rng: Rng;
  /** The state to continue from; undefined at the beginning. */
  readonly from: SupervisedState | undefined;
  /** Called after every epoch. */
  readonly onEpoch: (state: SupervisedState, meanLoss: number) => void;
}

export interface EncoderAsset<Config extends { readonly epochs: number }> {
  /** Name of the command's file. */
  readonly command: string;
  /** Path of the manifest that ships. */
  readonly shipped: string;
  /** Default number of training frames. */
  readonly frames: number;
  readonly config: Config;
  readonly spec: object;
  readonly cameras: readonly PooledCamera[];
  /** Names of the cameras, in the order of the manifest. */
  readonly inputs: readonly string[];
  readonly readouts: readonly EncoderReadout[];
  /** Name of the random numbers of initial weights and order. */
  readonly stream: string;
  /** Name under which the hash of a kept training holds the spec. */
  readonly keptAs: string;
  readonly manifest: Pick<EncoderManifest, 'name' | 'model' | 'embeddingSize' | 'maps'>;
  /** The embedding in words, after the labels. */
  readonly words: string;
  /** `readerOf`: makes the encoder's embedding show the readouts that are measured. */
  readonly train: (run: TrainingRun<Config>) => Promise<{
    readonly model: Uint8Array;
    readonly readerOf?: (
      encoder: EncoderRuntime,
      threads: number,
    ) => Promise<Pick<EncoderRuntime, 'embed' | 'dispose'>>;
  }>;
}

export async function makeEncoderAsset<Config extends { readonly epochs: number }>(
  asset: EncoderAsset<Config>,
): Promise<void> {
  const options = assetOptions(asset);
  const { cache: cacheFolder, out, frames, holdOut, epochs, seed, threads, episodes: measuredEpisodes } = options;
  const source = await createEncoderData();
  const cache = openEncoderCache(cacheFolder, source, asset.cameras);
  console.log(`pictures in ${cache.folder}`);
  const startMs = systemClock.nowMs();
  const dataset = await cache.dataset(frames, threads, (count) =>
    console.log(`${count}/${frames} frames  ${elapsed(startMs)}`),
  );
  const config = { ...asset.config, epochs };
  const kept = keptTraining(cache.folder, { [asset.keptAs]: asset.spec, config, seed, count: dataset.count });
  const trainingStartMs = systemClock.nowMs();
  const { model, readerOf } = await asset.train({
    dataset,
    config,
    backend: createOrtBackend({ threads }),
    rng: createRng(seed).split(asset.stream),
    from: kept.read(),
    onEpoch: (state, meanLoss) => {
      kept.write(state);
      console.log(`epoch ${state.epoch}/${epochs}  loss ${meanLoss.toFixed(4)}  ${elapsed(trainingStartMs)}`);
    },
  });
  kept.remove();

  const [modelPath, manifestPath] = [join(out, asset.manifest.model), join(out, 'manifest.json')];
  const writeManifest = (measured = {}) => {
    const manifest = manifestOf(asset, model, dataset.count, measured);
    writeFileSync(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  };
  mkdirSync(out, { recursive: true });
  writeFileSync(modelPath, model);
  writeManifest();
  const encoder = await loadEncoder(manifestPath, threads);
  const reader = (await readerOf?.(encoder, threads)) ?? encoder;
  const report = await evaluateHoldOut(reader, readoutPlaces(asset.readouts), source, systemClock, holdOut);
  const episodes = await measureEpisodes(reader, asset.readouts, source, measuredEpisodes);
  await reader.dispose();
  writeManifest({ ...report.summary, ...episodeSummary(episodes) });
  printReport(report);
  console.log(episodeTable(episodes));
  console.log(`${modelPath}: ${(model.length / 1e6).toFixed(2)} MB, ${elapsed(startMs)}`);
  source.dispose();
}

const elapsed = (sinceMs: number) => `${((systemClock.nowMs() - sinceMs) / 1000).toFixed(0)} s`;

type AssetInWords = Pick<EncoderAsset<never>, 'manifest' | 'inputs' | 'words'>;

function manifestOf({ manifest, inputs, words }: AssetInWords, model: Uint8Array, frames: number, holdOut: object) {
  const { first, count } = SEED_RANGES.encoder;
  return encoderManifestSchema.parse({
    kind: 'encoder',
    ...manifest,
    sha256: createHash('sha256').update(model).digest('hex'),
    cameras: inputs.map((input) => ({ ...ENCODER_CAMERAS.find(({ name }) => name === input), input })),
    output: 'embedding',
    trainedOn: {
      labels: `from the simulator: ${ENCODER_LABELS.map(({ name }) => name).join(', ')}; ${words}; ${TRAINING_VIEW_WORDS}`,
      frames,
      seedRange: `encoder: ${first}–${first + count - 1}, hold-out from ${first + count / 2}`,
    },
    holdOut,
  });
}

/** Throws with the usage when an option is missing or wrong. */
function assetOptions(
  asset: Pick<EncoderAsset<{ readonly epochs: number }>, 'command' | 'shipped' | 'frames' | 'config'>,
) {
  const usage = `usage: node main/study/assets/${asset.command} --cache DIR [options]
  --cache DIR       where pictures and training state are kept
  --out DIR         where the model goes (default: the folder that ships)
  --frames N        training frames (default ${asset.frames})
  --hold-out N      frames to measure on (default 3000)
  --episodes N      episodes of each task to measure along (default 10)
  --epochs N        (default ${asset.config.epochs})
  --seed N          of initial weights and order (default 0)
  --threads N       (default 1)`;
  const options = {
    cache: { type: 'string' },
    out: { type: 'string', default: dirname(asset.shipped) },
    frames: { type: 'string', default: String(asset.frames) },
    'hold-out': { type: 'string', default: '3000' },
    episodes: { type: 'string', default: '10' },
    epochs: { type: 'string', default: String(asset.config.epochs) },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string', default: '1' },
  } as const;
  const parsed = () => {
    try {
      return parseArgs({ options }).values;
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${usage}`, { cause: error });
    }
  };
  const values = parsed();
  const whole = (name: 'frames' | 'hold-out' | 'episodes' | 'epochs' | 'seed' | 'threads') => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`--${name} ${values[name]}: expected a whole number\n${usage}`);
    return value;
  };
  const { cache, out } = values;
  if (!cache) throw new Error(usage);
  const [frames, holdOut, epochs] = [whole('frames'), whole('hold-out'), whole('epochs')];
  const [episodes, seed, threads] = [whole('episodes'), whole('seed'), whole('threads')];
  return { cache, out, frames, holdOut, episodes, epochs, seed, threads };
}

/**
 * The state of a training in one file of the cache. `settings`: everything that the weights depend on. Each settings
 * have their own file.
 */
function keptTraining(folder: string, settings: unknown) {
  const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
  const path = join(folder, `training-${key}.bin`);
  return {
    read: (): SupervisedState | undefined => {
      if (!existsSync(path)) return undefined;
      const all = floatsOf(readFileSync(path));
      const count = (all.length - 1) / 3;
      const part = (index: number) => all.slice(1 + index * count, 1 + (index + 1) * count);
      return { epoch: all[0]!, parameters: part(0), mean: part(1), variance: part(2) };
    },
    write: ({ epoch, parameters, mean, variance }: SupervisedState) =>
      writeFileAtomically(path, [Float32Array.of(epoch), parameters, mean, variance].map(bytesOf)),
    /** Call it when the weights are final. */
    remove: () => rmSync(path, { force: true }),
  };
}
