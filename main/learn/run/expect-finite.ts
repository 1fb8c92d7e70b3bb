/**
 * Refuses to learn from numbers that are not finite and names where they are. One of them spoils every batch that it is
 * drawn into.
 */
import type { TransitionPool } from '../../../data/learning/transition-pool.ts';
import { TrainingError } from './training-error.ts';

/** Checks the episodes that are not discarded. Throws a `TrainingError` that names the episode and the observation. */
export function expectFinite(pool: Pick<TransitionPool, 'flaw'>): void {
  const flaw = pool.flaw();
  if (flaw)
    throw new TrainingError(
      `${flaw.words}; expected finite numbers`,
      `Open episode ${flaw.episodeId} in the Data tab and discard it, then start again.`,
    );
}
