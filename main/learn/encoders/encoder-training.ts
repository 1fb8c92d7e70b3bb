/**
 * Supervised training of the small encoder: smooth L1 on every readout, once from the trunk and once from the features alone.
 * An unknown label has weight 0. `supervised-training.ts` holds the loop.
 */
import type { Step } from '../../tensor/step.ts';
import { add, input, mul } from '../../tensor/tensor.ts';
import { smoothL1 } from '../losses/regression.ts';
import {
  auxiliaryReadouts,
  type EncoderReadout,
  type EncoderSpec,
  type EncoderStatistics,
  encoderNet,
  encoderParameters,
  type PixelStatistics,
  type PooledCamera,
  pooledSize,
  readoutCount,
} from './encoder.ts';
import {
  type SupervisedBatch,
  type SupervisedConfig,
  type SupervisedRun,
  supervisedStep,
  trainSupervised,
} from './supervised-training.ts';

export interface EncoderDataset {
  readonly count: number;
  /** Per camera, [N, P]: sums over the pooled squares, as `poolPicture` makes them. */
  readonly pixels: Readonly<Record<string, Uint16Array>>;
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
  /** Added to every pixel's spread, in levels, so that pixels which never change stay small. */
  readonly spreadFloor: number;
}

export const ENCODER_TRAINING: EncoderTrainingConfig = {
  epochs: 30,
  batchSize: 128,
  peakLearningRate: 3e-3,
  weightDecay: 1e-4,
  clipNorm: 2,
  beta: 0.05,
  auxiliaryWeight: 0.3,
  spreadFloor: 8,
};

interface EncoderTrainingRun extends Pick<SupervisedRun, 'backend' | 'rng' | 'from' | 'onEpoch'> {
  readonly spec: EncoderSpec;
  readonly statistics: EncoderStatistics;
  readonly dataset: EncoderDataset;
  readonly config: EncoderTrainingConfig;
}

/** Mean and spread of every pooled pixel. */
export function pixelStatistics(spec: EncoderSpec, dataset: EncoderDataset, spreadFloor: number): EncoderStatistics {
  return Object.fromEntries(
    spec.towers.map((tower): [string, PixelStatistics] => {
      const size = pooledSize(tower);
      const sums = dataset.pixels[tower.camera]!;
      const scale = 1 / tower.poolPx ** 2;
      const total = new Float64Array(size);
      const squares = new Float64Array(size);
      for (let row = 0; row < dataset.count; row++)
        for (let pixel = 0; pixel < size; pixel++) {
          const level = sums[row * size + pixel]! * scale;
          total[pixel]! += level;
          squares[pixel]! += level * level;
        }
      const mean = Float32Array.from(total, (sum) => sum / dataset.count);
      const gain = Float32Array.from(squares, (sum, pixel) => {
        const variance = sum / dataset.count - (total[pixel]! / dataset.count) ** 2;
        return 1 / (Math.sqrt(Math.max(0, variance)) + spreadFloor);
      });
      return [tower.camera, { mean, gain }];
    }),
  );
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

/** One update. Inputs besides those of `supervisedStep`: one [B, P] per camera, `target` and `weight` [B, R]. */
function encoderStep(spec: EncoderSpec, statistics: EncoderStatistics, config: EncoderTrainingConfig): Step {
  const batch = config.batchSize;
  const columns = readoutCount(spec.readouts);
  return supervisedStep(encoderParameters(spec), config, (parameters) => {
    const pixels = Object.fromEntries(
      spec.towers.map((tower) => [tower.camera, input(tower.camera, [batch, pooledSize(tower)])]),
    );
    const target = input('target', [batch, columns]);
    const weight = input('weight', [batch, columns]);
    const { readouts, features } = encoderNet(spec, parameters, statistics, pixels);
    const direct = smoothL1(readouts, target, weight, config.beta);
    const auxiliary = smoothL1(auxiliaryReadouts(parameters, features), target, weight, config.beta);
    return { minimised: add(direct, mul(auxiliary, config.auxiliaryWeight)), reported: direct };
  });
}

/** Trains for `config.epochs` and returns the flat weights. */
export function trainEncoder({ spec, statistics, dataset, ...run }: EncoderTrainingRun): Promise<Float32Array> {
  const { config } = run;
  return trainSupervised({
    ...run,
    name: 'encoder',
    specs: encoderParameters(spec),
    step: encoderStep(spec, statistics, config),
    count: dataset.count,
    batch: pictureBatch(spec.towers, spec.readouts, dataset, config.batchSize),
  });
}

/** Batches of pooled pictures, per camera [B, P] in levels 0 … 255, with targets and weights. */
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
    return {
      pixels,
      scale: 1 / camera.poolPx ** 2,
      source: dataset.pixels[camera.camera]!,
      values: new Float32Array(size * pixels),
    };
  });
  const fill = (rows: Uint32Array) => {
    rows.forEach((row, slot) => {
      target.set(targets.subarray(row * columns, (row + 1) * columns), slot * columns);
      weight.set(weights.subarray(row * columns, (row + 1) * columns), slot * columns);
      for (const { pixels, scale, source, values } of pictures)
        for (let pixel = 0; pixel < pixels; pixel++)
          values[slot * pixels + pixel] = source[row * pixels + pixel]! * scale;
    });
  };
  const named = cameras.map(({ camera }, index) => [camera, pictures[index]!.values] as const);
  return { inputs: { target, weight, ...Object.fromEntries(named) }, fill };
}
