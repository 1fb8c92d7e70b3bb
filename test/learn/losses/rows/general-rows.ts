/** Rows of the losses outside a family: regression, means over chunks, masks, smoothness, limits. */
import { chunkMean, dimensionMean } from '../../../../main/learn/losses/chunk.ts';
import { hingePenalty, limitExcess } from '../../../../main/learn/losses/hinge-penalty.ts';
import { coTraining, maskedMean } from '../../../../main/learn/losses/masked.ts';
import { huber, l1, mse, smoothL1 } from '../../../../main/learn/losses/regression.ts';
import { differencePenalty, smoothness } from '../../../../main/learn/losses/smoothness.ts';
import { flags, real } from '../../../../main/tensor/ops/op.ts';
import { mean } from '../../../../main/tensor/tensor.ts';
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
} from './operands.ts';

export const GENERAL_ROWS: Readonly<Record<string, readonly LossRow[]>> = {
  regression: [
    {
      title: 'mse with every weight',
      inputs: regression,
      by: ['predicted', 'target'],
      loss: (x) =>
        mse(x('predicted'), x('target'), {
          pad: x('pad'),
          sampleWeight: x('sampleWeight'),
          dimensionWeights,
          timeWeights,
        }),
      ignored: each(paddedOrUnweighted, 'predicted', 'target'),
    },
    {
      title: 'l1, padded',
      inputs: regression,
      by: ['predicted'],
      ignored: each((at, of) => at[2] === 0 || padded(at, of), 'predicted', 'target'),
      loss: (x) => l1(x('predicted'), x('target'), { pad: x('pad'), dimensionWeights: [0, 1] }),
    },
    ...[0.1, 0.5].map(
      (delta): LossRow => ({
        title: `huber ${delta}`,
        inputs: regression,
        by: ['predicted', 'target'],
        ignored: each(unweighted, 'predicted', 'target'),
        loss: (x) => huber(x('predicted'), x('target'), delta, { sampleWeight: x('sampleWeight') }),
      }),
    ),
    {
      title: 'smooth L1',
      inputs: { ...regression, weight: real(CHUNK, 0, 1) },
      by: ['predicted'],
      ignored: each(([b, k, d], of) => of('weight', b!, k!, d!) === 0, 'predicted', 'target'),
      loss: (x) => smoothL1(x('predicted'), x('target'), x('weight'), 0.5),
    },
  ],
  chunk: [
    {
      title: 'chunk mean, no weights',
      inputs: { elements: actions },
      by: ['elements'],
      loss: (x) => chunkMean(x('elements')),
    },
    {
      title: 'chunk mean of single actions',
      inputs: { elements: real([3, 2]), sampleWeight: perSample },
      by: ['elements', 'sampleWeight'],
      ignored: { elements: unweighted },
      loss: (x) => chunkMean(x('elements'), { sampleWeight: x('sampleWeight'), dimensionWeights }),
    },
    {
      title: 'chunk mean with steps and dimensions of weight 0',
      inputs: { elements: actions, ...weighted },
      by: ['elements'],
      ignored: { elements: (at, of) => at[1] === 0 || at[2] === 1 || paddedOrUnweighted(at, of) },
      loss: (x) =>
        chunkMean(x('elements'), {
          pad: x('pad'),
          sampleWeight: x('sampleWeight'),
          timeWeights: [0, 3, 2, 1],
          dimensionWeights: [1, 0],
        }),
    },
    {
      title: 'mean over dimensions',
      inputs: { elements: actions },
      by: ['elements'],
      ignored: { elements: ([, , d]) => d === 0 },
      loss: (x) => mean(dimensionMean(x('elements'), [0, 1])),
    },
  ],
  masked: [
    {
      title: 'masked mean',
      inputs: { values: real([5, 3]), weights: real([5, 1], -0.5, 1) },
      by: ['values'],
      ignored: { values: ([b], of) => of('weights', b!, 0) <= 0 },
      loss: (x) => maskedMean(x('values'), x('weights')),
    },
    {
      title: 'co-training of two sources',
      inputs: { a: real([5]), b: real([5]), maskA: flags([5]), maskB: flags([5]) },
      by: ['a', 'b'],
      ignored: { a: ([b], of) => of('maskA', b!) === 0, b: ([b], of) => of('maskB', b!) === 0 },
      loss: (x) =>
        coTraining([
          { values: x('a'), mask: x('maskA'), weight: 1 },
          { values: x('b'), mask: x('maskB'), weight: 0.3 },
        ]),
    },
  ],
  smoothness: [
    ...[1, 2, 3, 4].map(
      (steps): LossRow => ({
        title: `smoothness of ${steps} steps behind two executed ones`,
        inputs: {
          actions: real([3, steps, 2]),
          executed: real([3, 2, 2]),
          pad: flags([3, steps]),
          sampleWeight: perSample,
        },
        by: ['actions'],
        ignored: { actions: paddedOrUnweighted, executed: unweighted },
        loss: (x) =>
          smoothness(
            x('actions'),
            { velocity: 0.3, acceleration: 0.2, jerk: 0.1 },
            { executed: x('executed'), pad: x('pad'), sampleWeight: x('sampleWeight'), dimensionWeights },
          ),
      }),
    ),
    ...[1, 2, 3].map(
      (order): LossRow => ({
        title: `differences of order ${order}`,
        inputs: { actions, ...weighted },
        by: ['actions'],
        ignored: { actions: paddedOrUnweighted },
        loss: (x) => differencePenalty(x('actions'), order, { pad: x('pad'), sampleWeight: x('sampleWeight') }),
      }),
    ),
  ],
  'hinge-penalty': [
    {
      title: 'limit penalty',
      inputs: { values: real([3, 2]), weight: perSample },
      by: ['values'],
      loss: (x) => hingePenalty(limitExcess(x('values'), [1, 0.5], 0.05), 10, x('weight')),
    },
    {
      title: 'penalty of steps of a chunk',
      inputs: { excess: actions, sampleWeight: perSample },
      by: ['excess'],
      ignored: { excess: unweighted },
      loss: (x) => hingePenalty(x('excess'), 10, x('sampleWeight')),
    },
  ],
};
