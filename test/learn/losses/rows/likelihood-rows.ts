/** Rows of the likelihoods. */
import { binaryCrossEntropy } from '../../../../main/learn/losses/likelihood/binary-cross-entropy.ts';
import { binnedCrossEntropy } from '../../../../main/learn/losses/likelihood/binned-cross-entropy.ts';
import {
  categoricalEntropy,
  categoricalKl,
  categoricalLogProb,
} from '../../../../main/learn/losses/likelihood/categorical.ts';
import { clippedGaussianLogProb } from '../../../../main/learn/losses/likelihood/clipped-gaussian.ts';
import {
  gaussianEntropy,
  gaussianKl,
  gaussianLogProb,
  tanhLogDerivative,
} from '../../../../main/learn/losses/likelihood/gaussian.ts';
import { gaussianNll } from '../../../../main/learn/losses/likelihood/gaussian-nll.ts';
import { gmmNll, mixtureLogProb, mixtureStd } from '../../../../main/learn/losses/likelihood/gmm-nll.ts';
import { flags, real, whole } from '../../../../main/tensor/ops/op.ts';
import { add, constant, mean } from '../../../../main/tensor/tensor.ts';
import type { LossRow } from '../harness.ts';
import {
  actions,
  CHUNK,
  each,
  padded,
  paddedComponent,
  paddedOrUnweighted,
  regression,
  timeWeights,
  unweighted,
  weighted,
  whollyPadded,
} from './operands.ts';

export const LIKELIHOOD_ROWS: Readonly<Record<string, readonly LossRow[]>> = {
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
};
