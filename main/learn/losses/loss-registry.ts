/**
 * Every loss by the name that configs and the window use. What each one means stands in the file of that name.
 * A term of a config is built by `combine.ts`.
 */
import type { Node } from '../../tensor/ir.ts';
import { mean, mul, neg, ones } from '../../tensor/tensor.ts';
import { distillCategorical, distillGaussian, distillRegression } from './alignment/distillation.ts';
import { infoNce } from './alignment/info-nce.ts';
import { TPO_BETA, tpo } from './alignment/tpo.ts';
import { type ChunkWeights, exponentialWeights } from './chunk.ts';
import { chunkErrors, consistencyLoss } from './generative/consistency.ts';
import { consistencyTrainingLoss } from './generative/consistency-training.ts';
import { diffusionLoss } from './generative/diffusion.ts';
import { flowMatchingLoss } from './generative/flow-matching.ts';
import { HINGE_WEIGHT, hingePenalty } from './hinge-penalty.ts';
import { HUBER_DELTA, huber } from './huber.ts';
import { l1 } from './l1.ts';
import { binnedCrossEntropy } from './likelihood/binned-cross-entropy.ts';
import { gaussianNll, LOG_VARIANCE_RANGE } from './likelihood/gaussian-nll.ts';
import { gmmNll } from './likelihood/gmm-nll.ts';
import { actionLossEntry, type LossEntry, lossEntry } from './loss-entry.ts';
import type { LossInputs } from './loss-inputs.ts';
import { mse } from './regression.ts';
import { calQl } from './reinforcement/cal-ql.ts';
import { CLIP_RATIO, clippedSurrogate, KL_ESTIMATORS, klToReference, valueLoss } from './reinforcement/ppo.ts';
import { qLoss } from './reinforcement/q-loss.ts';
import { tdLoss } from './reinforcement/td.ts';
import { SMOOTHNESS_WEIGHTS, smoothness } from './smoothness.ts';

/** λ of e^(−λk) over the chunk's steps, 0 for uniform; weights per dimension, empty for equal ones. */
const CHUNK = { timeDecay: 0, dimensionWeights: [] } as const;
const DIMENSIONS = { dimensionWeights: [] } as const;
const CHUNK_USES = ['pad', 'sampleWeight'] as const;
const REGRESSION = ['prediction', 'mean', 'denoised'] as const;

interface ChunkOptions {
  readonly timeDecay?: number;
  readonly dimensionWeights: readonly number[];
}

function weightsOf(
  { pad, sampleWeight }: Pick<LossInputs, 'pad' | 'sampleWeight'>,
  steps: number,
  { timeDecay = 0, dimensionWeights }: ChunkOptions,
): ChunkWeights {
  return {
    pad,
    sampleWeight,
    timeWeights: timeDecay === 0 ? undefined : exponentialWeights(steps, timeDecay),
    dimensionWeights: dimensionWeights.length === 0 ? undefined : dimensionWeights,
  };
}

const stepsOf = (chunk: Node): number => chunk.shape[1]!;

