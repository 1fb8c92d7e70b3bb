/**
 * The soft actor-critics as algorithms of a run: what they add to `actor-critic-learner.ts`, and the noise of
 * `soft-actor-critic.ts`. Both stages make the same update. Neither RLPD nor HIL-SERL has an offline stage; its batches
 * hold demonstrations only.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Rng } from '../../../api/rng.ts';
import { temperatureParameter } from '../../losses/reinforcement/actor-critic.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import { createActorCriticLearner } from '../actor-critic-learner.ts';
import type { Algorithm, Learner, LearnerOptions } from '../algorithm.ts';
import { type LearnerArrays, withMoments } from '../learner-arrays.ts';
import { normalBuffer, type RandomBuffer, randomBuffer } from '../random-inputs.ts';
import { settingsForMaps } from '../spatial-settings.ts';
import { softActorCriticStep, softActorCriticValues } from './soft-actor-critic.ts';
import { configSchema, type SoftActorCriticConfig } from './soft-actor-critic-config.ts';
import { policyParametersOf, softActorCriticNets, softActorCriticPolicy } from './soft-actor-critic-nets.ts';

export function softActorCritic(
  name: 'rlpd' | 'hil-serl',
  presets: Algorithm<SoftActorCriticConfig>['presets'],
): Algorithm<SoftActorCriticConfig> {
  return {
    name,
    presets,
    settingsForMaps,
    parseConfig: (value) => configSchema.parse(value),
    createLearner: (options) => createSoftActorCriticLearner(name, options),
    policyStep: softActorCriticPolicy,
    policyParameters: (config, sizes) => policyParametersOf(softActorCriticNets(config, sizes)),
    policyHead: ({ gripper }) => ({
      head: 'tanh-gaussian',
      noiseSize: ACTION_SIZE,
      ...(gripper === 'discrete' && { discreteGripper: true }),
    }),
    criticStep: softActorCriticValues,
  };
}

function createSoftActorCriticLearner(
  name: string,
  { backend, config, sizes, rng }: LearnerOptions<SoftActorCriticConfig>,
): Promise<Learner> {
  const nets = softActorCriticNets(config, sizes);
  const weights = rng.split('initial weights');
  const actor = initialParameters(nets.actorParameters, weights);
  const critic = initialParameters(nets.criticParameters, weights);
  const { form, initial } = config.temperature;
  /** The policy's weights are [encoder and gripper, which the critics' vector begins with | the actor's own]. */
  const sharedCount = parameterCount(nets.sharedParameters);
  const policyWeights = new Float32Array(sharedCount + actor.length);
  return createActorCriticLearner(backend, rng, {
    name,
    step: softActorCriticStep(config, sizes),
    config,
    criticUpdates: config.criticUpdates,
    sizes,
    policyParameters: policyParametersOf(nets),
    initial: {
      ...withMoments('actor', actor),
      ...withMoments('critic', critic),
      criticTarget: critic.slice(),
      ...withMoments('temperature', Float32Array.of(temperatureParameter(initial, form))),
    },
    randomBuffers: randomBuffers(config, nets.encoder.dropoutSize),
    policyWeights: (current) => {
      policyWeights.set(current['critic']!.subarray(0, sharedCount));
      policyWeights.set(current['actor']!, sharedCount);
      return policyWeights;
    },
    takeWeights: (arrays, given) => {
      const names = ['critic', 'criticTarget', 'temperature'].filter((array) => given[array]);
      arrays.take(given, names);
      if (given['actor']) takePolicy(arrays, given['actor'], sharedCount);
    },
  });
}

function takePolicy(arrays: LearnerArrays, policy: Float32Array, sharedCount: number): void {
  arrays.take({ actor: policy.subarray(sharedCount) }, ['actor']);
  for (const array of ['critic', 'criticTarget']) {
    const values = arrays.current[array]!.slice();
    values.set(policy.subarray(0, sharedCount));
    arrays.take({ [array]: values }, [array]);
  }
}

function randomBuffers(config: SoftActorCriticConfig, dropoutSize: number): RandomBuffer[] {
  const { criticUpdates: C, batchSize: B, critics: E, targetCritics: Z, spatialDropout = 0 } = config;
  /** 0 with the dropout's probability, else the value that keeps the mean at 1. */
  const keptOrDropped = (rng: Rng) => (rng.uniform() < spatialDropout ? 0 : 1 / (1 - spatialDropout));
  const dropout = (name: string, length: number) =>
    dropoutSize > 0 ? [randomBuffer(name, length * dropoutSize, keptOrDropped)] : [];
  return [
    normalBuffer('nextNoise', C * B * ACTION_SIZE),
    normalBuffer('actingNoise', B * ACTION_SIZE),
    ...(Z < E ? [subsetBuffer(C, E, Z)] : []),
    ...dropout('nextDropout', C * B),
    ...dropout('actingDropout', B),
  ];
}

/** A new subset of the critics for every critic update. */
function subsetBuffer(criticUpdates: number, critics: number, size: number): RandomBuffer {
  const data = new BigInt64Array(criticUpdates * size);
  return {
    name: 'subset',
    data,
    fill: (rng) => {
      for (let update = 0; update < criticUpdates; update++)
        data.set(drawSubset(rng, critics, size).map(BigInt), update * size);
    },
  };
}

/** Draws `size` different numbers of 0 … count − 1; every subset is equally likely. */
export function drawSubset(rng: Rng, count: number, size: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let position = 0; position < size; position++) {
    const other = position + rng.integer(count - position);
    [numbers[position], numbers[other]] = [numbers[other]!, numbers[position]!];
  }
  return numbers.slice(0, size);
}
