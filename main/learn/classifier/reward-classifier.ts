/**
 * The reward classifier (HIL-SERL, Luo et al. 2024, App.) decides whether an observation shows success: a small network
 * on the frozen encoder's embedding, trained with binary cross-entropy on batches of half positives and half negatives.
 * By default proprioception is no input, as in HIL-SERL. In the cell it made the result worse, because a network learns
 * some thirty successes by heart; the guard checks the robot's state instead. Differs from HIL-SERL: no spatial pooling
 * and no dropout, because the embedding is small; noise on the standardised inputs instead of random crops, because
 * embeddings are stored; tanh as in our other nets.
 * Letters: B batch, E embedding, P proprioception (0 when it is no input), N frames.
 */
import type { Rng } from '../../api/rng.ts';
import type { Backend } from '../../tensor/backend.ts';
import type { Node } from '../../tensor/ir.ts';
import { toOnnx } from '../../tensor/onnx/to-onnx.ts';
import { biasCorrections, oneCycle } from '../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../tensor/step.ts';
import { concat, constant, input, mul, sub } from '../../tensor/tensor.ts';
import { createArrays, withMoments } from '../algorithms/learner-arrays.ts';
import { type SupervisedConfig, supervisedStep } from '../encoders/supervised-training.ts';
import { binaryCrossEntropy } from '../losses/likelihood/binary-cross-entropy.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../nets/mlp.ts';
import { initialParameters, type Parameters, parametersFrom, parameterViews } from '../nets/parameters.ts';

export interface ClassifierSizes {
  readonly embedding: number;
  /** P; 0 = no input. */
  readonly proprioception: number;
}

export interface ClassifierConfig extends Pick<SupervisedConfig, 'batchSize' | 'peakLearningRate' | 'weightDecay'> {
  readonly hidden: readonly number[];
  readonly updates: number;
  /** Standard deviation of the noise on standardised inputs. */
  readonly inputNoiseStd: number;
}

export const CLASSIFIER_CONFIG: ClassifierConfig = {
  hidden: [64, 64],
  updates: 300, // HIL-SERL: 150; at 600, fewer held-out successes were found
  batchSize: 128, // HIL-SERL: 256; half of the batch are positives
  peakLearningRate: 2e-3,
  weightDecay: 1e-2,
  inputNoiseStd: 0.1,
};

/** Features [N, E + P] row by row, and the label of each row. */
export interface ClassifierFrames {
  readonly features: Float32Array;
  readonly positive: readonly boolean[];
}

interface Standardisation {
  readonly mean: Float32Array;
  readonly gain: Float32Array;
}

/** Smallest spread that a feature is divided by, so that a feature which never changed stays near zero. */
const MIN_SPREAD = 1e-2;

const featureCount = (sizes: ClassifierSizes) => sizes.embedding + sizes.proprioception;
const netOf = (sizes: ClassifierSizes, config: ClassifierConfig): MlpSpec => ({
  name: 'classifier',
  inputs: [{ name: 'features', size: featureCount(sizes) }],
  hidden: config.hidden,
  output: 1,
});

/** Standardised features [B, E + P] → logit [B, 1]. */
function logitOf(parameters: Parameters, net: MlpSpec, features: Node): Node {
  return mlp(parameters, net, [project(parameters, net, 'features', features)]);
}

export function standardisationOf(frames: ClassifierFrames, sizes: ClassifierSizes): Standardisation {
  const count = featureCount(sizes);
  const rows = frames.positive.length;
  const mean = new Float32Array(count);
  const gain = new Float32Array(count);
  for (let column = 0; column < count; column++) {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const value = frames.features[row * count + column]!;
      sum += value;
      squares += value * value;
    }
    mean[column] = sum / rows;
    const spread = Math.sqrt(Math.max(0, squares / rows - (sum / rows) ** 2));
    gain[column] = 1 / Math.max(spread, MIN_SPREAD);
  }
  return { mean, gain };
}

