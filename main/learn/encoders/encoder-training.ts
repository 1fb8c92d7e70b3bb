/**
 * Supervised training of the small encoder: smooth L1 on every readout, once from the trunk and once from the features alone.
 * An unknown label has weight 0. `supervised-training.ts` holds the loop.
 */
import type { Rng } from '../../api/rng.ts';
import type { Step } from '../../tensor/step.ts';
import { add, input, mul } from '../../tensor/tensor.ts';
import { smoothL1 } from '../losses/regression.ts';
import {
  auxiliaryReadouts,
  type EncoderReadout,
  type EncoderSpec,
  encoderNet,
  encoderParameters,
  readoutCount,
} from './encoder.ts';
import { type PooledCamera, pooledBatch, pooledSize } from './pooled-picture.ts';
import {
  type SupervisedBatch,
  type SupervisedConfig,
  type SupervisedRun,
  supervisedStep,
  trainSupervised,
} from './supervised-training.ts';

export interface EncoderDataset {
  readonly count: number;
  /** Per camera, [N, P]: pooled pictures in levels 0 … 255, as `poolPicture` makes them. */
  readonly pixels: Readonly<Record<string, Uint8Array>>;
  /** [N, labelCount] */
  readonly labels: Float32Array;
  /** [N, labelCount], 0 where a label is not known. */
  readonly weights: Float32Array;
  readonly labelCount: number;
}

export interface EncoderTrainingConfig extends SupervisedConfig {
  /** Error at which the loss turns from squared to absolute, in readout units. */
  readonly beta: number;
  /** Weight of the loss on the readout from the features alone. */
  readonly auxiliaryWeight: number;
}

export const ENCODER_TRAINING: EncoderTrainingConfig = {
  epochs: 15,
  batchSize: 128,
  peakLearningRate: 3e-3,
  weightDecay: 1e-4,
  clipNorm: 2,
  beta: 0.05,
  auxiliaryWeight: 0.3,
};

interface EncoderTrainingRun extends Pick<SupervisedRun, 'backend' | 'rng' | 'from' | 'onEpoch'> {
  readonly spec: EncoderSpec;
  readonly dataset: EncoderDataset;
  readonly config: EncoderTrainingConfig;
}

/** The targets of the readouts and their weights, [N, R] each. */
export function encoderTargets(readouts: readonly EncoderReadout[], dataset: EncoderDataset) {
  const columns = readoutCount(readouts);
  const targets = new Float32Array(dataset.count * columns);
  const weights = new Float32Array(dataset.count * columns);
  for (let row = 0; row < dataset.count; row++) {
    let at = row * columns;
    for (const readout of readouts) {
      for (const column of readout.columns) {
        const value = dataset.labels[row * dataset.labelCount + column]! / readout.unit;
        const curved = readout.curve === 'asinh' ? Math.asinh(value) : value;
        targets[at] = Math.max(-readout.trainedClip, Math.min(readout.trainedClip, curved));
        weights[at] = readout.weight * dataset.weights[row * dataset.labelCount + column]!;
        at++;
      }
    }
  }
  return { targets, weights };
}

/** One update. Inputs besides those of `supervisedStep`: one [B, S, S, 3] per camera in levels, `target` and `weight` [B, R]. */
function encoderStep(spec: EncoderSpec, config: EncoderTrainingConfig): Step {
  const batch = config.batchSize;
  const columns = readoutCount(spec.readouts);
  return supervisedStep(encoderParameters(spec), config, (parameters) => {
    const pictures = Object.fromEntries(spec.towers.map((tower) => [tower.camera, pooledBatch(tower, batch)]));
    const target = input('target', [batch, columns]);
    const weight = input('weight', [batch, columns]);
    const { readouts, features } = encoderNet(spec, parameters, pictures);
    const direct = smoothL1(readouts, target, weight, config.beta);
    const auxiliary = smoothL1(auxiliaryReadouts(parameters, features), target, weight, config.beta);
    return { minimised: add(direct, mul(auxiliary, config.auxiliaryWeight)), reported: direct };
  });
}

/** Trains for `config.epochs` and returns the flat weights. */
export function trainEncoder({ spec, dataset, ...run }: EncoderTrainingRun): Promise<Float32Array> {
  const { config } = run;
  return trainSupervised({
    ...run,
    name: 'encoder',
    specs: encoderParameters(spec),
    step: encoderStep(spec, config),
    count: dataset.count,
    batch: pictureBatch(spec.towers, spec.readouts, dataset, config.batchSize),
  });
}

/** Share of a batch's pictures whose tone curve is bent, and by how much: level ↦ 255·(level / 255)^γ, γ = e^±size. */
const BENT_SHARE = 0.5;
const BENT_LOG_GAMMA = 0.3;

/**
 * Batches of pooled pictures, per camera [B, P] in levels 0 … 255, with targets and weights. Half of the pictures get a tone
 * curve of their own, anew in each epoch.
 */
export function pictureBatch(
  cameras: readonly PooledCamera[],
  readouts: readonly EncoderReadout[],
  dataset: EncoderDataset,
  size: number,
): SupervisedBatch {
  const columns = readoutCount(readouts);
  const { targets, weights } = encoderTargets(readouts, dataset);
  const target = new Float32Array(size * columns);
  const weight = new Float32Array(size * columns);
  const pictures = cameras.map((camera) => {
    const pixels = pooledSize(camera);
    return { pixels, source: dataset.pixels[camera.camera]!, values: new Float32Array(size * pixels) };
  });
  const tones = new Float32Array(256);
  const fill = (rows: Uint32Array, rng: Rng) => {
    rows.forEach((row, slot) => {
      target.set(targets.subarray(row * columns, (row + 1) * columns), slot * columns);
      weight.set(weights.subarray(row * columns, (row + 1) * columns), slot * columns);
      for (const { pixels, source, values } of pictures) {
        const gamma = rng.uniform() < BENT_SHARE ? Math.exp(rng.range(-BENT_LOG_GAMMA, BENT_LOG_GAMMA)) : 1;
        for (let level = 0; level < 256; level++) tones[level] = 255 * (level / 255) ** gamma;
        const [from, to] = [row * pixels, slot * pixels];
        for (let pixel = 0; pixel < pixels; pixel++) values[to + pixel] = tones[source[from + pixel]!]!;
      }
    });
  };
  const named = cameras.map(({ camera }, index) => [camera, pictures[index]!.values] as const);
  return { inputs: { target, weight, ...Object.fromEntries(named) }, fill };
}