const entries = {
  mse: actionLossEntry({
    label: 'Mean squared error',
    on: REGRESSION,
    needs: ['target'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ actions, context }, { target }, options) =>
      mse(actions, target, weightsOf(context, stepsOf(actions), options)),
  }),
  l1: actionLossEntry({
    label: 'Mean absolute error',
    on: REGRESSION,
    needs: ['target'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ actions, context }, { target }, options) =>
      l1(actions, target, weightsOf(context, stepsOf(actions), options)),
  }),
  huber: actionLossEntry({
    label: 'Huber',
    on: REGRESSION,
    needs: ['target'],
    uses: CHUNK_USES,
    defaults: { ...CHUNK, delta: HUBER_DELTA },
    loss: ({ actions, context }, { target }, { delta, ...options }) =>
      huber(actions, target, delta, weightsOf(context, stepsOf(actions), options)),
  }),
  'smooth-l1': actionLossEntry({
    label: 'Smooth L1',
    on: REGRESSION,
    needs: ['target'],
    uses: CHUNK_USES,
    defaults: { ...CHUNK, beta: 1 },
    // smoothL1(β) = huber(δ = β)/β
    loss: ({ actions, context }, { target }, { beta, ...options }) =>
      mul(huber(actions, target, beta, weightsOf(context, stepsOf(actions), options)), 1 / beta),
  }),
  'gaussian-nll': lossEntry({
    label: 'Gaussian likelihood',
    needs: ['mean', 'logVariance', 'target'],
    uses: CHUNK_USES,
    defaults: { ...CHUNK, ...LOG_VARIANCE_RANGE, beta: 0 },
    choices: { clamp: ['soft', 'hard'] },
    loss: ({ mean, logVariance, target, ...context }, { low, high, clamp, beta, ...options }) =>
      gaussianNll(
        mean,
        logVariance,
        target,
        { range: { low, high, clamp: clamp === 'hard' ? 'hard' : 'soft' }, beta },
        weightsOf(context, stepsOf(mean), options),
      ),
  }),
  'gmm-nll': lossEntry({
    label: 'Mixture likelihood',
    needs: ['mixture', 'target'],
    uses: CHUNK_USES,
    defaults: {},
    loss: ({ mixture, target, pad, sampleWeight }) => gmmNll(mixture, target, { pad, sampleWeight }),
  }),
  'binned-cross-entropy': lossEntry({
    label: 'Binned cross-entropy',
    needs: ['logits', 'bins'],
    uses: CHUNK_USES,
    defaults: { ...CHUNK, smoothing: 0 },
    loss: ({ logits, bins, ...context }, { smoothing, ...options }) =>
      binnedCrossEntropy(logits, bins, smoothing, weightsOf(context, stepsOf(logits), options)),
  }),
  diffusion: lossEntry({
    label: 'Denoising',
    needs: ['denoiser', 'denoiserTarget'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ denoiser, denoiserTarget, ...context }, options) =>
      diffusionLoss(denoiser, denoiserTarget, weightsOf(context, stepsOf(denoiser), options)),
  }),
  'flow-matching': lossEntry({
    label: 'Flow matching',
    needs: ['velocity', 'velocityTarget'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ velocity, velocityTarget, ...context }, options) =>
      flowMatchingLoss(velocity, velocityTarget, weightsOf(context, stepsOf(velocity), options)),
  }),
  consistency: lossEntry({
    label: 'Consistency reconstruction',
    needs: ['denoised', 'target', 'sigma'],
    uses: CHUNK_USES,
    defaults: { ...DIMENSIONS, sigmaData: 0.5 }, // Karras et al. 2022
    loss: ({ denoised, target, sigma, ...context }, { sigmaData, ...options }) => {
      const errors = chunkErrors(denoised, target, weightsOf(context, stepsOf(denoised), options));
      return consistencyLoss(errors, sigma, context.sampleWeight ?? ones(errors.shape), sigmaData);
    },
  }),
  'consistency-training': lossEntry({
    label: 'Consistency training',
    needs: ['online', 'averaged'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ online, averaged, ...context }, options) =>
      consistencyTrainingLoss(online, averaged, weightsOf(context, stepsOf(online), options)),
  }),
  smoothness: actionLossEntry({
    label: 'Smoothness',
    on: [...REGRESSION, 'components'],
    needs: [],
    uses: [...CHUNK_USES, 'executed'],
    defaults: { ...DIMENSIONS, ...SMOOTHNESS_WEIGHTS },
    loss: ({ actions, context: { executed, ...context } }, _, { dimensionWeights, ...weights }) =>
      smoothness(actions, weights, {
        ...weightsOf(context, stepsOf(actions), { dimensionWeights }),
        executed,
      }),
  }),
  'hinge-penalty': lossEntry({
    label: 'Limit penalty',
    needs: ['excess'],
    uses: ['sampleWeight'],
    defaults: { lambda: HINGE_WEIGHT },
    loss: ({ excess, sampleWeight }, { lambda }) => hingePenalty(excess, lambda, sampleWeight),
  }),
  'distill-action': actionLossEntry({
    label: 'Distillation of actions',
    on: REGRESSION,
    needs: ['teacherAction'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ actions, context }, { teacherAction }, options) =>
      distillRegression(teacherAction, actions, weightsOf(context, stepsOf(actions), options)),
  }),
  'distill-logits': lossEntry({
    label: 'Distillation of bins',
    needs: ['logits', 'teacherLogits'],
    uses: CHUNK_USES,
    defaults: { ...CHUNK, temperature: 1 },
    loss: ({ logits, teacherLogits, ...context }, { temperature, ...options }) =>
      distillCategorical(teacherLogits, logits, temperature, weightsOf(context, stepsOf(logits), options)),
  }),
  'distill-gaussian': lossEntry({
    label: 'Distillation of a Gaussian',
    needs: ['gaussian', 'teacherGaussian'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ gaussian, teacherGaussian, ...context }, options) =>
      distillGaussian(teacherGaussian, gaussian, weightsOf(context, stepsOf(gaussian.mean), options)),
  }),
  'distill-denoiser': lossEntry({
    label: 'Distillation of a denoiser',
    needs: ['denoiser', 'teacherDenoiser'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ denoiser, teacherDenoiser, ...context }, options) =>
      distillRegression(teacherDenoiser, denoiser, weightsOf(context, stepsOf(denoiser), options)),
  }),
  'distill-velocity': lossEntry({
    label: 'Distillation of a velocity field',
    needs: ['velocity', 'teacherVelocity'],
    uses: CHUNK_USES,
    defaults: CHUNK,
    loss: ({ velocity, teacherVelocity, ...context }, options) =>
      distillRegression(teacherVelocity, velocity, weightsOf(context, stepsOf(velocity), options)),
  }),
  'info-nce': lossEntry({
    label: 'Contrastive alignment',
    needs: ['queries', 'keys', 'logScale'],
    uses: ['ids'],
    defaults: {},
    loss: ({ queries, keys, logScale, ids }) => infoNce(queries, keys, logScale, ids),
  }),
  ppo: lossEntry({
    label: 'Clipped surrogate',
    needs: ['logProb', 'oldLogProb', 'advantage'],
    defaults: { clipRatio: CLIP_RATIO },
    loss: ({ logProb, oldLogProb, advantage }, { clipRatio }) =>
      clippedSurrogate(logProb, oldLogProb, advantage, clipRatio).loss,
  }),
  value: lossEntry({
    label: 'Value',
    needs: ['value', 'returns'],
    defaults: {},
    loss: ({ value, returns }) => valueLoss(value, returns),
  }),
  'value-clipped': lossEntry({
    label: 'Value, clipped',
    needs: ['value', 'returns', 'oldValue'],
    defaults: { clipRatio: CLIP_RATIO },
    loss: ({ value, returns, oldValue }, { clipRatio }) => valueLoss(value, returns, { oldValue, range: clipRatio }),
  }),
  entropy: lossEntry({
    label: 'Entropy bonus',
    needs: ['entropy'],
    defaults: {},
    loss: ({ entropy }) => neg(mean(entropy)),
  }),
  'reference-kl': lossEntry({
    label: 'KL to the reference',
    needs: ['referenceKl'],
    defaults: {},
    loss: ({ referenceKl }) => mean(referenceKl),
  }),
  'reference-kl-sampled': lossEntry({
    label: 'KL to the reference, from samples',
    needs: ['logProb', 'referenceLogProb'],
    defaults: { estimator: 'k3' },
    choices: { estimator: KL_ESTIMATORS },
    loss: ({ logProb, referenceLogProb }, { estimator }) =>
      klToReference(KL_ESTIMATORS.find((each) => each === estimator)!, logProb, referenceLogProb),
  }),
  tpo: lossEntry({
    label: 'Trajectory preference',
    needs: ['better', 'worse'],
    defaults: { beta: TPO_BETA },
    loss: ({ better, worse }, { beta }) => tpo(better, worse, beta).loss,
  }),
  td: lossEntry({
    label: 'Temporal difference',
    needs: ['criticValues', 'criticTarget'],
    defaults: {},
    loss: ({ criticValues, criticTarget }) => tdLoss(criticValues, criticTarget),
  }),
  'cal-ql': lossEntry({
    label: 'Conservative term',
    needs: ['criticValues', 'otherValues', 'monteCarloReturn'],
    defaults: {},
    loss: ({ criticValues, otherValues, monteCarloReturn }) => calQl(criticValues, otherValues, monteCarloReturn).loss,
  }),
  'q-loss': lossEntry({
    label: 'Policy improvement',
    needs: ['policyValues'],
    defaults: {},
    loss: ({ policyValues }) => qLoss(policyValues),
  }),
} as const satisfies Readonly<Record<string, LossEntry>>;

export type LossName = keyof typeof entries;
export const LOSSES: Readonly<Record<LossName, LossEntry>> = entries;

export function isLossName(name: string): name is LossName {
  return Object.hasOwn(entries, name);
}

// Object.keys forgets that these are exactly the keys of the table.
export const LOSS_NAMES = Object.keys(entries) as readonly LossName[];
