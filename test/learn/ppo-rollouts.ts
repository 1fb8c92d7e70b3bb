/**
 * PPO on rollouts: acts in N copies of a task, collects T steps, and runs the product's step (`ppo.ts`) over
 * minibatches of them. Tests use it to show what the loss does on tasks that are simple enough to understand. The state
 * is plain arrays and all random numbers come from one `Rng`, so a seed replays to the byte. Letters: N copies, T
 * steps, D observation, A action.
 */
import type { Rng } from '../../main/api/rng.ts';
import type { Metrics } from '../../main/learn/algorithms/algorithm.ts';
import {
  type Constraint,
  type PpoNets,
  type PpoSizes,
  type PpoStepConfig,
  policyAt,
  ppoNets,
  ppoStep,
  setInitialStd,
  valueAt,
} from '../../main/learn/algorithms/ppo/ppo.ts';
import { PPO_CELL } from '../../main/learn/algorithms/ppo/ppo-config.ts';
import { pickRows, shuffledRows } from '../../main/learn/algorithms/rows.ts';
import { parametersOf } from '../../main/learn/algorithms/step-inputs.ts';
import { gae, normalizeAdvantages } from '../../main/learn/losses/reinforcement/gae.ts';
import { initialParameters, parameterCount } from '../../main/learn/nets/parameters.ts';
import type { Backend, Compiled, TensorLike } from '../../main/tensor/backend.ts';
import { biasCorrections } from '../../main/tensor/optimiser.ts';
import { defineStep, type Step } from '../../main/tensor/step.ts';
import { input } from '../../main/tensor/tensor.ts';

/** N copies of a task that step together. Arrays are row-major. */
export interface Environment {
  /** N */
  readonly count: number;
  readonly observationSize: number;
  readonly actionSize: number;
  /** Begins every episode anew: [N, D]. */
  reset(): Float32Array;
  /** Takes actions [N, A], which the task clips. A new episode follows one that ends. */
  step(actions: Float32Array): EnvironmentStep;
}

/** The arrays are new at every step. */
export interface EnvironmentStep {
  /** [N] */
  readonly reward: Float32Array;
  /** [N] 1 = the task ended, and nothing follows. */
  readonly terminated: Uint8Array;
  /** [N] 1 = the time was up, and the value of the next state counts. */
  readonly truncated: Uint8Array;
  /** [N, D] the result of the action. */
  readonly next: Float32Array;
  /** [N, D] where the next action starts: `next`, or the first observation of a new episode. */
  readonly observation: Float32Array;
}

/** Settings of PPO on rollouts, named as in the paper and in CleanRL. */
export interface RolloutConfig extends PpoStepConfig {
  readonly hidden: readonly number[];
  /** Without LayerNorm the layers are Dense → tanh; LayerNorm before the first tanh hides how large a small observation is. */
  readonly layerNorm: boolean;
  readonly discount: number;
  readonly gaeLambda: number;
  readonly learningRate: number;
  /** Passes over a rollout, each in this many minibatches. */
  readonly epochs: number;
  readonly minibatches: number;
  /**
   * Passes stop once the new policy is this far (KL, nat) from the one that acted; 0 = never. Differs from CleanRL: the pass's
   * mean decides, not its last minibatch.
   */
  readonly targetKl: number;
  /** Number of rollouts that train the critic alone, because a fresh critic's advantages are noise. */
  readonly criticWarmup: number;
  readonly initialStd: number;
  /** β · KL(π‖π_ref). β is doubled or halved after a rollout to keep the KL near `targetKl`; 0 = β is constant. */
  readonly reference: { readonly beta: number; readonly onDemonstrations: boolean; readonly targetKl: number };
}

export const PPO: RolloutConfig = {
  hidden: [64, 64], // CleanRL
  layerNorm: false, // CleanRL
  discount: 0.99, // CleanRL
  gaeLambda: PPO_CELL.gaeLambda,
  clipRatio: PPO_CELL.clipRatio,
  valueCoefficient: PPO_CELL.valueCoefficient,
  entropyCoefficient: PPO_CELL.entropyCoefficient,
  learningRate: 3e-4, // CleanRL
  maxGradientNorm: PPO_CELL.maxGradientNorm,
  epochs: 5, // Few passes, because an imitated policy must stay near its rollout
  minibatches: 4,
  targetKl: 0.03, // CleanRL's scripts suggest 0.01–0.03
  criticWarmup: 1,
  initialStd: 0.2, // CleanRL has 1, which drowns an imitated policy
  reference: { beta: 0, onDemonstrations: false, targetKl: 0 },
  penalty: 0,
};

/** Recipe R6, reinforcement on top of imitation, as settings of PPO on rollouts. */
export const RL_FINE_TUNE: RolloutConfig = {
  ...PPO,
  learningRate: 1e-3,
  epochs: 10,
  minibatches: 16,
  targetKl: 0,
  initialStd: 0.3,
  discount: 0.95, // Time-outs bootstrap: at 0.99 a success after the time limit is worth nearly as much as within it
  reference: { beta: 0.03, onDemonstrations: true, targetKl: 0.3 },
  penalty: 10, // λ
};

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
  /** V of the result of the action, before any new episode. */
  readonly nextValue: Float32Array;
  readonly reward: Float32Array;
  readonly terminated: Uint8Array;
  /** Terminated or out of time. */
  readonly ended: Uint8Array;
}

