/**
 * A soft actor-critic at work: holds the weights, draws the noise, runs the compiled step of `soft-actor-critic.ts`.
 * The noise of an update is drawn in a fixed order from one stream, so a stored stream state replays to the byte.
 * Both stages make the same update: neither RLPD nor HIL-SERL has an offline stage, whose batches here hold demonstrations alone.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Rng } from '../../../api/rng.ts';
import type { TensorLike } from '../../../tensor/backend.ts';
import { temperatureParameter } from '../../losses/reinforcement/soft-actor-critic.ts';
import { initialParameters, parameterCount } from '../../nets/parameters.ts';
import { transitionInputs, updateCounters, withMoments } from '../actor-critic-learner.ts';
import type { Learner, LearnerOptions, LearnerState, TransitionBatch } from '../algorithm.ts';
import { createArrays } from '../learner-state.ts';
import { softActorCriticStep } from './soft-actor-critic.ts';
import type { SoftActorCriticConfig } from './soft-actor-critic-config.ts';
import { policyParametersOf, softActorCriticNets } from './soft-actor-critic-nets.ts';

/** What a run takes over from another; optimisers begin anew. */
const WEIGHTS = ['critic', 'criticTarget', 'temperature'] as const;

export async function createSoftActorCriticLearner(
  name: string,
  { backend, config, sizes, rng }: LearnerOptions<SoftActorCriticConfig>,
): Promise<Learner> {
  const nets = softActorCriticNets(config, sizes);
  const compiled = await backend.compile(softActorCriticStep(config, sizes), { name });
  const noise = createNoise(config, nets.encoder.dropoutSize, rng);
  const weights = rng.split('initial weights');
  const actor = initialParameters(nets.actorParameters, weights);
  const critic = initialParameters(nets.criticParameters, weights);
  const { form, initial } = config.temperature;
  const arrays = createArrays(
    {
      ...withMoments('actor', actor),
      ...withMoments('critic', critic),
      criticTarget: critic.slice(),
      ...withMoments('temperature', Float32Array.of(temperatureParameter(initial, form))),
    },
    compiled.allocate,
  );
  const { counters, ...counting } = updateCounters(config.criticUpdates);

  const rows = config.criticUpdates * config.batchSize;
  const inputsFrom = (batch: TransitionBatch): Record<string, TensorLike> => {
    const transitions = transitionInputs(batch, rows, sizes, config.mcFloor);
    return {
      ...{ ...arrays.current, ...noise.draw(), ...transitions, ...counting.corrections() },
      learningRate: config.learningRate,
    };
  };

  const sharedCount = parameterCount(nets.sharedParameters);
  /** A policy's weights are [shared with the critics | actor's own]. */
  const takePolicy = (given: Float32Array) => {
    const shared = given.subarray(0, sharedCount);
    arrays.take({ actor: given.subarray(sharedCount) }, ['actor']);
    for (const array of ['critic', 'criticTarget']) {
      const values = arrays.current[array]!.slice();
      values.set(shared);
      arrays.take({ [array]: values }, [array]);
    }
  };
  const joined = new Float32Array(sharedCount + actor.length);

  return {
    batches: config.criticUpdates,
    batchSize: config.batchSize,
    policyParameters: policyParametersOf(nets),
    update: async (batch) => {
      const metrics = arrays.accept(await compiled.run(inputsFrom(batch), arrays.places()));
      counting.count();
      return metrics;
    },
    policyWeights: () => {
      joined.set(arrays.current['critic']!.subarray(0, sharedCount));
      joined.set(arrays.current['actor']!, sharedCount);
      return joined;
    },
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      counting.restore(state);
    },
    startFrom: (state: LearnerState) => {
      arrays.take(
        state.arrays,
        WEIGHTS.filter((array) => state.arrays[array]),
      );
      if (state.arrays['actor']) takePolicy(state.arrays['actor']);
      counting.startFrom(state);
    },
    dispose: () => compiled.dispose(),
  };
}

/** Buffers for an update's noise, filled anew by every `draw` in the order in which they are listed. */
function createNoise(config: SoftActorCriticConfig, dropoutSize: number, rng: Rng) {
  const [C, B, A] = [config.criticUpdates, config.batchSize, ACTION_SIZE];
  const nextNoise = new Float32Array(C * B * A);
  const actingNoise = new Float32Array(B * A);
  const [members, size] = [config.critics, config.targetCritics];
  const subset = size < members ? new BigInt64Array(C * size) : undefined;
  const dropout = {
    nextDropout: new Float32Array(C * B * dropoutSize),
    actingDropout: new Float32Array(B * dropoutSize),
  };
  return {
    draw: (): Record<string, TensorLike> => {
      for (const array of [nextNoise, actingNoise])
        for (let index = 0; index < array.length; index++) array[index] = rng.normal();
      if (subset)
        for (let update = 0; update < C; update++)
          subset.set(drawSubset(rng, members, size).map(BigInt), update * size);
      for (const mask of Object.values(dropout)) drawDropout(rng, config.spatialDropout ?? 0, mask);
      return { nextNoise, actingNoise, ...(subset && { subset }), ...(dropoutSize > 0 && dropout) };
    },
  };
}

/** Fills `mask`: 0 with probability `share`, else what keeps the mean at 1. */
function drawDropout(rng: Rng, share: number, mask: Float32Array): void {
  for (let index = 0; index < mask.length; index++) mask[index] = rng.uniform() < share ? 0 : 1 / (1 - share);
}

/** `size` of the numbers 0 … count − 1, all different, every subset equally likely. */
export function drawSubset(rng: Rng, count: number, size: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let place = 0; place < size; place++) {
    const other = place + rng.integer(count - place);
    [numbers[place], numbers[other]] = [numbers[other]!, numbers[place]!];
  }
  return numbers.slice(0, size);
}
