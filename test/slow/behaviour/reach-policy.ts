/** A policy for sparse reach by imitation, PPO that goes on from it, and how well weights do. */
import type { Rng } from '../../../main/api/rng.ts';
import { type Constraint, policyAt, ppoNets, setInitialStd } from '../../../main/learn/algorithms/ppo/ppo.ts';
import { limitExcess } from '../../../main/learn/losses/hinge-penalty.ts';
import { gaussianKl } from '../../../main/learn/losses/likelihood/gaussian.ts';
import { mse } from '../../../main/learn/losses/regression.ts';
import { initialParameters, parametersFrom, parameterViews } from '../../../main/learn/nets/parameters.ts';
import { input, mean } from '../../../main/tensor/tensor.ts';
import { createPpo, PPO, RL_FINE_TUNE, type RolloutConfig } from '../../learn/ppo-rollouts.ts';
import { backend, compileModel, evaluate, fit } from './fit.ts';
import {
  type Arc,
  createReach,
  REACH_ACTION,
  REACH_OBSERVATION,
  REACH_STEPS,
  type ReachOptions,
  reachDemonstrations,
  reachSuccess,
} from './reach.ts';

const SIZES = { observation: REACH_OBSERVATION, action: REACH_ACTION };
const ENVIRONMENTS = 128;
/** Recipe R6 without what holds the policy back: what T7 asks is whether PPO finds the goal. */
export const REACH_PPO: RolloutConfig = { ...RL_FINE_TUNE, reference: PPO.reference, penalty: 0 };
/** A mean action beyond 1 is one that the arm cannot make; the penalty begins 5 % before it. */
const WITHIN_REACH: Constraint = (_, action) => limitExcess(action, [1, 1], 0.05);
const nets = ppoNets(PPO, SIZES);
const BATCH = 64;
const EVALUATED = 200;

export interface ReachBase {
  readonly weights: Float32Array;
  /** [·, 4] */
  readonly states: Float32Array;
}

export async function imitateReach(
  episodes: number,
  arc: Arc,
  noise: number,
  steps: number,
  rng: Rng,
): Promise<ReachBase> {
  const { observations, actions } = reachDemonstrations(episodes, arc, noise, rng.split('demonstrations'));
  const count = actions.length / REACH_ACTION;
  const draws = rng.split('batches');
  const start = initialParameters(nets.actorParameters, rng.split('weights'));
  setInitialStd(start, nets, SIZES, REACH_PPO.initialStd);
  const { weights } = await fit({
    ...{ specs: nets.actorParameters, start, steps, learningRate: 1e-3 },
    loss: (parameters) => {
      const observation = input('observation', [BATCH, REACH_OBSERVATION]);
      return mse(policyAt(parameters, nets, observation).mean, input('action', [BATCH, REACH_ACTION]));
    },
    batch: () => {
      const rows = Array.from({ length: BATCH }, () => draws.integer(count));
      return {
        observation: rows.flatMap((row) => [...observations.subarray(4 * row, 4 * row + 4)]),
        action: rows.flatMap((row) => [...actions.subarray(2 * row, 2 * row + 2)]),
      };
    },
  });
  return { weights, states: observations };
}

export interface ReachRun {
  readonly rng: Rng;
  readonly iterations: number;
  readonly task: Omit<ReachOptions, 'count' | 'rng'>;
  readonly config?: Partial<RolloutConfig>;
  /** Fresh weights where absent. */
  readonly base?: ReachBase;
  /** After every iteration; true = enough. */
  readonly watch?: (weights: Float32Array, iteration: number) => Promise<boolean>;
}

/** Weights after PPO. */
export async function reinforceReach({ rng, iterations, task, config, base, watch }: ReachRun): Promise<Float32Array> {
  const ppo = await createPpo({
    ...{ backend, sizes: SIZES, environments: ENVIRONMENTS, steps: REACH_STEPS, rng: rng.split('ppo') },
    config: { ...REACH_PPO, ...config },
    ...(config?.penalty && { constraint: WITHIN_REACH }),
    ...(base && { startFrom: base.weights, demonstrations: base.states }),
  });
  const environment = createReach({ ...task, count: ENVIRONMENTS, rng: rng.split('episodes') });
  for (let iteration = 1; iteration <= iterations; iteration++) {
    await ppo.update(await ppo.collect(environment));
    if (await watch?.(ppo.policyWeights(), iteration)) break;
  }
  const weights = ppo.policyWeights();
  await ppo.dispose();
  return weights;
}

/** Share of steps whose mean action is beyond the limit, while the policy reaches for fresh goals. */
export async function reachViolations(weights: Float32Array, arc: Arc, rng: Rng): Promise<number> {
  let [beyond, all] = [0, 0];
  await reachScore(weights, arc, rng, (actions) => {
    for (let at = 0; at < actions.length; at += REACH_ACTION) {
      beyond += Number(Math.max(Math.abs(actions[at]!), Math.abs(actions[at + 1]!)) > 1);
      all += 1;
    }
  });
  return beyond / all;
}

/** Mean KL(π‖π_ref) over states [n, 4]. */
export async function distanceTo(
  reference: Float32Array,
  weights: Float32Array,
  states: Float32Array,
): Promise<number> {
  const count = states.length / REACH_OBSERVATION;
  const read = await evaluate(
    nets.actorParameters,
    weights,
    (parameters) => {
      const views = parameterViews(input('reference', [reference.length]), nets.actorParameters);
      const observation = input('observation', [count, REACH_OBSERVATION]);
      const base = policyAt(parametersFrom(views, nets.actorParameters), nets, observation);
      return { kl: mean(gaussianKl(policyAt(parameters, nets, observation), base)) };
    },
    { reference, observation: states },
  );
  return read('kl')[0]!;
}

/** Success of mean actions over fresh goals. */
export async function reachScore(
  weights: Float32Array,
  arc: Arc,
  rng: Rng,
  look: (actions: Float32Array) => void = () => {},
): Promise<number> {
  const model = await compileModel(nets.actorParameters, weights, (parameters) => ({
    mean: policyAt(parameters, nets, input('observation', [EVALUATED, REACH_OBSERVATION])).mean,
  }));
  const act = async (observation: Float32Array) => {
    const actions = (await model.run({ observation }))('mean');
    look(actions);
    return actions;
  };
  const score = await reachSuccess(act, { count: EVALUATED, arc, rng: rng.split('goals') });
  await model.dispose();
  return score;
}