/** One update. Inputs besides those of `supervisedStep`: standardised `features` [B, E + P], `target` [B, 1]. */
export function classifierStep(sizes: ClassifierSizes, config: ClassifierConfig): Step {
  const net = netOf(sizes, config);
  return supervisedStep(mlpParameters(net), { weightDecay: config.weightDecay }, (parameters) => {
    const logits = logitOf(parameters, net, input('features', [config.batchSize, featureCount(sizes)]));
    const loss = binaryCrossEntropy(logits, input('target', [config.batchSize, 1]));
    return { minimised: loss, reported: loss };
  });
}

interface ClassifierTraining {
  readonly backend: Backend;
  readonly sizes: ClassifierSizes;
  readonly config: ClassifierConfig;
  readonly frames: ClassifierFrames;
  readonly standardisation: Standardisation;
  readonly rng: Rng;
  readonly onUpdate?: (done: number, loss: number) => void;
}

/** Returns the trained weights, flat. The same seed and frames give the same weights. */
export async function trainClassifier(training: ClassifierTraining): Promise<Float32Array> {
  const { backend, sizes, config, rng } = training;
  const initial = initialParameters(mlpParameters(netOf(sizes, config)), rng.split('initial weights'));
  const batch = createBatch(training, rng.split('batches'));
  const compiled = await backend.compile(classifierStep(sizes, config), { name: 'reward-classifier' });
  const arrays = createArrays(withMoments('parameters', initial), compiled.allocate);
  try {
    for (let update = 1; update <= config.updates; update++) {
      batch.draw();
      const inputs = {
        ...arrays.current,
        ...batch.inputs,
        learningRate: oneCycle(update - 1, config.updates, config.peakLearningRate),
        corrections: [...biasCorrections(update)],
      };
      const { loss } = arrays.accept(await compiled.run(inputs, arrays.nextBuffers()));
      training.onUpdate?.(update, loss!);
    }
    return arrays.copy()['parameters']!;
  } finally {
    await compiled.dispose();
  }
}

/** Buffers of one batch, drawn with replacement for every update: the first half positives, the second negatives. */
function createBatch({ sizes, config, frames, standardisation }: ClassifierTraining, rng: Rng) {
  const columns = featureCount(sizes);
  const rowsOf = (wanted: boolean) => frames.positive.flatMap((positive, row) => (positive === wanted ? [row] : []));
  const [positives, negatives] = [rowsOf(true), rowsOf(false)];
  if (positives.length === 0 || negatives.length === 0)
    throw new RangeError(
      `Training needs frames of both kinds; there are ${positives.length} positives and ${negatives.length} negatives. Label some of the other kind.`,
    );
  const features = new Float32Array(config.batchSize * columns);
  const target = new Float32Array(config.batchSize).fill(1, 0, config.batchSize / 2);
  const draw = () => {
    for (let slot = 0; slot < config.batchSize; slot++) {
      const rows = slot < config.batchSize / 2 ? positives : negatives;
      const row = rows[rng.integer(rows.length)]!;
      for (let column = 0; column < columns; column++) {
        const value = frames.features[row * columns + column]!;
        const standard = (value - standardisation.mean[column]!) * standardisation.gain[column]!;
        features[slot * columns + column] = standard + config.inputNoiseStd * rng.normal();
      }
    }
  };
  return { inputs: { features, target }, draw };
}

/**
 * A model with fixed weights and standardisation: `embedding` [B, E] and, when P > 0, `proprioception` [B, P] as
 * recorded → `logit` [B, 1].
 */
export function classifierModel(
  sizes: ClassifierSizes,
  config: ClassifierConfig,
  standardisation: Standardisation,
  weights: Float32Array,
  batch = 1,
): Uint8Array {
  const net = netOf(sizes, config);
  const specs = mlpParameters(net);
  const flat = input('parameters', [weights.length]);
  const embedding = input('embedding', [batch, sizes.embedding]);
  const raw =
    sizes.proprioception > 0
      ? concat([embedding, input('proprioception', [batch, sizes.proprioception])], 1)
      : embedding;
  const row = (values: Float32Array) => constant([...values], [1, values.length]);
  const standard = mul(sub(raw, row(standardisation.mean)), row(standardisation.gain));
  const logit = logitOf(parametersFrom(parameterViews(flat, specs), specs), net, standard);
  const step = defineStep({ logit });
  return toOnnx(step, { name: 'reward-classifier', initializers: { parameters: weights } });
}
