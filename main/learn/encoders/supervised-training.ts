/**
 * The loop of supervised training for the models that ship: AdamW with a one-cycle learning rate and clipped gradients,
 * one ONNX graph per update. Every epoch has its own random stream, so a run that continues from a stored epoch repeats
 * it to the byte. The caller provides the data and the loss.
 */
import type { Rng } from '../../api/rng.ts';
import type { Backend, TensorLike } from '../../tensor/backend.ts';
import { grad } from '../../tensor/grad.ts';
import type { Node } from '../../tensor/ir.ts';
import { adam, biasCorrections, clipByNorm, oneCycle } from '../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../tensor/step.ts';
import { input } from '../../tensor/tensor.ts';
import { createArrays, withMoments } from '../algorithms/learner-arrays.ts';
import { shuffledRows } from '../algorithms/rows.ts';
import { adamInputs, adamOutputs, metricOutputs } from '../algorithms/step-inputs.ts';
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

export interface SupervisedState extends Readonly<Record<'parameters' | 'mean' | 'variance', Float32Array>> {
  /** Finished epochs. */
  readonly epoch: number;
}

/** The loss that an update minimises, and the loss that is reported. */
interface SupervisedLoss {
  readonly minimised: Node;
  readonly reported: Node;
}

/** Buffers of one batch, filled again for every update. They are the inputs that the loss names. */
export interface SupervisedBatch {
  readonly inputs: Readonly<Record<string, TensorLike>>;
  /** `rng` is the update's own stream, for what is drawn anew in each epoch. */
  fill(rows: Uint32Array, rng: Rng): void;
}

export interface SupervisedRun {
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

/**
 * One update. Inputs: `parameters`, `mean`, `variance`, `learningRate`, `corrections` [2], and those of the loss. Gradients are
 * not clipped without a `clipNorm`.
 */
export function supervisedStep(
  specs: readonly ParameterSpec[],
  { weightDecay, clipNorm }: { readonly weightDecay: number; readonly clipNorm?: number },
  lossOf: (parameters: Parameters) => SupervisedLoss,
): Step {
  const state = adamInputs('parameters', parameterCount(specs));
  const views = parameterViews(state.parameters, specs);
  const { minimised, reported } = lossOf(parametersFrom(views, specs));
  const gradient = flatten(grad(minimised, views));
  const options = { learningRate: input('learningRate', []), corrections: input('corrections', [2]), weightDecay };
  const next = adam(state, clipNorm === undefined ? gradient : clipByNorm(gradient, clipNorm), options);
  return defineStep({ ...adamOutputs('parameters', next), ...metricOutputs({ loss: reported }) });
}

/** Trains for `config.epochs` and returns the flat weights. */
export async function trainSupervised(run: SupervisedRun): Promise<Float32Array> {
  const { backend, specs, config, count, batch, rng, from } = run;
  const updates = Math.floor(count / config.batchSize);
  const compiled = await backend.compile(run.step, { name: run.name });
  try {
    const fresh = () => withMoments('parameters', initialParameters(specs, rng.split('initial weights')));
    const { parameters, mean, variance } = from ?? fresh();
    const arrays = createArrays({ parameters: parameters!, mean: mean!, variance: variance! }, compiled.allocate);
    for (let epoch = from?.epoch ?? 0; epoch < config.epochs; epoch++) {
      const order = shuffledRows(count, rng.split(`epoch ${epoch}`));
      let lossSum = 0;
      for (let update = 0; update < updates; update++) {
        const step = epoch * updates + update;
        const rows = order.subarray(update * config.batchSize, (update + 1) * config.batchSize);
        batch.fill(rows, rng.split(`update ${step}`));
        const inputs = {
          ...arrays.current,
          ...batch.inputs,
          learningRate: oneCycle(step, config.epochs * updates, config.peakLearningRate),
          corrections: [...biasCorrections(step + 1)],
        };
        const { loss } = arrays.accept(await compiled.run(inputs, arrays.nextBuffers()));
        lossSum += loss!;
      }
      const { parameters, mean, variance } = arrays.copy();
      const state = { epoch: epoch + 1, parameters: parameters!, mean: mean!, variance: variance! };
      run.onEpoch(state, lossSum / Math.max(1, updates));
    }
    return arrays.copy()['parameters']!;
  } finally {
    await compiled.dispose();
  }
}
