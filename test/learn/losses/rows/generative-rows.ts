/** Rows of the generative losses. */
import { sampleWeights } from '../../../../main/learn/losses/chunk.ts';
import {
  chunkErrors,
  consistencyLoss,
  consistencyTrainingLoss,
  maskedError,
} from '../../../../main/learn/losses/generative/consistency.ts';
import {
  DIFFUSION_TARGETS,
  denoisedAction,
  diffuse,
  diffusionLoss,
  diffusionTarget,
  impliedNoise,
} from '../../../../main/learn/losses/generative/diffusion.ts';
import {
  flowAction,
  flowMatchingLoss,
  flowPoint,
  toPi0,
} from '../../../../main/learn/losses/generative/flow-matching.ts';
import { mse } from '../../../../main/learn/losses/regression.ts';
import { real } from '../../../../main/tensor/ops/op.ts';
import { add } from '../../../../main/tensor/tensor.ts';
import type { LossRow } from '../harness.ts';
import {
  actions,
  CHUNK,
  dimensionWeights,
  each,
  padded,
  paddedOrUnweighted,
  perSample,
  regression,
  timeWeights,
  unweighted,
  weighted,
  whollyPadded,
} from './operands.ts';

export const GENERATIVE_ROWS: Readonly<Record<string, readonly LossRow[]>> = {
  'generative/consistency': [
    {
      title: 'reconstruction, single actions',
      inputs: { predicted: real([3, 2]), target: real([3, 2]), sigma: real([3, 1], 0.1, 2), sampleWeight: perSample },
      by: ['predicted'],
      ignored: {
        ...each((at, of) => at[1] === 1 || unweighted(at, of), 'predicted', 'target'),
        sigma: unweighted,
      },
      loss: (x) => {
        const errors = maskedError(x('predicted'), x('target'), [true, false], x('sampleWeight'));
        return consistencyLoss(errors, x('sigma'), x('sampleWeight'), 0.5);
      },
    },
    {
      title: 'reconstruction, given the errors',
      inputs: { errors: real([3], 0, 1), sigma: real([3, 1], 0.1, 2), sampleWeight: perSample },
      by: ['errors'],
      ignored: each(unweighted, 'errors', 'sigma'),
      loss: (x) => consistencyLoss(x('errors'), x('sigma'), x('sampleWeight'), 0.5),
    },
    {
      title: 'reconstruction, chunks',
      inputs: { ...regression, sigma: real([3, 1], 0.1, 2) },
      by: ['predicted'],
      ignored: {
        ...each(paddedOrUnweighted, 'predicted', 'target'),
        sigma: (at, of) => unweighted(at, of) || whollyPadded(at, of),
      },
      loss: (x) => {
        const weights = { pad: x('pad'), sampleWeight: x('sampleWeight') };
        const errors = chunkErrors(x('predicted'), x('target'), { ...weights, dimensionWeights });
        return consistencyLoss(errors, x('sigma'), sampleWeights(weights)!, 0.5);
      },
    },
    {
      title: 'adjacent noise levels',
      inputs: { online: actions, averaged: actions, ...weighted },
      by: ['online'],
      ignored: each(unweighted, 'online', 'averaged'),
      loss: (x) => consistencyTrainingLoss(x('online'), x('averaged'), { sampleWeight: x('sampleWeight') }),
    },
  ],
  'generative/diffusion': [
    {
      title: 'diffusion, padded',
      inputs: { prediction: actions, target: actions, ...weighted },
      by: ['prediction'],
      ignored: each(paddedOrUnweighted, 'prediction', 'target'),
      loss: (x) =>
        diffusionLoss(x('prediction'), x('target'), { pad: x('pad'), sampleWeight: x('sampleWeight'), timeWeights }),
    },
    ...DIFFUSION_TARGETS.map(
      (kind): LossRow => ({
        title: `diffusion, ${kind}, with what it implies`,
        inputs: {
          prediction: actions,
          action: actions,
          noise: real(CHUNK),
          alphaBar: real([3], 0.1, 0.9),
          ...weighted,
        },
        by: ['prediction', 'action', 'noise', 'alphaBar'],
        loss: (x) => {
          const noisy = diffuse(x('action'), x('noise'), x('alphaBar'));
          const target = diffusionTarget(kind, x('action'), x('noise'), x('alphaBar'));
          const denoised = denoisedAction(kind, x('prediction'), noisy, x('alphaBar'));
          return add(
            diffusionLoss(x('prediction'), target, { pad: x('pad') }),
            add(mse(denoised, x('action')), mse(impliedNoise(denoised, noisy, x('alphaBar')), x('noise'))),
          );
        },
      }),
    ),
  ],
  'generative/flow-matching': [
    {
      title: 'flow, padded',
      inputs: { v: actions, velocity: actions, ...weighted },
      by: ['v'],
      ignored: each(padded, 'v', 'velocity'),
      loss: (x) => flowMatchingLoss(x('v'), x('velocity'), { pad: x('pad'), dimensionWeights }),
    },
    ...[0, 0.001].map(
      (sigma): LossRow => ({
        title: `flow, σ ${sigma}`,
        inputs: { v: real(CHUNK), action: actions, noise: real(CHUNK), time: real([3], 0, 1), ...weighted },
        by: ['v', 'action', 'noise', 'time'],
        loss: (x) => {
          const { x: point, velocity } = flowPoint(x('action'), x('noise'), x('time'), sigma);
          const reached = flowAction(toPi0.velocity(x('v')), point, toPi0.time(x('time')), sigma);
          return add(flowMatchingLoss(x('v'), velocity, { pad: x('pad') }), mse(reached, x('action')));
        },
      }),
    ),
  ],
};
