/**
 * PPO as a run at work: holds the weights, makes ratios and advantages of the newest episodes' own steps, runs the steps of `ppo-run.ts`.
 *
 * Those steps were driven by policies some updates old: in a session, episode n+1 runs with the policy of block n−1, and an update
 * learns from M episodes. The ratio is taken to the policy that each step's episode names, its probabilities from that policy's
 * weights; a step whose ratio has left the clipped range in its favour teaches no more.
 * While the ratios of too many have (`maxClipFraction`) the policy waits for newer episodes, and the critic learns alone.
 * A takeover ends an advantage like a time-out: V of what the policy left behind stands for what it would have made of it. It also has
 * a cost (RLIF, Luo et al. 2023, arXiv 2311.12996): a policy that is always rescued never sees what it led to, and V goes on
 * believing in it.
 *
 * Differs from the paper: values and advantages are made anew for every update (Andrychowicz et al. 2021, per pass), so that the whole
 * state of a run is its weights; minibatches are drawn with replacement, without passes; β moves a little with every update.
 * All chance comes from one stream, in a fixed order, so a stored stream state replays to the byte.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { TensorLike } from '../../../tensor/backend.ts';
import { biasCorrections } from '../../../tensor/optimiser.ts';
import { gae, normalizeAdvantages } from '../../losses/reinforcement/gae.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import type { Algorithm, Learner, LearnerOptions, Metrics, OwnSteps, TransitionBatch } from '../algorithm.ts';
import { createArrays } from '../learner-state.ts';
import { concatenated, pickRows } from '../rows.ts';
import { setInitialStd } from './ppo.ts';
import { PPO_RUN, type PpoRunConfig, ppoRunConfigSchema } from './ppo-config.ts';
import { cloningStep, fineTuningStep, ppoPolicyStep, ppoRunNets, ppoSizes, readingStep } from './ppo-steps.ts';

export const ppo: Algorithm<PpoRunConfig> = {
  name: 'ppo',
  presets: { cell: PPO_RUN },
  parseConfig: (value) => ppoRunConfigSchema.parse(value),
  createLearner: createPpoLearner,
  policyStep: ppoPolicyStep,
  policyParameters: (config, sizes) => ppoRunNets(config, sizes).actorParameters,
  policyHead: () => ({ head: 'gaussian', noiseSize: ACTION_SIZE }),
};

/** C: rows of one reading. */
const READ = 256;
/** β grows or shrinks by so much in an update, at most. */
const BETA_RATE = 0.02;
const BETA_RANGE = [1e-4, 10] as const;

/** Own steps as an update reads them, but for what the newest critic says. N rows. */
interface Experience {
  readonly rows: number;
  readonly observation: Float32Array;
  readonly next: Float32Array;
  readonly action: Float32Array;
  /** Under the policies that drove. */
  readonly logProb: Float32Array;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly ended: Uint8Array;
}

