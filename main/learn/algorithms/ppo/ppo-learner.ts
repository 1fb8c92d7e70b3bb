/**
 * PPO as an algorithm of a run: holds weights and counters, and runs the steps of `ppo-steps.ts`.
 *
 * An update learns from steps that policies some updates old drove. In a session, episode n+1 runs with the policy of block
 * n−1, and an update takes the M newest episodes. The ratio compares with the policy that drove each step; a step whose ratio
 * has left the clipped range in its favour teaches nothing more. While more than `maxClipFraction` of the ratios have, the
 * policy waits for newer episodes and the critic learns alone.
 *
 * Differs from the paper: values and advantages are made anew for every update (Andrychowicz et al. 2021, per pass), so
 * that the state of a run is its weights; minibatches are drawn with replacement, without passes; β moves a little with
 * every update. All random numbers come from one stream in a fixed order, so a stored state of the stream replays to
 * the byte.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Rng } from '../../../api/rng.ts';
import type { Compiled } from '../../../tensor/backend.ts';
import { biasCorrections } from '../../../tensor/optimiser.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import type { Algorithm, Learner, LearnerOptions, Metrics, TransitionBatch } from '../algorithm.ts';
import { createArrays, type LearnerArrays, restoreCounters, withMoments } from '../learner-arrays.ts';
import { concatenated, pickRows } from '../rows.ts';
import { settingsForMaps } from '../spatial-settings.ts';
import { setInitialStd } from './ppo.ts';
import { PPO_CELL, type PpoConfig, ppoConfigSchema } from './ppo-config.ts';
import {
  createExperienceReader,
  EVALUATION_ROWS,
  type Experience,
  observationsOf,
  usedActions,
} from './ppo-experience.ts';
import { cloningStep, evaluationStep, fineTuningStep, ppoPolicyStep, ppoRunNets, ppoSizes } from './ppo-steps.ts';

export const ppo: Algorithm<PpoConfig> = {
  name: 'ppo',
  presets: { cell: PPO_CELL },
  settingsForMaps,
  parseConfig: (value) => ppoConfigSchema.parse(value),
  createLearner: createPpoLearner,
  policyStep: ppoPolicyStep,
  policyParameters: (config, sizes) => ppoRunNets(config, sizes).actorParameters,
  policyHead: () => ({ head: 'gaussian', noiseSize: ACTION_SIZE }),
};

/** Largest relative change of β in one update. */
const BETA_RATE = 0.02;
const BETA_RANGE = [1e-4, 10] as const;

/** `adamSteps` counts the critic's, `policySteps` the policy's. `clipped` is the share of ratios out of range in the last update. */
interface Counters extends Record<string, number> {
  updates: number;
  adamSteps: number;
  tunings: number;
  policySteps: number;
  beta: number;
  clipped: number;
}

interface Parts extends Pick<LearnerOptions<PpoConfig>, 'config' | 'sizes'> {
  readonly arrays: LearnerArrays;
  readonly counters: Counters;
  /** The policy's part of the flat vector [policy | critic]. */
  readonly actor: () => Float32Array;
}

