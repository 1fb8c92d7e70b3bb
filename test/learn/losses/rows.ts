/** Every loss file with the operands on which its gradient is checked. A file without a row fails `all-losses.test.ts`. */

import {
  distillCategorical,
  distillField,
  distillGaussian,
  distillRegression,
} from '../../../main/learn/losses/alignment/distillation.ts';
import { infoNce } from '../../../main/learn/losses/alignment/info-nce.ts';
import { tpo } from '../../../main/learn/losses/alignment/tpo.ts';
import { chunkMean, dimensionMean, sampleWeights } from '../../../main/learn/losses/chunk.ts';
import {
  chunkErrors,
  consistencyLoss,
  consistencyTrainingLoss,
  maskedError,
} from '../../../main/learn/losses/generative/consistency.ts';
import {
  DIFFUSION_TARGETS,
  denoisedAction,
  diffuse,
  diffusionLoss,
  diffusionTarget,
  impliedNoise,
} from '../../../main/learn/losses/generative/diffusion.ts';
import { flowAction, flowMatchingLoss, flowPoint, toPi0 } from '../../../main/learn/losses/generative/flow-matching.ts';
import { hingePenalty, limitExcess } from '../../../main/learn/losses/hinge-penalty.ts';
import { binaryCrossEntropy } from '../../../main/learn/losses/likelihood/binary-cross-entropy.ts';
import { binnedCrossEntropy } from '../../../main/learn/losses/likelihood/binned-cross-entropy.ts';
import {
  categoricalEntropy,
  categoricalKl,
  categoricalLogProb,
} from '../../../main/learn/losses/likelihood/categorical.ts';
import { clippedGaussianLogProb } from '../../../main/learn/losses/likelihood/clipped-gaussian.ts';
import {
  gaussianEntropy,
  gaussianKl,
  gaussianLogProb,
  tanhLogDerivative,
} from '../../../main/learn/losses/likelihood/gaussian.ts';
import { gaussianNll } from '../../../main/learn/losses/likelihood/gaussian-nll.ts';
import { gmmNll, mixtureLogProb, mixtureStd } from '../../../main/learn/losses/likelihood/gmm-nll.ts';
import { coTraining, maskedMean } from '../../../main/learn/losses/masked.ts';
import { huber, l1, mse, smoothL1 } from '../../../main/learn/losses/regression.ts';
import {
  qLoss,
  softActorLoss,
  tdLoss,
  tdTarget,
  temperatureLoss,
  temperatureOf,
} from '../../../main/learn/losses/reinforcement/actor-critic.ts';
import { calQl } from '../../../main/learn/losses/reinforcement/cal-ql.ts';
import {
  choiceLoss,
  choiceTarget,
  doubleQTarget,
  valueOfChoice,
} from '../../../main/learn/losses/reinforcement/double-q.ts';
import {
  clippedSurrogate,
  KL_ESTIMATORS,
  klToReference,
  valueLoss,
} from '../../../main/learn/losses/reinforcement/ppo.ts';
import { differencePenalty, smoothness } from '../../../main/learn/losses/smoothness.ts';
import { flags, real, whole } from '../../../main/tensor/ops/op.ts';
import { add, constant, mean, reshape } from '../../../main/tensor/tensor.ts';
import type { Ignored, LossRow } from './harness.ts';

/** Letters: B = 3 samples, K = 4 steps, D = 2 dimensions. */
const CHUNK = [3, 4, 2] as const;
const actions = real(CHUNK, -1, 1);
const perSample = real([3], 0.1, 1);
const weighted = { pad: flags([3, 4]), sampleWeight: perSample };
const dimensionWeights = [1, 0.25];
const timeWeights = [4, 3, 2, 1];
const regression = { predicted: actions, target: actions, ...weighted };

const padded: Ignored = ([b, k], of) => of('pad', b!, k!) !== 0;
const unweighted: Ignored = ([b], of) => of('sampleWeight', b!) <= 0;
const paddedOrUnweighted: Ignored = (at, of) => padded(at, of) || unweighted(at, of);
const whollyPadded: Ignored = ([b], of) => [0, 1, 2, 3].every((k) => of('pad', b!, k) !== 0);
/** Steps of [B, M, K, D]. */
const paddedComponent: Ignored = ([b, _, k], of) => of('pad', b!, k!) !== 0;
/** The same rule for several inputs. */
const each = (rule: Ignored, ...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, rule]));

