/** How many actor updates a run may make: the recorded environment steps earn them, and the updates spend them. */
import { offlineUpdates } from '../../algorithms/algorithm.ts';
import type { TrainerParts } from './trainer-parts.ts';

export type UpdateBudget = ReturnType<typeof createUpdateBudget>;

export function createUpdateBudget({
  trainer: { spec },
  settings,
  learner,
  pool,
}: Pick<TrainerParts, 'trainer' | 'settings' | 'learner' | 'pool'>) {
  /** Updates that the run will make; `undefined` when it runs until it is stopped. */
  const wanted = spec.steps ?? (spec.stage === 'offline' ? offlineUpdates(settings, spec.task) : undefined);
  /** Environment steps that updates have been made for. */
  let stepsServed = 0;
  return {
    wanted,
    done: () => wanted !== undefined && learner.updates() >= wanted,
    stepsServed: () => stepsServed,
    restore: (served: number) => {
      stepsServed = served;
    },

    /** Actor updates that the RL buffer's new steps have earned. Steps before training starts earn nothing. */
    owed: (): number => {
      if (spec.stage === 'offline') return (wanted ?? 0) - learner.updates();
      const steps = pool.size('rl');
      if (steps < settings.trainingStarts || pool.size('demo') === 0) {
        stepsServed = Math.max(stepsServed, steps);
        return 0;
      }
      const earned = Math.max(0, Math.floor((steps - stepsServed) * settings.actorUpdatesPerStep));
      return wanted === undefined ? earned : Math.min(earned, wanted - learner.updates());
    },

    spend: (updates: number) => {
      stepsServed += updates / settings.actorUpdatesPerStep;
    },

    /**
     * Actor updates per environment step so far. Steps of earlier runs count, because this run learns from them again.
     * `blockUpdates` have been made in the unfinished block.
     */
    actorUpdatesPerStep: (blockUpdates: number): number => {
      const updates = learner.updates();
      const unusable = stepsServed - (updates - blockUpdates - 1) / settings.actorUpdatesPerStep;
      return updates / Math.max(1, pool.size('rl') - unusable);
    },
  };
}
