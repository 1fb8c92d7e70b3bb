/** Imitation as an algorithm of a run: holds the weights, draws the head's random inputs, runs the compiled step of `imitation.ts`. */
import { ACTION_SIZE } from '../../../api/action.ts';
import { PROPRIOCEPTION_SIZE } from '../../../api/observation.ts';
import type { Rng } from '../../../api/rng.ts';
import type { Compiled } from '../../../tensor/backend.ts';
import { sizeOf } from '../../../tensor/ir.ts';
import { averageDecay, biasCorrections, warmupCosine } from '../../../tensor/optimiser.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import { actionStatistics } from '../../policies/normaliser.ts';
import {
  type Algorithm,
  type Learner,
  type LearnerOptions,
  type ObservationSizes,
  type PolicyHead,
  ShapeError,
  type TransitionBatch,
} from '../algorithm.ts';
import { createArrays, type LearnerArrays, restoreCounters, withMoments } from '../learner-arrays.ts';
import { createRandomInputs, normalBuffer, randomBuffer } from '../random-inputs.ts';
import { concatenated } from '../rows.ts';
import { settingsForMaps } from '../spatial-settings.ts';
import {
  type ImitationNets,
  imitationNets,
  imitationPolicyStep,
  imitationStep,
  policyParameters,
} from './imitation.ts';
import { IMITATION_PRESETS, type ImitationConfig, parseImitationConfig } from './imitation-config.ts';

export const imitation: Algorithm<ImitationConfig> = {
  name: 'imitation',
  presets: IMITATION_PRESETS,
  settingsForMaps,
  parseConfig: parseImitationConfig,
  createLearner: createImitationLearner,
  policyStep: imitationPolicyStep,
  policyParameters: (config, sizes) => policyParameters(imitationNets(config, sizes)),
  policyHead: headOf,
};

/** Any sizes serve to ask a head for its noise, which does not depend on what the task masks. */
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
    ...(config.gripper === 'open-or-close' && { discreteGripper: true }),
  };
}

async function createImitationLearner(options: LearnerOptions<ImitationConfig>): Promise<Learner> {
  const { backend, config, stage, sizes, rng } = options;
  const nets = imitationNets(config, sizes);
  const compiled = await backend.compile(imitationStep(config, sizes), { name: `imitation-${stage}` });
  const arrays = createImitationArrays(config, nets, compiled.allocate, rng);
  /** `adamSteps` count since the optimiser was fresh; `fitted` is 1 when weights and normaliser came from another policy. */
  const counters = { updates: 0, adamSteps: 0, fitted: 0 };
  const inputsOf = createInputs(options, nets);
  return {
    batches: 1,
    batchSize: config.batchSize,
    chunk: config.chunk.size,
    imitationOnly: true,
    policyParameters: policyParameters(nets),
    update: async (batch) => {
      if (config.teacher && counters.fitted === 0)
        throw new RangeError('there is no old policy to be taught by: name the policy to start from.');
      const inputs = { ...arrays.current, ...inputsOf(batch, counters.adamSteps + 1) };
      const metrics = arrays.accept(await compiled.run(inputs, arrays.nextBuffers()));
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
      const { actorAverage, actor, normaliser } = arrays.current;
      const acting = actorAverage ?? actor!;
      return normaliser ? concatenated(acting, normaliser) : acting;
    },
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      restoreCounters(counters, state.counters);
    },
    startFrom: (state) => {
      takePolicy(arrays, nets, state.arrays['actor']);
      counters.fitted = 1;
    },
    dispose: () => compiled.dispose(),
  };
}

function createImitationArrays(
  config: ImitationConfig,
  nets: ImitationNets,
  allocate: Compiled['allocate'],
  rng: Rng,
): LearnerArrays {
  const actor = initialParameters(nets.trained, rng.split('initial weights'));
  return createArrays(
    {
      ...withMoments('actor', actor),
      ...(config.average && { actorAverage: actor.slice() }),
      ...(config.teacher && { teacher: actor.slice(0, parameterCount(nets.base)) }),
      ...(nets.fitted.length > 0 && { normaliser: initialParameters(nets.fitted, rng) }),
    },
    allocate,
  );
}

/** Returns the step's inputs other than the arrays, for Adam's update number `update`, counted from 1. */
function createInputs({ config, sizes, steps, rng }: LearnerOptions<ImitationConfig>, { head }: ImitationNets) {
  const { batchSize: B, average, teacher } = config;
  const { learningRate, betas, warmupUpdates, decay } = config.optimiser;
  const random = createRandomInputs(
    [
      ...(teacher ? [normalBuffer('stateNoise', B * sizes.proprioception)] : []),
      ...head.randomInputs.map(({ name, shape, draw }) => randomBuffer(`chance.${name}`, B * sizeOf(shape), draw)),
    ],
    rng,
  );
  return (batch: TransitionBatch, update: number) => {
    if (batch.size !== B) throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${B}`);
    return {
      ...random(),
      ...(sizes.embedding > 0 && { embedding: batch.embedding }),
      proprioception: batch.proprioception,
      actionChunk: batch.actionChunk,
      chunkPad: batch.chunkPad,
      learningRate: warmupCosine(update, warmupUpdates, decay === 'cosine' ? steps : undefined, learningRate),
      actorCorrections: [...biasCorrections(update, betas)],
      ...(average && { averageDecay: averageDecay(update, average.power, average.max) }),
    };
  };
}

/** Begins with another policy's weights, which become the teacher too. A gate that the policy lacks begins closed. */
function takePolicy(arrays: LearnerArrays, nets: ImitationNets, weights: Float32Array | undefined): void {
  const [whole, base] = [parameterCount(nets.trained), parameterCount(nets.base)];
  const fittedCount = parameterCount(nets.fitted);
  const count = [whole, base].find((size) => size + fittedCount === weights?.length);
  if (!weights || count === undefined)
    throw new ShapeError(
      `actor has ${weights?.length ?? 'no'} numbers, this policy has ${whole + fittedCount}`,
      'Use the settings, observation kind and encoder that the weights were trained with, or start from fresh weights.',
    );
  const actor = concatenated(weights.subarray(0, count), arrays.current['actor']!.subarray(count));
  const normaliser = weights.subarray(count);
  const taken = { actor, actorAverage: actor, teacher: actor.subarray(0, base), normaliser };
  const names = Object.keys(arrays.current).filter((name) => name in taken);
  arrays.take(taken, names);
}
