/**
 * Imitation at work: holds the weights, draws what a head's learning takes at random, runs the compiled step of `imitation.ts`.
 * Everything random of an update is drawn in a fixed order from one stream, so a stored stream state replays to the byte.
 */
import { ACTION_SIZE } from '../../api/action.ts';
import type { Rng } from '../../api/rng.ts';
import type { TensorLike } from '../graph/backend.ts';
import { sizeOf } from '../graph/ir.ts';
import { initialParameters, parameterCount } from '../nets/parameters.ts';
import { averageDecay, biasCorrections, warmupCosine } from '../optim.ts';
import type { Chance } from '../policies/head.ts';
import { actionStatistics } from '../policies/normaliser.ts';
import {
  type Algorithm,
  type Learner,
  type LearnerOptions,
  type LearnerState,
  type ObservationSizes,
  type PolicyHead,
  ShapeError,
  type TransitionBatch,
} from './algorithm.ts';
import { imitationNets, imitationPolicyStep, imitationStep, policyParameters } from './imitation.ts';
import { IMITATION_PRESETS, type ImitationConfig, parseImitationConfig } from './imitation-config.ts';
import { createArrays } from './learner-state.ts';

export const imitation: Algorithm<ImitationConfig> = {
  name: 'imitation',
  presets: IMITATION_PRESETS,
  parseConfig: parseImitationConfig,
  createLearner: createImitationLearner,
  policyStep: imitationPolicyStep,
  policyParameters: (config, sizes) => policyParameters(imitationNets(config, sizes)),
  policyHead: headOf,
};

/** Noise sizes do not depend on what the task masks, so any mask tells them. */
const ANY_SIZES: ObservationSizes = {
  embedding: 1,
  proprioception: 1,
  actionMask: new Array<boolean>(ACTION_SIZE).fill(true),
};

function headOf(config: ImitationConfig): PolicyHead {
  const { head } = imitationNets(config, ANY_SIZES);
  return {
    head: head.name,
    noiseSize: head.noiseSize,
    ...(config.chunk.size > 1 && { chunk: config.chunk }),
  };
}

async function createImitationLearner(options: LearnerOptions<ImitationConfig>): Promise<Learner> {
  const { backend, config, stage, sizes, steps, rng } = options;
  const nets = imitationNets(config, sizes);
  const compiled = await backend.compile(imitationStep(config, sizes), { name: `imitation-${stage}` });
  const chance = createChance(nets.head.chance, config.batchSize, rng);
  const count = parameterCount(nets.trained);
  const actor = initialParameters(nets.trained, rng.split('initial weights'));
  const arrays = createArrays({
    actor,
    actorMean: new Float32Array(count),
    actorVariance: new Float32Array(count),
    ...(config.average && { actorAverage: actor.slice() }),
    ...(nets.fitted.length > 0 && { normaliser: initialParameters(nets.fitted, rng) }),
  });
  /** `adamSteps` count since the optimiser was fresh; `fitted` is 1 when the normaliser came with the weights. */
  const counters = { updates: 0, adamSteps: 0, fitted: 0 };
  const { learningRate, betas, warmupUpdates, decay } = config.optimiser;

  const inputsFrom = (batch: TransitionBatch): Record<string, TensorLike> => {
    if (batch.size !== config.batchSize)
      throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${config.batchSize}`);
    const update = counters.adamSteps + 1;
    return {
      ...arrays.current,
      ...chance(),
      ...(sizes.embedding > 0 && { embedding: batch.embedding }),
      proprioception: batch.proprioception,
      actionChunk: batch.actionChunk,
      chunkPad: batch.chunkPad,
      learningRate: warmupCosine(update, warmupUpdates, decay === 'cosine' ? steps : undefined, learningRate),
      actorCorrections: [...biasCorrections(update, betas)],
      ...(config.average && { averageDecay: averageDecay(update, config.average.power, config.average.max) }),
    };
  };

  return {
    batches: 1,
    batchSize: config.batchSize,
    chunk: config.chunk.size,
    imitationOnly: true,
    policyParameters: policyParameters(nets),
    update: async (batch) => {
      const metrics = arrays.accept(await compiled.run(inputsFrom(batch), arrays.places()));
      counters.updates += 1;
      counters.adamSteps += 1;
      return metrics;
    },
    fit: (actions) => {
      if (nets.fitted.length === 0 || counters.fitted > 0) return;
      const { offset, scale } = actionStatistics(config.normaliser, actions, ACTION_SIZE);
      arrays.take({ normaliser: joined(offset, scale) }, ['normaliser']);
    },
    policyWeights: () => {
      const { actorAverage, actor: newest, normaliser } = arrays.current;
      const acting = actorAverage ?? newest!;
      return normaliser ? joined(acting, normaliser) : acting;
    },
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      for (const name of Object.keys(counters) as (keyof typeof counters)[]) counters[name] = state.counters[name] ?? 0; // keys of the literal
    },
    startFrom: (state) => {
      const { trained, fitted } = splitPolicy(state, count, nets.fitted.length > 0 ? 2 * ACTION_SIZE : 0);
      arrays.take(
        { actor: trained, actorAverage: trained, normaliser: fitted },
        Object.keys(arrays.current).filter((name) => ['actor', 'actorAverage', 'normaliser'].includes(name)),
      );
      counters.fitted = 1;
    },
    dispose: () => compiled.dispose(),
  };
}

/** A policy's weights: what was trained, then what the data had set. */
function splitPolicy({ arrays }: LearnerState, trained: number, fitted: number) {
  const weights = arrays['actor'];
  if (weights?.length !== trained + fitted)
    throw new ShapeError(
      `actor has ${weights?.length ?? 'no'} numbers, this policy has ${trained + fitted}`,
      'Use the settings, observation kind and encoder that the weights were trained with, or start from fresh weights.',
    );
  return { trained: weights.subarray(0, trained), fitted: weights.subarray(trained) };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Buffers filled anew by every call, in the order in which the head lists them. */
function createChance(wanted: readonly Chance[], batch: number, rng: Rng): () => Record<string, Float32Array> {
  const buffers = wanted.map(({ name, shape, draw }) => ({
    draw,
    entry: [`chance.${name}`, new Float32Array(batch * sizeOf(shape))] as const,
  }));
  return () => {
    for (const { draw, entry } of buffers)
      for (let index = 0; index < entry[1].length; index++) entry[1][index] = draw(rng);
    return Object.fromEntries(buffers.map(({ entry }) => entry));
  };
}
