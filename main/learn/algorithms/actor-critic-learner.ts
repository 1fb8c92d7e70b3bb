/**
 * A learner with critics (ConRFT, Cal-QL, RLPD, HIL-SERL): it holds weights and counters, turns a batch into the inputs
 * of the compiled step, and runs it. The algorithms differ in the step, in a few of its inputs, and in what they take
 * from another run.
 */
import type { Rng } from '../../api/rng.ts';
import type { Backend, TensorLike } from '../../tensor/backend.ts';
import { biasCorrections } from '../../tensor/optimiser.ts';
import type { Step } from '../../tensor/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';
import type { Learner, ObservationSizes, TransitionBatch } from './algorithm.ts';
import { type Arrays, createArrays, type LearnerArrays, restoreCounters } from './learner-arrays.ts';
import { createRandomInputs, type RandomBuffer } from './random-inputs.ts';
import type { CriticSteps } from './step-inputs.ts';

/** `…AdamSteps` count since the optimiser was fresh; `criticUpdates` counts over all runs that trained these critics. */
export interface UpdateCounters {
  readonly updates: number;
  readonly actorAdamSteps: number;
  readonly criticAdamSteps: number;
  readonly criticUpdates: number;
}

interface ActorCritic {
  readonly name: string;
  readonly step: Step;
  readonly config: Omit<CriticSteps, 'criticUpdates'> & { readonly learningRate: number };
  /** C critic updates and one actor update make an `update`. */
  readonly criticUpdates: number;
  /** Steps of the actor's Adam in an `update`; the input `actorCorrections` has a row for each. Default 1. */
  readonly actorAdamSteps?: number;
  readonly sizes: ObservationSizes;
  readonly policyParameters: readonly ParameterSpec[];
  /** Initial weights, targets and moments, by the names of the step's inputs. */
  readonly initial: Arrays;
  readonly randomBuffers: readonly RandomBuffer[];
  /** The step's inputs that are the algorithm's own. */
  readonly ownInputs?: (batch: TransitionBatch, counters: UpdateCounters) => Record<string, TensorLike>;
  /** The weights of the policy that acts, flat. */
  readonly policyWeights: (current: Arrays) => Float32Array;
  /** Takes over another run's weights, as many as `given` holds. */
  readonly takeWeights: (arrays: LearnerArrays, given: Arrays) => void;
}

export async function createActorCriticLearner(backend: Backend, rng: Rng, parts: ActorCritic): Promise<Learner> {
  const { config, criticUpdates, actorAdamSteps = 1, sizes } = parts;
  const compiled = await backend.compile(parts.step, { name: parts.name });
  const arrays = createArrays(parts.initial, compiled.allocate);
  const random = createRandomInputs(parts.randomBuffers, rng);
  const counters = { updates: 0, actorAdamSteps: 0, criticAdamSteps: 0, criticUpdates: 0 };
  return {
    batches: criticUpdates,
    batchSize: config.batchSize,
    policyParameters: parts.policyParameters,
    update: async (batch) => {
      const inputs = {
        ...arrays.current,
        ...random(),
        ...transitionInputs(batch, { ...config, criticUpdates }, sizes),
        ...correctionInputs(counters, criticUpdates, actorAdamSteps),
        learningRate: config.learningRate,
        ...parts.ownInputs?.(batch, counters),
      };
      const metrics = arrays.accept(await compiled.run(inputs, arrays.nextBuffers()));
      counters.updates += 1;
      counters.actorAdamSteps += actorAdamSteps;
      counters.criticAdamSteps += criticUpdates;
      counters.criticUpdates += criticUpdates;
      return metrics;
    },
    policyWeights: () => parts.policyWeights(arrays.current),
    updates: () => counters.updates,
    state: () => ({ arrays: arrays.copy(), counters: { ...counters } }),
    restore: (state) => {
      arrays.take(state.arrays, Object.keys(arrays.current));
      restoreCounters(counters, state.counters);
    },
    startFrom: (state) => {
      parts.takeWeights(arrays, state.arrays);
      // The critics keep their age; everything else is new.
      counters.criticUpdates = state.arrays['critic'] ? (state.counters['criticUpdates'] ?? 0) : 0;
    },
    dispose: () => compiled.dispose(),
  };
}

/** Throws when the batch does not hold as many transitions as the critic updates of a step take together. */
function transitionInputs(
  batch: TransitionBatch,
  { criticUpdates, batchSize, mcFloor }: CriticSteps,
  sizes: ObservationSizes,
): Record<string, TensorLike> {
  const rows = criticUpdates * batchSize;
  if (batch.size !== rows) throw new RangeError(`a batch of ${batch.size} transitions; an update takes ${rows}`);
  return {
    ...(sizes.embedding > 0 && { embedding: batch.embedding, nextEmbedding: batch.nextEmbedding }),
    proprioception: batch.proprioception,
    nextProprioception: batch.nextProprioception,
    action: batch.action,
    reward: batch.reward,
    bootstrap: batch.mask,
    ...(mcFloor === 'cut' && { returnFloor: batch.monteCarloReturnCut }),
    ...(mcFloor === 'uncut' && { returnFloor: batch.monteCarloReturn }),
  };
}

/** Adam's bias corrections of the coming update. */
function correctionInputs(
  counters: UpdateCounters,
  criticUpdates: number,
  actorAdamSteps: number,
): Record<string, TensorLike> {
  const following = (taken: number, count: number) =>
    Array.from({ length: count }, (_, index) => biasCorrections(taken + index + 1)).flat();
  return {
    criticCorrections: following(counters.criticAdamSteps, criticUpdates),
    actorCorrections: following(counters.actorAdamSteps, actorAdamSteps),
  };
}
