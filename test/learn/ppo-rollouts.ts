/**
 * PPO at work: acts in N copies of a task, collects a rollout, runs the compiled step of `ppo.ts` over it. The state is plain arrays,
 * and all chance comes from one `Rng`, so a seed replays to the byte.
 */
import type { Rng } from '../../main/api/rng.ts';
import type { Metrics } from '../../main/learn/algorithms/algorithm.ts';
import {
  type Constraint,
  type PpoSizes,
  ppoActingStep,
  ppoNets,
  ppoStep,
  setInitialStd,
} from '../../main/learn/algorithms/ppo/ppo.ts';
import { pickRows, shuffledRows } from '../../main/learn/algorithms/rows.ts';
import { gae, normalizeAdvantages } from '../../main/learn/losses/reinforcement/gae.ts';
import { initialParameters, parameterCount } from '../../main/learn/nets/parameters.ts';
import type { Backend, TensorLike } from '../../main/tensor/backend.ts';
import { biasCorrections } from '../../main/tensor/optimiser.ts';
import type { Environment } from './environment.ts';
import type { PpoConfig } from './ppo-rollouts-config.ts';

/** T steps of N copies, time-major. */
export interface PpoRollout {
  readonly environments: number;
  /** [T·N, D] */
  readonly observation: Float32Array;
  /** [T·N, A] as drawn, before the task clipped it. */
  readonly action: Float32Array;
  /** [T·N] */
  readonly logProb: Float32Array;
  readonly value: Float32Array;
  /** V of what the action led to, before any new episode. */
  readonly nextValue: Float32Array;
  readonly reward: Float32Array;
  readonly terminated: Uint8Array;
  /** Terminated or out of time. */
  readonly ended: Uint8Array;
}

export interface PpoOptions {
  readonly backend: Backend;
  readonly config: PpoConfig;
  readonly sizes: PpoSizes;
  /** N */
  readonly environments: number;
  /** T */
  readonly steps: number;
  readonly rng: Rng;
  /** Weights of an imitated policy, as `ppoNets(…).actorParameters` lays them out; it is the reference too. */
  readonly startFrom?: Float32Array;
  /** [·, D] states of demonstrations, where the policy is held to the reference as well. */
  readonly demonstrations?: Float32Array;
  readonly constraint?: Constraint;
}

export interface Ppo {
  /** Weights of the policy alone, flat. */
  policyWeights(): Float32Array;
  /** Mean actions [N, A]. */
  meanAction(observation: Float32Array): Promise<Float32Array>;
  /** Begins new episodes and acts for T steps. */
  collect(environment: Environment): Promise<PpoRollout>;
  update(rollout: PpoRollout): Promise<Metrics>;
  dispose(): Promise<void>;
}

const KL_BAND = 1.5; // PPO paper, section 4
const STATE = ['parameters', 'mean', 'variance'] as const;

