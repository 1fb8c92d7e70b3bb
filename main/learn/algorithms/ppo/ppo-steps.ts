/**
 * The graphs of PPO as a run of a project:
 *   offline   behaviour cloning of a Gaussian's mean on the demonstrations, with a value net fitted to the returns;
 *             L = mean |μ(s) − a|² + c_v · ½ mean (V(s) − R)²                 σ keeps its initial value;
 *   online    the step of `ppo.ts` on steps that policies of this kind drove, with KL(π‖π_ref) on the demo buffer's states too.
 * The penalty's constraint is the action's own limit, |μ| ≤ 1. Differs from PPO on rollouts: a store holds actions as
 * executed, which are clipped, so their probability is a clipped Gaussian's.
 * Letters: B batch, D observation, U used action dimensions, A all of them, C rows of an evaluation.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { type Adam, adam, clipByNorm } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { add, clip, concat, exp, greater, input, mul, reshape, slice, where } from '../../../tensor/tensor.ts';
import { limitExcess } from '../../losses/hinge-penalty.ts';
import { clippedGaussianLogProb } from '../../losses/likelihood/clipped-gaussian.ts';
import { mse } from '../../losses/regression.ts';
import { valueLoss } from '../../losses/reinforcement/ppo.ts';
import { flatten, parameterCount, parametersFrom, parameterViews } from '../../nets/parameters.ts';
import { actionSpace, restoreAll, selectUsed } from '../../policies/normaliser.ts';
import type { ObservationSizes } from '../algorithm.ts';
import {
  adamInputs,
  adamOutputs,
  metricOutputs,
  observationInput,
  parametersOf,
  weightInputs,
} from '../step-inputs.ts';
import { type PpoNets, type PpoSizes, policyAt, ppoNets, ppoStep, valueAt } from './ppo.ts';
import type { PpoConfig } from './ppo-config.ts';

export function ppoSizes({ embedding, proprioception, actionMask }: ObservationSizes): PpoSizes {
  return { observation: embedding + proprioception, action: actionMask.filter(Boolean).length };
}

export const ppoRunNets = (config: PpoConfig, sizes: ObservationSizes): PpoNets => ppoNets(config, ppoSizes(sizes));

/** One update of the offline stage: inputs `observation` [B, D], `action` [B, U], `returns` [B], `imitation` [B] (0 = no target). */
export function cloningStep(config: PpoConfig, sizes: ObservationSizes): Step {
  const nets = ppoRunNets(config, sizes);
  const { observation: D, action: U } = ppoSizes(sizes);
  const B = config.batchSize;
  const state = adamInputs('parameters', parameterCount(nets.parameters));
  const views = parameterViews(state.parameters, nets.parameters);
  const parameters = parametersFrom(views, nets.parameters);
  const observation = input('observation', [B, D]);
  const { mean } = policyAt(parameters, nets, observation);
  const imitated = mse(mean, input('action', [B, U]), { sampleWeight: input('imitation', [B]) });
  const value = valueLoss(valueAt(parameters, nets, observation), input('returns', [B]));
  const loss = add(imitated, mul(value, config.valueCoefficient));
  const gradient = clipByNorm(flatten(grad(loss, views)), config.maxGradientNorm);
  const options = { learningRate: input('learningRate', []), corrections: input('corrections', [2]) };
  const next = adam(state, gradient, options);
  return defineStep({
    ...adamOutputs('parameters', next),
    ...metricOutputs({ actorLoss: imitated, criticLoss: value }),
  });
}

/** One update of the online stage: the inputs of `ppoStep`, with as many demonstrations' states as on-policy steps. */
export function fineTuningStep(config: PpoConfig, sizes: ObservationSizes): Step {
  const nets = ppoRunNets(config, sizes);
  const { action } = ppoSizes(sizes);
  const limits = new Array<number>(action).fill(1);
  return ppoStep(
    nets,
    config,
    { ...ppoSizes(sizes), minibatch: config.batchSize, demonstrations: config.batchSize },
    { constraint: (_, mean) => limitExcess(mean, limits), logProb: clippedGaussianLogProb, optimise: adamOnBoth(nets) },
  );
}

/**
 * Adam on the policy and on the critic, each with its own rate and its own count of steps. While the policy waits
 * (`policyWeight` 0), its weights and moments stand still, so that momentum does not move it.
 */
function adamOnBoth({
  parameters,
  actorParameters,
}: PpoNets): (state: Adam, gradient: Node, policyWeight: Node) => Adam {
  const [count, border] = [parameterCount(parameters), parameterCount(actorParameters)];
  return (state, gradient, policyWeight) => {
    const part = (from: number, to: number): Adam => ({
      parameters: slice(state.parameters, 0, from, to),
      mean: slice(state.mean, 0, from, to),
      variance: slice(state.variance, 0, from, to),
    });
    const before = part(0, border);
    const policy = adam(before, slice(gradient, 0, 0, border), {
      learningRate: input('policyLearningRate', []),
      corrections: input('policyCorrections', [2]),
    });
    const critic = adam(part(border, count), slice(gradient, 0, border, count), {
      learningRate: input('learningRate', []),
      corrections: input('corrections', [2]),
    });
    const moves = greater(policyWeight, 0);
    const joined = (name: keyof Adam) => concat([where(moves, policy[name], before[name]), critic[name]], 0);
    return { parameters: joined('parameters'), mean: joined('mean'), variance: joined('variance') };
  };
}

/** The inputs of ratios and advantages: `observation` [C, D], `action` [C, U] → `logProb` [C], `value` [C]. */
export function evaluationStep(config: PpoConfig, sizes: ObservationSizes, rows: number): Step {
  const nets = ppoRunNets(config, sizes);
  const { observation: D, action: U } = ppoSizes(sizes);
  const parameters = parametersOf(input('parameters', [parameterCount(nets.parameters)]), nets.parameters);
  const observation = input('observation', [rows, D]);
  const policy = policyAt(parameters, nets, observation);
  return defineStep({
    logProb: clippedGaussianLogProb(input('action', [rows, U]), policy),
    value: valueAt(parameters, nets, observation),
  });
}

/**
 * Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, A], and each weight by its name;
 * output `action` [1, A].
 */
export function ppoPolicyStep(config: PpoConfig, sizes: ObservationSizes): Step {
  const nets = ppoRunNets(config, sizes);
  const space = actionSpace('none', sizes.actionMask, 1);
  const parameters = weightInputs(nets.actorParameters);
  const { mean, logStd } = policyAt(parameters, nets, observationInput('', [1], sizes));
  const noise = selectUsed(space, reshape(input('noise', [1, ACTION_SIZE]), [1, 1, ACTION_SIZE]));
  const drawn = add(reshape(mean, noise.shape), mul(reshape(exp(logStd), noise.shape), noise));
  return defineStep({ action: reshape(restoreAll(space, clip(drawn, -1, 1)), [1, ACTION_SIZE]) });
}
