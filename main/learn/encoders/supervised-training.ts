/**
 * The loop of supervised training for the models that ship: AdamW with a one-cycle learning rate and clipped gradients,
 * one ONNX graph per update. Every epoch has its own random stream, so a run that continues from a stored epoch repeats
 * it to the byte. The caller provides the data and the loss.
 */
import type { Rng } from '../../api/rng.ts';
import type { Backend, Compiled, TensorLike, TensorValue } from '../../tensor/backend.ts';
import { grad } from '../../tensor/grad.ts';
import type { Node } from '../../tensor/ir.ts';
import { adam, biasCorrections, clipByNorm, oneCycle } from '../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../tensor/step.ts';
import { input } from '../../tensor/tensor.ts';
import { shuffledRows } from '../algorithms/rows.ts';
import {
  flatten,
  initialParameters,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../nets/parameters.ts';

export interface SupervisedConfig {
  readonly epochs: number;
  readonly batchSize: number;
  readonly peakLearningRate: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

export interface SupervisedState {
  /** Finished epochs. */
  readonly epoch: number;
  readonly parameters: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** The loss that an update minimises, and the loss that is reported. */
interface SupervisedLoss {
  readonly minimised: Node;
  readonly reported: Node;
}

/** Buffers of one batch, filled again for every update. They are the inputs that the loss names. */
export interface SupervisedBatch {
  readonly inputs: Readonly<Record<string, TensorLike>>;
  fill(rows: Uint32Array): void;
}

interface SupervisedRun {
  readonly backend: Backend;
  readonly name: string;
  readonly specs: readonly ParameterSpec[];
  readonly step: Step;
  readonly config: SupervisedConfig;
  /** Number of rows in the dataset. */
  readonly count: number;
  readonly batch: SupervisedBatch;
  readonly rng: Rng;
  /** The state to continue from; by default training begins anew. */
  readonly from?: SupervisedState | undefined;
  /** Called after every epoch. */
  readonly onEpoch: (state: SupervisedState, meanLoss: number) => void;
}

const ARRAYS = ['parameters', 'mean', 'variance'] as const;

/** One update. Inputs: `parameters`, `mean`, `variance`, `learningRate`, `corrections` [2], and those of the loss. */
export function supervisedStep(
  specs: readonly ParameterSpec[],
  config: SupervisedConfig,
  lossOf: (parameters: Parameters) => SupervisedLoss,
): Step {
  const count = parameterCount(specs);
  const flat = input('parameters', [count]);
  const views = parameterViews(flat, specs);
  const { minimised, reported } = lossOf(parametersFrom(views, specs));
  const gradient = clipByNorm(flatten(grad(minimised, views)), config.clipNorm);
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
    loss: reported,
  });
}

/** Trains for `config.epochs` and returns the flat weights. */
export async function trainSupervised(run: SupervisedRun): Promise<Float32Array> {
  const { backend, specs, config, rng } = run;
  const count = parameterCount(specs);
  const compiled = await backend.compile(run.step, { name: run.name });
  try {
    let state: SupervisedState = run.from ?? {
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

async function trainEpoch(compiled: Compiled, run: SupervisedRun, state: SupervisedState, rng: Rng) {
  const { config, batch } = run;
  const updates = Math.floor(run.count / config.batchSize);
  const order = shuffledRows(run.count, rng);
  let current = valuesOf({ parameters: state.parameters, mean: state.mean, variance: state.variance });
  // Results go into the arrays that the update before last has read from.
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