export async function createPpo(options: PpoOptions): Promise<Ppo> {
  const { backend, config, sizes, environments: N, steps: T, rng, startFrom, demonstrations, constraint } = options;
  const [D, A] = [sizes.observation, sizes.action];
  const nets = ppoNets(config, sizes);
  const rows = T * N;
  const M = rows / config.minibatches;
  if (!Number.isInteger(M))
    throw new RangeError(`${rows} steps of a rollout do not divide into ${config.minibatches} minibatches`);
  const onDemonstrations = config.reference.onDemonstrations && demonstrations !== undefined;
  const S = onDemonstrations ? M : 0;
  const acting = await backend.compile(ppoActingStep(nets, sizes, N), { name: 'ppo-acting' });
  const learning = await backend.compile(
    ppoStep(nets, config, { ...sizes, minibatch: M, demonstrations: S }, { constraint }),
    { name: 'ppo' },
  );

  const actorCount = parameterCount(nets.actorParameters);
  const parameters = initialParameters(nets.parameters, rng.split('initial weights'));
  setInitialStd(parameters, nets, sizes, config.initialStd);
  if (startFrom) {
    if (startFrom.length !== actorCount)
      throw new RangeError(`a policy of ${startFrom.length} weights to start from; this one has ${actorCount}`);
    parameters.set(startFrom);
  }
  const arrays: Record<(typeof STATE)[number], Float32Array> = {
    parameters,
    mean: new Float32Array(parameters.length),
    variance: new Float32Array(parameters.length),
  };
  const reference = parameters.slice(0, actorCount);
  let beta = config.reference.beta;
  let rollouts = 0;
  let updates = 0;

  const evaluate = async (observation: Float32Array) => {
    const { mean, logStd, value } = await acting.run({ observation, parameters: arrays.parameters });
    return { mean: floats(mean!), logStd: floats(logStd!), value: floats(value!) };
  };

  const draw = ({ mean, logStd }: { readonly mean: Float32Array; readonly logStd: Float32Array }) => {
    const action = new Float32Array(N * A);
    const logProb = new Float32Array(N);
    for (let index = 0; index < N * A; index++) {
      const noise = rng.normal();
      action[index] = mean[index]! + Math.exp(logStd[index]!) * noise;
      logProb[Math.floor(index / A)]! -= 0.5 * noise ** 2 + logStd[index]! + 0.5 * Math.log(2 * Math.PI);
    }
    return { action, logProb };
  };

  const collect = async (environment: Environment): Promise<PpoRollout> => {
    const rollout = emptyRollout(N, rows, D, A);
    let observation = environment.reset();
    for (let step = 0; step < T; step++) {
      const policy = await evaluate(observation);
      const { action, logProb } = draw(policy);
      const result = environment.step(action);
      const at = step * N;
      rollout.observation.set(observation, at * D);
      rollout.action.set(action, at * A);
      rollout.logProb.set(logProb, at);
      rollout.value.set(policy.value, at);
      rollout.nextValue.set((await evaluate(result.next)).value, at);
      rollout.reward.set(result.reward, at);
      rollout.terminated.set(result.terminated, at);
      rollout.ended.set(
        result.terminated.map((end, index) => end | result.truncated[index]!),
        at,
      );
      observation = result.observation;
    }
    return rollout;
  };

  const minibatch = (rollout: PpoRollout, advantage: Float64Array, returns: Float64Array, picked: Uint32Array) => ({
    observation: pickRows(rollout.observation, picked, D),
    action: pickRows(rollout.action, picked, A),
    logProb: pickRows(rollout.logProb, picked, 1),
    advantage: pickRows(advantage, picked, 1),
    returns: pickRows(returns, picked, 1),
    ...(onDemonstrations && {
      demonstration: pickRows(demonstrations, drawRows(demonstrations.length / D, S, rng), D),
    }),
  });

  const learn = async (batch: Readonly<Record<string, TensorLike>>): Promise<Metrics> => {
    updates += 1;
    const results = await learning.run({
      ...arrays,
      ...batch,
      reference,
      beta,
      policyWeight: rollouts >= config.criticWarmup ? 1 : 0,
      learningRate: config.learningRate,
      corrections: [...biasCorrections(updates)],
    });
    for (const name of STATE) arrays[name] = floats(results[`next.${name}`]!);
    return Object.fromEntries(
      Object.entries(results).flatMap(([name, { data }]) =>
        name.startsWith('metric.') ? [[name.slice('metric.'.length), Number(data[0])]] : [],
      ),
    );
  };

  const update = async (rollout: PpoRollout): Promise<Metrics> => {
    const { advantages, returns } = gae(
      { ...rollout, rewards: rollout.reward, values: rollout.value, nextValues: rollout.nextValue },
      config.discount,
      config.gaeLambda,
    );
    const advantage = normalizeAdvantages(advantages);
    const all: Metrics[] = [];
    for (let epoch = 0; epoch < config.epochs; epoch++) {
      const order = shuffledRows(rows, rng);
      const pass: Metrics[] = [];
      for (let start = 0; start < rows; start += M)
        pass.push(await learn(minibatch(rollout, advantage, returns, order.subarray(start, start + M))));
      all.push(...pass);
      if (config.targetKl > 0 && average(pass)['approximateKl']! > config.targetKl) break;
    }
    const metrics = average(all);
    const used = beta;
    rollouts += 1;
    if (rollouts > config.criticWarmup)
      beta = doubledOrHalved(beta, metrics['referenceKl']!, config.reference.targetKl);
    return { ...metrics, beta: used, minibatches: all.length };
  };

  return {
    policyWeights: () => arrays.parameters.slice(0, actorCount),
    meanAction: async (observation) => (await evaluate(observation)).mean,
    collect,
    update,
    dispose: async () => {
      await acting.dispose();
      await learning.dispose();
    },
  };
}

function emptyRollout(N: number, rows: number, D: number, A: number): PpoRollout {
  return {
    environments: N,
    observation: new Float32Array(rows * D),
    action: new Float32Array(rows * A),
    logProb: new Float32Array(rows),
    value: new Float32Array(rows),
    nextValue: new Float32Array(rows),
    reward: new Float32Array(rows),
    terminated: new Uint8Array(rows),
    ended: new Uint8Array(rows),
  };
}

/** The rule of the paper's section 4, towards a distance to the reference instead of to the last policy. */
function doubledOrHalved(beta: number, kl: number, target: number): number {
  if (target === 0) return beta;
  if (kl > target * KL_BAND) return beta * 2;
  return kl < target / KL_BAND ? beta / 2 : beta;
}

function average(all: readonly Metrics[]): Metrics {
  return Object.fromEntries(
    Object.keys(all[0] ?? {}).map((name) => [name, all.reduce((sum, each) => sum + each[name]!, 0) / all.length]),
  );
}

function drawRows(count: number, wanted: number, rng: Rng): Int32Array {
  return Int32Array.from({ length: wanted }, () => rng.integer(count));
}

function floats({ data }: { readonly data: ArrayLike<number | bigint> }): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data, Number);
}