export const ROWS: Readonly<Record<string, readonly LossRow[]>> = {
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
  'reinforcement/actor-critic': [
    {
      title: 'temporal difference with entropy',
      inputs: {
        values: real([2, 4]),
        reward: real([4]),
        bootstrap: real([4], 0.1, 1),
        next: real([3, 4]),
        logProb: real([4]),
      },
      by: ['values'],
      ignored: {
        next: ([, b], of) => of('bootstrap', b!) === 0,
        logProb: ([b], of) => of('bootstrap', b!) === 0,
      },
      loss: (x) => {
        const entropy = { nextLogProb: x('logProb'), temperature: 0.2 };
        return tdLoss(x('values'), tdTarget(x('reward'), x('bootstrap'), x('next'), 0.9, entropy));
      },
    },
    {
      title: 'policy improvement',
      inputs: { values: real([2, 3]) },
      by: ['values'],
      loss: (x) => qLoss(x('values')),
    },
    {
      title: 'soft actor',
      inputs: { values: real([2, 3]), logProb: real([3]), temperature: real([], 0.1, 1) },
      by: ['values', 'logProb'],
      loss: (x) => softActorLoss(x('values'), x('logProb'), x('temperature')),
    },
    {
      title: 'temperature',
      inputs: { parameter: real([]), entropy: real([]) },
      by: ['parameter'],
      loss: (x) => temperatureLoss(temperatureOf(x('parameter'), 'softplus'), x('entropy'), -1),
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
  'likelihood/gaussian-nll': (['soft', 'hard'] as const).map((clamp) => ({
    title: `Gaussian likelihood, ${clamp} clamp`,
    inputs: { ...regression, logVariance: real(CHUNK, -6, 4) },
    by: ['predicted', 'logVariance'],
    ignored: each(padded, 'predicted', 'logVariance', 'target'),
    loss: (x) =>
      gaussianNll(
        x('predicted'),
        x('logVariance'),
        x('target'),
        { range: { low: -3, high: 2, clamp }, full: true },
        { pad: x('pad') },
      ),
  })),
  'likelihood/clipped-gaussian': [
    {
      title: 'log-probability, at both limits and between them',
      inputs: { mean: real([3, 2], -1, 1), logStd: real([3, 2], -1, 0) },
      by: ['mean', 'logStd'],
      loss: (x) =>
        mean(
          clippedGaussianLogProb(constant([1, -1, 0.3, -0.2, -1, 1], [3, 2]), {
            mean: x('mean'),
            logStd: x('logStd'),
          }),
        ),
    },
  ],
  'likelihood/gaussian': [
    {
      title: 'log-density',
      inputs: { action: actions, mean: actions, logStd: real([2], -1, 1) },
      by: ['action', 'mean', 'logStd'],
      loss: (x) => mean(gaussianLogProb(x('action'), { mean: x('mean'), logStd: x('logStd') })),
    },
    {
      title: 'entropy, and the density of a squashed action',
      inputs: { u: real(CHUNK, -4, 4), logStd: actions },
      by: ['u', 'logStd'],
      loss: (x) => add(mean(gaussianEntropy(x('logStd'))), mean(tanhLogDerivative(x('u')))),
    },
    {
      title: 'KL of two Gaussians',
      inputs: { m: actions, s: actions, n: actions, t: actions },
      by: ['m', 's', 'n', 't'],
      loss: (x) => mean(gaussianKl({ mean: x('m'), logStd: x('s') }, { mean: x('n'), logStd: x('t') })),
    },
  ],
  'likelihood/categorical': [
    {
      title: 'log-probability and entropy',
      inputs: { logits: real([3, 2, 5]), chosen: whole([3, 2], 0, 5) },
      by: ['logits'],
      loss: (x) => mean(add(categoricalLogProb(x('logits'), x('chosen')), categoricalEntropy(x('logits')))),
    },
    {
      title: 'KL of two categoricals',
      inputs: { p: real([3, 2, 5]), q: real([3, 2, 5]) },
      by: ['p', 'q'],
      loss: (x) => mean(categoricalKl(x('p'), x('q'))),
    },
  ],
  'likelihood/binned-cross-entropy': [0, 0.1].map((smoothing) => ({
    title: `bins, smoothing ${smoothing}`,
    inputs: { logits: real([...CHUNK, 5]), bins: whole(CHUNK, 0, 5), ...weighted },
    by: ['logits'],
    ignored: each(padded, 'logits', 'bins'),
    loss: (x) => binnedCrossEntropy(x('logits'), x('bins'), smoothing, { pad: x('pad'), timeWeights }),
  })),
  'likelihood/gmm-nll': [
    {
      title: 'mixture of given deviations',
      inputs: {
        logits: real([3, 5]),
        mean: real([3, 5, 4, 2], -1, 1),
        std: real([3, 5, 4, 2], 0.2, 1),
        target: actions,
        ...weighted,
      },
      by: ['logits', 'mean', 'std', 'target'],
      ignored: {
        logits: (at, of) => unweighted(at, of) || whollyPadded(at, of),
        ...each((at, of) => paddedComponent(at, of) || unweighted(at, of), 'mean', 'std'),
        target: paddedOrUnweighted,
      },
      loss: (x) => {
        const weights = { pad: x('pad'), sampleWeight: x('sampleWeight') };
        return gmmNll({ logits: x('logits'), mean: x('mean'), std: x('std') }, x('target'), weights);
      },
    },
    {
      title: 'log-probability of a padded chunk',
      inputs: {
        logits: real([3, 5]),
        mean: real([3, 5, 4, 2], -1, 1),
        std: real([3, 5, 4, 2], 0.2, 1),
        target: actions,
        pad: flags([3, 4]),
      },
      by: ['logits', 'mean', 'std', 'target'],
      ignored: { ...each(paddedComponent, 'mean', 'std'), target: padded },
      loss: (x) => {
        const mixture = { logits: x('logits'), mean: x('mean'), std: x('std') };
        return mean(mixtureLogProb(mixture, x('target'), x('pad')));
      },
    },
    {
      title: 'mixture over a chunk',
      inputs: {
        logits: real([3, 5]),
        mean: real([3, 5, 4, 2], -1, 1),
        raw: real([3, 5, 4, 2], -3, 1),
        target: actions,
        ...weighted,
      },
      by: ['logits', 'mean', 'raw', 'target'],
      loss: (x) =>
        gmmNll({ logits: x('logits'), mean: x('mean'), std: mixtureStd(x('raw')) }, x('target'), {
          pad: x('pad'),
          sampleWeight: x('sampleWeight'),
        }),
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
  'alignment/info-nce': [
    {
      title: 'contrastive with duplicates',
      inputs: { queries: real([4, 3]), keys: real([4, 3]), logScale: real([], 0, 2), ids: whole([4], 0, 3) },
      by: ['queries', 'keys', 'logScale'],
      loss: (x) => infoNce(x('queries'), x('keys'), x('logScale'), x('ids')),
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
  'alignment/distillation': [
    {
      title: 'bins, temperature 2',
      inputs: { teacher: real([...CHUNK, 5]), student: real([...CHUNK, 5]), ...weighted },
      by: ['student'],
      ignored: each(padded, 'teacher', 'student'),
      loss: (x) => distillCategorical(x('teacher'), x('student'), 2, { pad: x('pad') }),
    },
    {
      title: 'Gaussian and regression',
      inputs: { m: actions, s: actions, n: actions, t: actions, ...weighted },
      by: ['n', 't'],
      ignored: each(padded, 'm', 's', 'n', 't'),
      loss: (x) =>
        add(
          distillGaussian({ mean: x('m'), logStd: x('s') }, { mean: x('n'), logStd: x('t') }, { pad: x('pad') }),
          distillRegression(x('m'), x('n'), { pad: x('pad') }),
        ),
    },
    {
      title: 'fields at one point',
      inputs: { teacher: actions, student: actions, x: actions, time: real([3], 0, 1), pad: flags([3, 4]) },
      by: ['student'],
      ignored: each(padded, 'teacher', 'student', 'x'),
      loss: (x) =>
        distillField(
          (at) => add(at, x('teacher')),
          (at, time) => add(add(at, reshape(time, [3, 1, 1])), x('student')),
          x('x'),
          x('time'),
          { pad: x('pad') },
        ),
    },
  ],
  'reinforcement/ppo': [
    {
      title: 'clipped surrogate',
      inputs: { logProb: real([6], -1, 1), old: real([6], -1, 1), advantage: real([6]) },
      by: ['logProb'],
      loss: (x) => clippedSurrogate(x('logProb'), x('old'), x('advantage')).loss,
    },
    {
      title: 'values, plain and clipped',
      inputs: { value: real([6]), old: real([6]), returns: real([6]) },
      by: ['value'],
      loss: (x) =>
        add(
          valueLoss(x('value'), x('returns')),
          valueLoss(x('value'), x('returns'), { oldValue: x('old'), range: 0.2 }),
        ),
    },
    ...KL_ESTIMATORS.map(
      (estimator): LossRow => ({
        title: `KL to the reference, ${estimator}`,
        inputs: { logProb: real([6]), reference: real([6]) },
        by: ['logProb'],
        loss: (x) => klToReference(estimator, x('logProb'), x('reference')),
      }),
    ),
  ],
  'reinforcement/cal-ql': [
    {
      title: 'conservative term',
      inputs: { data: real([2, 3]), other: real([2, 3, 5]), returns: real([3]) },
      by: ['data', 'other'],
      loss: (x) => calQl(x('data'), x('other'), x('returns')).loss,
    },
  ],
  'likelihood/binary-cross-entropy': [
    {
      title: 'binary cross-entropy',
      inputs: { logits: real([5]), targets: real([5], 0, 1) },
      by: ['logits'],
      loss: (x) => binaryCrossEntropy(x('logits'), x('targets')),
    },
    {
      title: 'binary cross-entropy, weighted',
      inputs: { logits: real([5]), targets: real([5], 0, 1), weights: real([5], 0.1, 1) },
      by: ['logits'],
      ignored: each(([b], of) => of('weights', b!) <= 0, 'logits', 'targets'),
      loss: (x) => binaryCrossEntropy(x('logits'), x('targets'), x('weights')),
    },
  ],
  'reinforcement/double-q': [
    {
      title: 'double Q',
      inputs: {
        values: real([4, 3]),
        choice: real([4, 3], 0.1, 1),
        reward: real([4]),
        bootstrap: real([4], 0.1, 1),
        online: real([4, 3]),
        slow: real([4, 3]),
      },
      by: ['values'],
      ignored: {
        values: ([b, k], of) => of('choice', b!, k!) === 0,
        ...each(([b], of) => of('bootstrap', b!) === 0, 'online', 'slow'),
      },
      loss: (x) =>
        choiceLoss(
          valueOfChoice(x('values'), x('choice')),
          doubleQTarget(x('reward'), x('bootstrap'), x('online'), x('slow'), 0.9),
        ),
    },
    {
      title: 'target of a choice',
      inputs: { values: real([4]), reward: real([4]), bootstrap: real([4], 0.1, 1), next: real([4]) },
      by: ['values'],
      ignored: each(([b], of) => of('bootstrap', b!) === 0, 'next'),
      loss: (x) => choiceLoss(x('values'), choiceTarget(x('reward'), x('bootstrap'), x('next'), 0.9)),
    },
    {
      title: 'value of a choice',
      inputs: { values: real([4]), target: real([4]) },
      by: ['values'],
      loss: (x) => choiceLoss(x('values'), x('target')),
    },
  ],
  'alignment/tpo': [
    {
      title: 'trajectory preference',
      inputs: { a: real([4]), b: real([4]), c: real([4]), d: real([4]) },
      by: ['a', 'c'],
      loss: (x) => tpo({ policy: x('a'), reference: x('b') }, { policy: x('c'), reference: x('d') }, 0.7).loss,
    },
  ],
};
