/** What learners with critics have in common (ConRFT; RLPD and HIL-SERL): a batch as the inputs of their steps, and how often each net was updated. */
import type { TensorLike } from '../../tensor/backend.ts';
import { biasCorrections } from '../../tensor/optimiser.ts';
import type { LearnerState, ObservationSizes, TransitionBatch } from './algorithm.ts';

/** Parameters with Adam's moments, all zero. */
export function withMoments(name: string, parameters: Float32Array): Record<string, Float32Array> {
  return {
    [name]: parameters,
    [`${name}Mean`]: new Float32Array(parameters.length),
    [`${name}Variance`]: new Float32Array(parameters.length),
  };
}

/** Throws where the batch is not of `rows` transitions: as many as the critic updates of a step take together. */
export function transitionInputs(
  batch: TransitionBatch,
  rows: number,
  sizes: ObservationSizes,
  mcFloor: 'off' | 'uncut' | 'cut',
): Record<string, TensorLike> {
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

/** Counts updates of one actor update with `criticUpdates` of the critics. */
export function updateCounters(criticUpdates: number) {
  /** `…AdamSteps` count since the optimiser was fresh; `criticUpdates` counts over all runs that trained these critics. */
  const counters = { updates: 0, actorAdamSteps: 0, criticAdamSteps: 0, criticUpdates: 0 };
  return {
    counters: counters as Readonly<typeof counters>,
    /** Adam's for the coming update. */
    corrections: () => ({
      criticCorrections: Array.from({ length: criticUpdates }, (_, index) =>
        biasCorrections(counters.criticAdamSteps + index + 1),
      ).flat(),
      actorCorrections: [...biasCorrections(counters.actorAdamSteps + 1)],
    }),
    count: () => {
      counters.updates += 1;
      counters.actorAdamSteps += 1;
      counters.criticAdamSteps += criticUpdates;
      counters.criticUpdates += criticUpdates;
    },
    restore: (state: LearnerState) => {
      for (const name of Object.keys(counters) as (keyof typeof counters)[]) counters[name] = state.counters[name] ?? 0; // keys of the literal
    },
    /** Of another run's weights: its critics have their age, everything else is new. */
    startFrom: (state: LearnerState) => {
      counters.criticUpdates = state.arrays['critic'] ? (state.counters['criticUpdates'] ?? 0) : 0;
    },
  };
}
