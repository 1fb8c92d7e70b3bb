/**
 * Imitation at work: holds the weights, draws what a head's learning takes at random, runs the compiled step of `imitation.ts`.
 * Everything random of an update is drawn in a fixed order from one stream, so a stored stream state replays to the byte.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { PROPRIOCEPTION_SIZE } from '../../../api/observation.ts';
import type { Rng } from '../../../api/rng.ts';
import type { TensorLike } from '../../../tensor/backend.ts';
import { sizeOf } from '../../../tensor/ir.ts';
import { averageDecay, biasCorrections, warmupCosine } from '../../../tensor/optimiser.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import type { Chance } from '../../policies/head.ts';
import { actionStatistics } from '../../policies/normaliser.ts';
import {
  type Algorithm,
  type Learner,
  type LearnerOptions,
  type LearnerState,
  type ObservationSizes,
  type PolicyHead,
  ShapeError,
  type TransitionBatch,
} from '../algorithm.ts';
import { createArrays } from '../learner-state.ts';
import { concatenated } from '../rows.ts';
import { imitationNets, imitationPolicyStep, imitationStep, policyParameters } from './imitation.ts';
import { IMITATION_PRESETS, type ImitationConfig, parseImitationConfig } from './imitation-config.ts';

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
  proprioception: PROPRIOCEPTION_SIZE,
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
  const arrays = createArrays(
    {
      actor,
      actorMean: new Float32Array(count),
      actorVariance: new Float32Array(count),
      ...(config.average && { actorAverage: actor.slice() }),
      ...(config.teacher && { teacher: actor.slice(0, parameterCount(nets.base)) }),
      ...(nets.fitted.length > 0 && { normaliser: initialParameters(nets.fitted, rng) }),
    },
    compiled.allocate,
  );
  const stateNoise = config.teacher && new Float32Array(config.batchSize * sizes.proprioception);
  /** `adamSteps` count since the optimiser was fresh; `fitted` is 1 when weights and normaliser came from another policy. */
  const counters = { updates: 0, adamSteps: 0, fitted: 0 };
  const { learningRate, betas, warmupUpdates, decay } = config.optimiser;

  const inputsFrom = (batch: TransitionBatch): Record<string, TensorLike> => {
    if (batch.size !== config.batchSize)
      throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${config.batchSize}`);
    if (config.teacher && counters.fitted === 0)
      throw new RangeError('there is no old policy to be taught by: name the policy to start from.');
    if (stateNoise) for (let index = 0; index < stateNoise.length; index++) stateNoise[index] = rng.normal();
    const update = counters.adamSteps + 1;
    return {
      ...arrays.current,
      ...chance(),
      ...(stateNoise && { stateNoise }),
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
      arrays.take({ normaliser: concatenated(offset, scale) }, ['normaliser']);
    },
    policyWeights: () => {
      const { actorAverage, actor: newest, normaliser } = arrays.current;
      const acting = actorAverage ?? newest!;
      return normaliser ? concatenated(acting, normaliser) : acting;
    },
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      for (const name of Object.keys(counters) as (keyof typeof counters)[]) counters[name] = state.counters[name] ?? 0; // keys of the literal
    },
    startFrom: (state) => {
      const base = parameterCount(nets.base);
      const { trained, fitted } = splitPolicy(state, [count, base], nets.fitted.length > 0 ? 2 * ACTION_SIZE : 0);
      const whole = concatenated(trained, arrays.current['actor']!.subarray(trained.length)); // a gate that it lacks begins closed
      const taken = { actor: whole, actorAverage: whole, teacher: whole.subarray(0, base), normaliser: fitted };
      arrays.take(
        taken,
        Object.keys(arrays.current).filter((name) => name in taken),
      );
      counters.fitted = 1;
    },
    dispose: () => compiled.dispose(),
  };
}

/** A policy's weights: what was trained (`sizes` says how many numbers that may be, the whole policy first), then what the data had set. */
function splitPolicy({ arrays }: LearnerState, sizes: readonly number[], fitted: number) {
  const weights = arrays['actor'];
  const trained = sizes.find((size) => size + fitted === weights?.length);
  if (!weights || trained === undefined)
    throw new ShapeError(
      `actor has ${weights?.length ?? 'no'} numbers, this policy has ${sizes[0]! + fitted}`,
      'Use the settings, observation kind and encoder that the weights were trained with, or start from fresh weights.',
    );
  return { trained: weights.subarray(0, trained), fitted: weights.subarray(trained) };
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