async function createPpoLearner(options: LearnerOptions<PpoRunConfig>): Promise<Learner> {
  const { backend, config, sizes, rng } = options;
  const nets = ppoRunNets(config, sizes);
  const { observation: D, action: U } = ppoSizes(sizes);
  const B = config.batchSize;
  const cloning = await backend.compile(cloningStep(config, sizes), { name: 'ppo-cloning' });
  const tuning = await backend.compile(fineTuningStep(config, sizes), { name: 'ppo-fine-tuning' });
  const reading = await backend.compile(readingStep(config, sizes, READ), { name: 'ppo-reading' });
  const [count, actorCount] = [parameterCount(nets.parameters), parameterCount(nets.actorParameters)];
  const parameters = initialParameters(nets.parameters, rng.split('initial weights'));
  setInitialStd(parameters, nets, ppoSizes(sizes), config.initialStd);
  const arrays = createArrays(
    {
      parameters,
      mean: new Float32Array(count),
      variance: new Float32Array(count),
      reference: parameters.slice(0, actorCount),
    },
    cloning.allocate,
  );
  /** Adam's steps of the critic and of the policy; `clipped`: share of ratios out of range, as the last update measured it. */
  const counters = { updates: 0, adamSteps: 0, tunings: 0, policySteps: 0, beta: config.reference.beta, clipped: 0 };
  let experience: Experience | undefined;
  const actorOf = () => arrays.current['parameters']!.subarray(0, actorCount);

  const used = sizes.actionMask.flatMap((use, index) => (use ? [index] : []));
  const actionsOf = ({ action, size }: TransitionBatch) =>
    Float32Array.from({ length: size * U }, (_, at) => action[Math.floor(at / U) * ACTION_SIZE + used[at % U]!]!);
  const joined = (embedding: Float32Array, proprioception: Float32Array, rows: number) => {
    const [E, P] = [sizes.embedding, sizes.proprioception];
    const observation = new Float32Array(rows * D);
    for (let row = 0; row < rows; row++) {
      observation.set(embedding.subarray(row * E, (row + 1) * E), row * D);
      observation.set(proprioception.subarray(row * P, (row + 1) * P), row * D + E);
    }
    return observation;
  };

  /** [N] each, in pieces of C rows. */
  const read = async (weights: Float32Array, observation: Float32Array, action: Float32Array) => {
    const rows = observation.length / D;
    const found = { logProb: new Float32Array(rows), value: new Float32Array(rows) };
    for (let first = 0; first < rows; first += READ) {
      const end = Math.min(rows, first + READ);
      const outputs = await reading.run({
        parameters: weights,
        observation: padded(observation.subarray(first * D, end * D), READ * D),
        action: padded(action.subarray(first * U, end * U), READ * U),
      });
      for (const name of ['logProb', 'value'] as const)
        found[name].set(Float32Array.from(outputs[name]!.data, Number).subarray(0, end - first), first);
    }
    return found;
  };

  const follow = async ({ steps, ended, takenOver, drivers }: OwnSteps) => {
    experience = undefined;
    if (steps.size < 2) return; // a spread of advantages needs two
    const observation = joined(steps.embedding, steps.proprioception, steps.size);
    const action = actionsOf(steps);
    const logProb = new Float32Array(steps.size);
    for (const { first, end, weights } of drivers) {
      const acted = arrays.current['parameters']!.slice();
      acted.set(weights);
      const [seen, done] = [observation.subarray(first * D, end * D), action.subarray(first * U, end * U)];
      logProb.set((await read(acted, seen, done)).logProb, first);
    }
    experience = {
      ...{ rows: steps.size, observation, action, logProb, ended },
      next: joined(steps.nextEmbedding, steps.nextProprioception, steps.size),
      rewards: steps.reward.map((reward, at) => config.rewardScale * (reward - takenOver[at]! * config.takeoverCost)),
      terminated: Uint8Array.from(steps.mask, (mask) => (mask === 0 ? 1 : 0)),
    };
  };

  /** The newest critic's opinion of what was done. */
  const judged = async ({ observation, next, action, rewards, terminated, ended }: Experience) => {
    const weights = arrays.current['parameters']!;
    const { value: values } = await read(weights, observation, action);
    const { value: nextValues } = await read(weights, next, action);
    const rollout = { rewards, values, nextValues, terminated, ended };
    const { advantages, returns } = gae(rollout, config.discount, config.gaeLambda);
    return { advantage: normalizeAdvantages(advantages), returns };
  };

  const optimiser = (learningRate: number) => ({
    learningRate,
    corrections: [...biasCorrections(counters.adamSteps + 1)],
  });

  const clone = async (batch: TransitionBatch): Promise<Metrics> => {
    const { parameters, mean, variance } = arrays.current;
    const inputs = {
      ...{ parameters: parameters!, mean: mean!, variance: variance! },
      ...optimiser(config.offlineLearningRate),
      observation: joined(batch.embedding, batch.proprioception, B),
      action: actionsOf(batch),
      returns: batch.monteCarloReturn.map((value) => value * config.rewardScale),
      imitation: batch.imitation,
    };
    const outputs = await cloning.run(inputs, arrays.places());
    counters.policySteps += 1;
    return arrays.accept(outputs);
  };

  const policyLearns = () =>
    counters.tunings >= config.criticWarmupUpdates && counters.clipped <= config.maxClipFraction;

  const tune = async (batch: TransitionBatch, own: Experience): Promise<Metrics> => {
    // what was cloned so far is what reinforcement is held to
    if (counters.tunings === 0) arrays.take({ reference: actorOf() }, ['reference']);
    const { advantage, returns } = await judged(own);
    const picked = Int32Array.from({ length: B }, () => rng.integer(own.rows));
    const moves = policyLearns();
    const inputs: Record<string, TensorLike> = {
      ...arrays.current,
      ...optimiser(config.criticLearningRate),
      policyLearningRate: config.policyLearningRate,
      policyCorrections: [...biasCorrections(counters.policySteps + 1)],
      observation: pickRows(own.observation, picked, D),
      action: pickRows(own.action, picked, U),
      logProb: pickRows(own.logProb, picked, 1),
      advantage: pickRows(advantage, picked, 1),
      returns: pickRows(returns, picked, 1),
      demonstration: joined(batch.embedding, batch.proprioception, B),
      beta: counters.beta,
      policyWeight: moves ? 1 : 0,
    };
    // by the names that other learners' curves have
    const { policyLoss, valueLoss, ...rest } = arrays.accept(await tuning.run(inputs, arrays.places()));
    const losses = { actorLoss: policyLoss!, criticLoss: valueLoss! };
    const { beta } = counters;
    if (moves) {
      counters.beta = nudged(beta, rest['referenceKl']!, config.reference.targetKl);
      counters.policySteps += 1;
    }
    counters.tunings += 1;
    counters.clipped = rest['clipFraction']!;
    return { ...rest, ...losses, beta, policyWeight: moves ? 1 : 0, ownSteps: own.rows };
  };

  return {
    batches: 1,
    batchSize: B,
    policyParameters: nets.actorParameters,
    onPolicy: { episodes: config.episodes, follow },
    /** Online too it clones while nothing is there that it has done itself. */
    update: async (batch) => {
      if (batch.size !== B) throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${B}`);
      const metrics = experience ? await tune(batch, experience) : await clone(batch);
      counters.updates += 1;
      counters.adamSteps += 1;
      return metrics;
    },
    policyWeights: actorOf,
    updates: () => counters.updates,
    state: () => {
      const { parameters, ...rest } = arrays.copy();
      const [actor, critic] = [parameters!.subarray(0, actorCount), parameters!.subarray(actorCount)];
      return { arrays: { actor, critic, ...rest }, counters: { ...counters } };
    },
    restore: (state) => {
      const { actor = new Float32Array(), critic = new Float32Array() } = state.arrays;
      arrays.take({ ...state.arrays, parameters: concatenated(actor, critic) }, Object.keys(arrays.current));
      for (const name of Object.keys(counters) as (keyof typeof counters)[]) counters[name] = state.counters[name] ?? 0; // keys of the literal
    },
    startFrom: ({ arrays: given }) => {
      const actor = given['actor'] ?? new Float32Array();
      arrays.take({ reference: actor }, ['reference']);
      const critic = given['critic'] ?? arrays.current['parameters']!.subarray(actorCount);
      arrays.take({ parameters: concatenated(actor, critic) }, ['parameters']);
    },
    dispose: async () => {
      for (const step of [cloning, tuning, reading]) await step.dispose();
    },
  };
}

/** The PPO paper's adaptive KL (section 4), towards a distance to the reference and in small steps. */
function nudged(beta: number, kl: number, target: number): number {
  if (target === 0) return beta;
  const excess = Math.min(1, Math.max(-1, kl / target - 1));
  return Math.min(BETA_RANGE[1], Math.max(BETA_RANGE[0], beta * Math.exp(BETA_RATE * excess)));
}

function padded(values: Float32Array, length: number): Float32Array {
  const all = new Float32Array(length);
  all.set(values);
  return all;
}
