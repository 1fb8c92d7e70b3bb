/**
 * Supervised training of the small encoder: smooth L1 on every readout, twice (from the trunk, and from the features alone),
 * AdamW with a one-cycle learning rate and clipped gradients; one ONNX graph per update. A label weighs nothing where it is
 * not known. Chance comes from one stream per epoch, so a run that continues from a stored epoch repeats it to the byte.
 */
import type { Rng } from '../api/rng.ts';
import {
  auxiliaryReadouts,
  type EncoderSpec,
  type EncoderStatistics,
  encoderNet,
  encoderParameters,
  type PixelStatistics,
  pooledSize,
  readoutCount,
} from './encoder.ts';
import type { Backend, Compiled, TensorValue } from './graph/backend.ts';
import { grad } from './graph/grad.ts';
import { defineStep, type Step } from './graph/step.ts';
import { add, input, mul } from './graph/tensor.ts';
import { smoothL1 } from './losses/smooth-l1.ts';
import { flatten, initialParameters, parameterCount, parametersFrom, parameterViews } from './nets/parameters.ts';
import { adam, biasCorrections, clipByNorm, oneCycle } from './optim.ts';

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

export interface EncoderTrainingConfig {
  readonly epochs: number;
  readonly batchSize: number;
  readonly peakLearningRate: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Where the loss turns from squared to absolute, in readout units. */
  readonly beta: number;
  /** Share of the loss of the readout from the features alone. */
  readonly auxiliaryWeight: number;
  /** Added to every pixel's spread before it is divided by: pixels that never change stay quiet. Levels. */
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

export interface EncoderTrainingState {
  /** Epochs done. */
  readonly epoch: number;
  readonly parameters: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

export interface EncoderTrainingRun {
  readonly backend: Backend;
  readonly spec: EncoderSpec;
  readonly statistics: EncoderStatistics;
  readonly dataset: EncoderDataset;
  readonly config: EncoderTrainingConfig;
  readonly rng: Rng;
  /** Where to go on from, if not from the beginning. */
  readonly from?: EncoderTrainingState | undefined;
  /** After every epoch. */
  readonly onEpoch: (state: EncoderTrainingState, meanLoss: number) => void;
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

/** What the readouts should say, [N, R], and how much each counts, [N, R]. */
export function encoderTargets(spec: EncoderSpec, dataset: EncoderDataset) {
  const columns = readoutCount(spec);
  const targets = new Float32Array(dataset.count * columns);
  const weights = new Float32Array(dataset.count * columns);
  for (let row = 0; row < dataset.count; row++) {
    let at = row * columns;
    for (const readout of spec.readouts) {
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

const ARRAYS = ['parameters', 'mean', 'variance'] as const;

/** One update. Inputs: parameters, mean, variance [·], per camera [B, P], target and weight [B, R], learningRate, corrections [2]. */
export function encoderStep(spec: EncoderSpec, statistics: EncoderStatistics, config: EncoderTrainingConfig): Step {
  const specs = encoderParameters(spec);
  const count = parameterCount(specs);
  const batch = config.batchSize;
  const flat = input('parameters', [count]);
  const views = parameterViews(flat, specs);
  const parameters = parametersFrom(views, specs);
  const pixels = Object.fromEntries(
    spec.towers.map((tower) => [tower.camera, input(tower.camera, [batch, pooledSize(tower)])]),
  );
  const target = input('target', [batch, readoutCount(spec)]);
  const weight = input('weight', [batch, readoutCount(spec)]);
  const { readouts, features } = encoderNet(spec, parameters, statistics, pixels);
  const direct = smoothL1(readouts, target, weight, config.beta);
  const auxiliary = smoothL1(auxiliaryReadouts(parameters, features), target, weight, config.beta);
  const loss = add(direct, mul(auxiliary, config.auxiliaryWeight));
  const gradient = clipByNorm(flatten(grad(loss, views)), config.clipNorm);
  const next = adam(
    { parameters: flat, mean: input('mean', [count]), variance: input('variance', [count]) },
    gradient,
    {
      learningRate: input('learningRate', []),
      corrections: input('corrections', [2]),
      weightDecay: config.weightDecay,
    },
  );
  return defineStep({
    'next.parameters': next.parameters,
    'next.mean': next.mean,
    'next.variance': next.variance,
    loss: direct,
  });
}

/** Trains for `config.epochs`; the weights it ends with, flat. */
export async function trainEncoder(run: EncoderTrainingRun): Promise<Float32Array> {
  const { backend, spec, statistics, config, rng } = run;
  const specs = encoderParameters(spec);
  const count = parameterCount(specs);
  const compiled = await backend.compile(encoderStep(spec, statistics, config), { name: 'encoder' });
  try {
    let state: EncoderTrainingState = run.from ?? {
      epoch: 0,
      parameters: initialParameters(specs, rng.split('initial weights')),
      mean: new Float32Array(count),
      variance: new Float32Array(count),
    };
    while (state.epoch < config.epochs) {
      const { next, meanLoss } = await trainEpoch(compiled, run, state, rng.split(`epoch ${state.epoch}`));
      state = next;
      run.onEpoch(state, meanLoss);
    }
    return state.parameters;
  } finally {
    await compiled.dispose();
  }
}

async function trainEpoch(compiled: Compiled, run: EncoderTrainingRun, state: EncoderTrainingState, rng: Rng) {
  const { spec, dataset, config } = run;
  const updates = Math.floor(dataset.count / config.batchSize);
  const order = shuffled(dataset.count, rng);
  const batch = createBatch(spec, dataset, config.batchSize);
  let current = valuesOf({ parameters: state.parameters, mean: state.mean, variance: state.variance });
  // Results are written into the arrays that the update before last has read from.
  let spare = emptyValues(current);
  let lossSum = 0;
  for (let update = 0; update < updates; update++) {
    const step = state.epoch * updates + update;
    batch.fill(order.subarray(update * config.batchSize, (update + 1) * config.batchSize));
    const outputs = await compiled.run(
      {
        ...current,
        ...batch.inputs,
        learningRate: oneCycle(step, config.epochs * updates, config.peakLearningRate),
        corrections: [...biasCorrections(step + 1)],
      },
      Object.fromEntries(ARRAYS.map((name) => [`next.${name}`, spare[name]!])),
    );
    lossSum += Number(outputs['loss']!.data[0]);
    const result = Object.fromEntries(ARRAYS.map((name) => [name, outputs[`next.${name}`]!]));
    spare = update === 0 ? emptyValues(current) : current;
    current = result;
  }
  const arrayOf = (name: (typeof ARRAYS)[number]) => Float32Array.from(current[name]!.data, Number);
  return {
    next: {
      epoch: state.epoch + 1,
      parameters: arrayOf('parameters'),
      mean: arrayOf('mean'),
      variance: arrayOf('variance'),
    },
    meanLoss: lossSum / Math.max(1, updates),
  };
}

type Values = Readonly<Record<string, TensorValue>>;

function valuesOf(arrays: Readonly<Record<string, Float32Array>>): Values {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], dtype: 'float32', data }]),
  );
}

function emptyValues(like: Values): Values {
  return valuesOf(Object.fromEntries(ARRAYS.map((name) => [name, new Float32Array(like[name]!.data.length)])));
}

/** Buffers of one batch, filled again for every update. */
function createBatch(spec: EncoderSpec, dataset: EncoderDataset, size: number) {
  const columns = readoutCount(spec);
  const { targets, weights } = encoderTargets(spec, dataset);
  const target = new Float32Array(size * columns);
  const weight = new Float32Array(size * columns);
  const pictures = spec.towers.map((tower) => {
    const pixels = pooledSize(tower);
    return {
      pixels,
      scale: 1 / tower.poolPx ** 2,
      source: dataset.pixels[tower.camera]!,
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
  const named = spec.towers.map(({ camera }, index) => [camera, pictures[index]!.values] as const);
  return { inputs: { target, weight, ...Object.fromEntries(named) }, fill };
}

function shuffled(count: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    const other = rng.integer(index + 1);
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return order;
}