export interface PpoOptions {
  readonly backend: Backend;
  readonly config: RolloutConfig;
  readonly sizes: PpoSizes;
  /** N */
  readonly environments: number;
  /** T */
  readonly steps: number;
  readonly rng: Rng;
  /** Weights of an imitated policy, as `ppoNets(…).actorParameters` lays them out; it is the reference too. */
  readonly startFrom?: Float32Array;
  /** [·, D] states of demonstrations, for the KL to the reference. */
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
type State = Record<(typeof STATE)[number], Float32Array>;

export async function createPpo(options: PpoOptions): Promise<Ppo> {
  const { backend, config, sizes, environments: N, steps: T, constraint } = options;
  const nets = ppoNets(config, sizes);
  const M = (T * N) / config.minibatches;
  if (!Number.isInteger(M))
    throw new RangeError(`${T * N} steps of a rollout do not divide into ${config.minibatches} minibatches`);
  const S = config.reference.onDemonstrations && options.demonstrations ? M : 0;
  const acting = await backend.compile(actingStep(nets, sizes, N), { name: 'ppo-acting' });
  const stepSizes = { ...sizes, minibatch: M, demonstrations: S };
  const learning = await backend.compile(ppoStep(nets, config, stepSizes, { constraint }), { name: 'ppo' });
  const state = initialState(options, nets);
  const actorCount = parameterCount(nets.actorParameters);
  const evaluate = async (observation: Float32Array) => {
    const { mean, logStd, value } = await acting.run({ observation, parameters: state.parameters });
    return { mean: floats(mean!), logStd: floats(logStd!), value: floats(value!) };
  };
  return {
    policyWeights: () => state.parameters.slice(0, actorCount),
    meanAction: async (observation) => (await evaluate(observation)).mean,
    collect: (environment) => collect(options, evaluate, environment),
    update: createUpdate(options, learning, state, state.parameters.slice(0, actorCount)),
    dispose: async () => {
      await acting.dispose();
      await learning.dispose();
    },
  };
}

/** `observation` [N, D] → `mean` and `logStd` [N, A], `value` [N]. */
function actingStep(nets: PpoNets, sizes: PpoSizes, count: number): Step {
  const parameters = parametersOf(input('parameters', [parameterCount(nets.parameters)]), nets.parameters);
  const observation = input('observation', [count, sizes.observation]);
  return defineStep({ ...policyAt(parameters, nets, observation), value: valueAt(parameters, nets, observation) });
}

function initialState({ config, sizes, rng, startFrom }: PpoOptions, nets: PpoNets): State {
  const parameters = initialParameters(nets.parameters, rng.split('initial weights'));
  setInitialStd(parameters, nets, sizes, config.initialStd);
  const actorCount = parameterCount(nets.actorParameters);
  if (startFrom && startFrom.length !== actorCount)
    throw new RangeError(`a policy of ${startFrom.length} weights to start from; this one has ${actorCount}`);
  if (startFrom) parameters.set(startFrom);
  return {
    parameters,
    mean: new Float32Array(parameters.length),
    variance: new Float32Array(parameters.length),
  };
}

interface Evaluated {
  readonly mean: Float32Array;
  readonly logStd: Float32Array;
  readonly value: Float32Array;
}

async function collect(
  { sizes, environments: N, steps: T, rng }: PpoOptions,
  evaluate: (observation: Float32Array) => Promise<Evaluated>,
  environment: Environment,
): Promise<PpoRollout> {
  const [D, A] = [sizes.observation, sizes.action];
  const rollout = emptyRollout(N, T * N, D, A);
  let observation = environment.reset();
  for (let step = 0; step < T; step++) {
    const policy = await evaluate(observation);
    const { action, logProb } = drawActions(policy, N, A, rng);
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
}

function drawActions({ mean, logStd }: Evaluated, N: number, A: number, rng: Rng) {
  const action = new Float32Array(N * A);
  const logProb = new Float32Array(N);
  for (let index = 0; index < N * A; index++) {
    const noise = rng.normal();
    action[index] = mean[index]! + Math.exp(logStd[index]!) * noise;
    logProb[Math.floor(index / A)]! -= 0.5 * noise ** 2 + logStd[index]! + 0.5 * Math.log(2 * Math.PI);
  }
  return { action, logProb };
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

/** Returns a function that makes all passes over a rollout. `state` changes with every minibatch. */
function createUpdate(options: PpoOptions, learning: Compiled, state: State, reference: Float32Array) {
  const { config, sizes, rng } = options;
  const [D, A] = [sizes.observation, sizes.action];
  const rows = options.steps * options.environments;
  const M = rows / config.minibatches;
  const demonstrations = config.reference.onDemonstrations ? options.demonstrations : undefined;
  let [beta, rollouts, updates] = [config.reference.beta, 0, 0];

  const minibatch = (rollout: PpoRollout, advantage: Float64Array, returns: Float64Array, picked: Uint32Array) => ({
    observation: pickRows(rollout.observation, picked, D),
    action: pickRows(rollout.action, picked, A),
    logProb: pickRows(rollout.logProb, picked, 1),
    advantage: pickRows(advantage, picked, 1),
    returns: pickRows(returns, picked, 1),
    ...(demonstrations && {
      demonstration: pickRows(demonstrations, drawRows(demonstrations.length / D, M, rng), D),
    }),
  });

  const learn = async (batch: Readonly<Record<string, TensorLike>>): Promise<Metrics> => {
    updates += 1;
    const results = await learning.run({
      ...state,
      ...batch,
      reference,
      beta,
      policyWeight: rollouts >= config.criticWarmup ? 1 : 0,
      learningRate: config.learningRate,
      corrections: [...biasCorrections(updates)],
    });
    for (const name of STATE) state[name] = floats(results[`next.${name}`]!);
    return Object.fromEntries(
      Object.entries(results).flatMap(([name, { data }]) =>
        name.startsWith('metric.') ? [[name.slice('metric.'.length), Number(data[0])]] : [],
      ),
    );
  };

  return async (rollout: PpoRollout): Promise<Metrics> => {
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
