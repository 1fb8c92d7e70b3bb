/** Rows of the losses of reinforcement learning. */
import {
  qLoss,
  softActorLoss,
  tdLoss,
  tdTarget,
  temperatureLoss,
  temperatureOf,
} from '../../../../main/learn/losses/reinforcement/actor-critic.ts';
import { calQl } from '../../../../main/learn/losses/reinforcement/cal-ql.ts';
import {
  choiceLoss,
  choiceTarget,
  doubleQTarget,
  valueOfChoice,
} from '../../../../main/learn/losses/reinforcement/double-q.ts';
import {
  clippedSurrogate,
  KL_ESTIMATORS,
  klToReference,
  valueLoss,
} from '../../../../main/learn/losses/reinforcement/ppo.ts';
import { real } from '../../../../main/tensor/ops/op.ts';
import { add } from '../../../../main/tensor/tensor.ts';
import type { LossRow } from '../harness.ts';
import { each } from './operands.ts';

export const REINFORCEMENT_ROWS: Readonly<Record<string, readonly LossRow[]>> = {
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
};