async function createPpoLearner({ backend, config, sizes, rng }: LearnerOptions<PpoConfig>): Promise<Learner> {
  const nets = ppoRunNets(config, sizes);
  const compile = (name: string, step: Parameters<typeof backend.compile>[0]) => backend.compile(step, { name });
  const cloning = await compile('ppo-cloning', cloningStep(config, sizes));
  const tuning = await compile('ppo-fine-tuning', fineTuningStep(config, sizes));
  const evaluation = await compile('ppo-reading', evaluationStep(config, sizes, EVALUATION_ROWS));
  const actorCount = parameterCount(nets.actorParameters);
  const parameters = initialParameters(nets.parameters, rng.split('initial weights'));
  setInitialStd(parameters, nets, ppoSizes(sizes), config.initialStd);
  const reference = parameters.slice(0, actorCount);
  const arrays = createArrays({ ...withMoments('parameters', parameters), reference }, cloning.allocate);
  const { beta } = config.reference;
  const counters: Counters = { updates: 0, adamSteps: 0, tunings: 0, policySteps: 0, beta, clipped: 0 };
  const actor = () => arrays.current['parameters']!.subarray(0, actorCount);
  const parts: Parts = { config, sizes, arrays, counters, actor };
  const reader = createExperienceReader(config, sizes, evaluation);
  const clone = createCloning(parts, cloning);
  const tune = createTuning(parts, tuning, reader, rng);
  let experience: Experience | undefined;
  return {
    batches: 1,
    batchSize: config.batchSize,
    policyParameters: nets.actorParameters,
    onPolicy: {
      episodes: config.episodes,
      useSteps: async (steps) => {
        experience = undefined;
        experience = await reader.experienceFrom(steps, arrays.current['parameters']!);
      },
    },
    /** Clones demonstrations, online too, until there are on-policy steps. */
    update: async (batch) => {
      const B = config.batchSize;
      if (batch.size !== B) throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${B}`);
      const metrics = experience ? await tune(batch, experience) : await clone(batch);
      counters.updates += 1;
      counters.adamSteps += 1;
      return metrics;
    },
    policyWeights: actor,
    updates: () => counters.updates,
    state: () => {
      const { parameters: all, ...rest } = arrays.copy();
      const critic = all!.subarray(actorCount);
      return { arrays: { actor: all!.subarray(0, actorCount), critic, ...rest }, counters: { ...counters } };
    },
    restore: (state) => {
      const { actor: policy = new Float32Array(), critic = new Float32Array() } = state.arrays;
      arrays.take({ ...state.arrays, parameters: concatenated(policy, critic) }, Object.keys(arrays.current));
      restoreCounters(counters, state.counters);
    },
    startFrom: ({ arrays: given }) => {
      const policy = given['actor'] ?? new Float32Array();
      arrays.take({ reference: policy }, ['reference']);
      const critic = given['critic'] ?? arrays.current['parameters']!.subarray(actorCount);
      arrays.take({ parameters: concatenated(policy, critic) }, ['parameters']);
    },
    dispose: async () => {
      for (const step of [cloning, tuning, evaluation]) await step.dispose();
    },
  };
}

const criticRate = ({ counters }: Parts, learningRate: number) => ({
  learningRate,
  corrections: [...biasCorrections(counters.adamSteps + 1)],
});

/** Behaviour cloning on a batch of demonstrations. */
function createCloning(parts: Parts, compiled: Compiled): (batch: TransitionBatch) => Promise<Metrics> {
  const { config, sizes, arrays, counters } = parts;
  return async (batch) => {
    const { reference: _, ...current } = arrays.current;
    const inputs = {
      ...current,
      ...criticRate(parts, config.offlineLearningRate),
      observation: observationsOf(batch.embedding, batch.proprioception, sizes),
      action: usedActions(batch, sizes.actionMask),
      returns: batch.monteCarloReturn.map((value) => value * config.rewardScale),
      imitation: batch.imitation,
    };
    const outputs = await compiled.run(inputs, arrays.nextBuffers());
    counters.policySteps += 1;
    return arrays.accept(outputs);
  };
}

/** One PPO update on on-policy steps; the batch of demonstrations serves the KL to the reference. */
function createTuning(
  parts: Parts,
  compiled: Compiled,
  { advantagesOf }: ReturnType<typeof createExperienceReader>,
  rng: Rng,
): (batch: TransitionBatch, experience: Experience) => Promise<Metrics> {
  const { config, sizes, arrays, counters, actor } = parts;
  const { observation: D, action: U } = ppoSizes(sizes);
  return async (batch, experience) => {
    // The reference is the policy as cloned so far.
    if (counters.tunings === 0) arrays.take({ reference: actor() }, ['reference']);
    const { advantage, returns } = await advantagesOf(experience, arrays.current['parameters']!);
    const picked = Int32Array.from({ length: config.batchSize }, () => rng.integer(experience.rows));
    const policyMoves = counters.tunings >= config.criticWarmupUpdates && counters.clipped <= config.maxClipFraction;
    const { beta } = counters;
    const inputs = {
      ...arrays.current,
      ...criticRate(parts, config.criticLearningRate),
      policyLearningRate: config.policyLearningRate,
      policyCorrections: [...biasCorrections(counters.policySteps + 1)],
      observation: pickRows(experience.observation, picked, D),
      action: pickRows(experience.action, picked, U),
      logProb: pickRows(experience.logProb, picked, 1),
      advantage: pickRows(advantage, picked, 1),
      returns: pickRows(returns, picked, 1),
      demonstration: observationsOf(batch.embedding, batch.proprioception, sizes),
      beta,
      policyWeight: policyMoves ? 1 : 0,
    };
    // The curves have the names that other learners' curves have.
    const { policyLoss, valueLoss, ...rest } = arrays.accept(await compiled.run(inputs, arrays.nextBuffers()));
    if (policyMoves) {
      counters.beta = adaptedBeta(beta, rest['referenceKl']!, config.reference.targetKl);
      counters.policySteps += 1;
    }
    counters.tunings += 1;
    counters.clipped = rest['clipFraction']!;
    return {
      ...rest,
      actorLoss: policyLoss!,
      criticLoss: valueLoss!,
      beta,
      policyWeight: policyMoves ? 1 : 0,
      ownSteps: experience.rows,
    };
  };
}

/** The PPO paper's adaptive KL (section 4), towards a distance to the reference and in small steps. */
function adaptedBeta(beta: number, kl: number, target: number): number {
  if (target === 0) return beta;
  const excess = Math.min(1, Math.max(-1, kl / target - 1));
  return Math.min(BETA_RANGE[1], Math.max(BETA_RANGE[0], beta * Math.exp(BETA_RATE * excess)));
}
