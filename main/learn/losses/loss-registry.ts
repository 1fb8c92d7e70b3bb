/**
 * The losses that a run's settings may name: those that a policy head of imitation can be trained with.
 * `combine.ts` builds a config's terms from them. The other losses of this folder are plain functions that algorithms call.
 */
import type { Node } from '../../tensor/ir.ts';
import { mul, ones } from '../../tensor/tensor.ts';
import { type ChunkWeights, exponentialWeights, sampleWeights } from './chunk.ts';
import { chunkErrors, consistencyLoss } from './generative/consistency.ts';
import { diffusionLoss } from './generative/diffusion.ts';
import { flowMatchingLoss } from './generative/flow-matching.ts';
import { binnedCrossEntropy } from './likelihood/binned-cross-entropy.ts';
import { gaussianNll, LOG_VARIANCE_RANGE } from './likelihood/gaussian-nll.ts';
import { gmmNll } from './likelihood/gmm-nll.ts';
import { actionLossEntry, type LossEntry, lossEntry } from './loss-entry.ts';
import { HUBER_DELTA, huber, l1, mse } from './regression.ts';
import { SMOOTHNESS_WEIGHTS, smoothness } from './smoothness.ts';

/** λ of e^(−λk) over the chunk's steps, 0 for uniform weights; weights per dimension, empty for equal ones. */
const CHUNK = { timeDecay: 0, dimensionWeights: [] } as const;
const DIMENSIONS = { dimensionWeights: [] } as const;
const REGRESSION = ['prediction', 'mean', 'denoised'] as const;

interface ChunkOptions {
  readonly timeDecay?: number;
  readonly dimensionWeights: readonly number[];
}

/** Averaging weights for `chunk` [B, K, …]. */
function weightsOf(
  chunk: Node,
  pad: Node | undefined,
  { timeDecay = 0, dimensionWeights }: ChunkOptions,
): ChunkWeights {
  return {
    pad,
    timeWeights: timeDecay === 0 ? undefined : exponentialWeights(chunk.shape[1]!, timeDecay),
    dimensionWeights: dimensionWeights.length === 0 ? undefined : dimensionWeights,
  };
}

const regression = (label: string, loss: typeof mse) =>
  actionLossEntry({
    label,
    on: REGRESSION,
    needs: ['target'],
    defaults: CHUNK,
    loss: ({ actions, pad }, { target }, options) => loss(actions, target, weightsOf(actions, pad, options)),
  });

const entries = {
  mse: regression('Mean squared error', mse),
  l1: regression('Mean absolute error', l1),
  huber: actionLossEntry({
    label: 'Huber',
    on: REGRESSION,
    needs: ['target'],
    defaults: { ...CHUNK, delta: HUBER_DELTA },
    loss: ({ actions, pad }, { target }, { delta, ...options }) =>
      huber(actions, target, delta, weightsOf(actions, pad, options)),
  }),
  'smooth-l1': actionLossEntry({
    label: 'Smooth L1',
    on: REGRESSION,
    needs: ['target'],
    defaults: { ...CHUNK, beta: 1 },
    // smoothL1(β) = huber(δ = β)/β
    loss: ({ actions, pad }, { target }, { beta, ...options }) =>
      mul(huber(actions, target, beta, weightsOf(actions, pad, options)), 1 / beta),
  }),
  'gaussian-nll': lossEntry({
    label: 'Gaussian likelihood',
    needs: ['mean', 'logVariance', 'target'],
    defaults: { ...CHUNK, ...LOG_VARIANCE_RANGE, beta: 0 },
    choices: { clamp: ['soft', 'hard'] },
    loss: ({ mean, logVariance, target, pad }, { low, high, clamp, beta, ...options }) => {
      const range = { low, high, clamp: clamp === 'hard' ? 'hard' : 'soft' } as const;
      return gaussianNll(mean, logVariance, target, { range, beta }, weightsOf(mean, pad, options));
    },
  }),
  'gmm-nll': lossEntry({
    label: 'Mixture likelihood',
    needs: ['mixture', 'target'],
    defaults: {},
    loss: ({ mixture, target, pad }) => gmmNll(mixture, target, { pad }),
  }),
  'binned-cross-entropy': lossEntry({
    label: 'Binned cross-entropy',
    needs: ['logits', 'bins'],
    defaults: { ...CHUNK, smoothing: 0 },
    loss: ({ logits, bins, pad }, { smoothing, ...options }) =>
      binnedCrossEntropy(logits, bins, smoothing, weightsOf(logits, pad, options)),
  }),
  diffusion: lossEntry({
    label: 'Denoising',
    needs: ['denoiser', 'denoiserTarget'],
    defaults: CHUNK,
    loss: ({ denoiser, denoiserTarget, pad }, options) =>
      diffusionLoss(denoiser, denoiserTarget, weightsOf(denoiser, pad, options)),
  }),
  'flow-matching': lossEntry({
    label: 'Flow matching',
    needs: ['velocity', 'velocityTarget'],
    defaults: CHUNK,
    loss: ({ velocity, velocityTarget, pad }, options) =>
      flowMatchingLoss(velocity, velocityTarget, weightsOf(velocity, pad, options)),
  }),
  consistency: lossEntry({
    label: 'Consistency reconstruction',
    needs: ['denoised', 'target', 'sigma'],
    defaults: { ...DIMENSIONS, sigmaData: 0.5 }, // Karras et al. 2022
    loss: ({ denoised, target, sigma, pad }, { sigmaData, ...options }) => {
      const errors = chunkErrors(denoised, target, weightsOf(denoised, pad, options));
      return consistencyLoss(errors, sigma, sampleWeights({ pad }) ?? ones(errors.shape), sigmaData);
    },
  }),
  smoothness: actionLossEntry({
    label: 'Smoothness',
    on: [...REGRESSION, 'components'],
    needs: [],
    defaults: { ...DIMENSIONS, ...SMOOTHNESS_WEIGHTS },
    loss: ({ actions, pad }, _, { dimensionWeights, ...weights }) =>
      smoothness(actions, weights, weightsOf(actions, pad, { dimensionWeights })),
  }),
} as const satisfies Readonly<Record<string, LossEntry>>;

export type LossName = keyof typeof entries;
export const LOSSES: Readonly<Record<LossName, LossEntry>> = entries;

export function isLossName(name: string): name is LossName {
  return Object.hasOwn(entries, name);
}

// Object.keys forgets that these are exactly the keys of the table.
export const LOSS_NAMES = Object.keys(entries) as readonly LossName[];
