/** Errors that end a training run, each with a remedy. */
import type { TransitionPool } from '../../../data/learning/transition-pool.ts';
import { messageOf, RemediedError } from '../../api/error-words.ts';

/** Thrown when training cannot continue. */
export class TrainingError extends RemediedError {}

const isDiskFull = (error: unknown) => ['ENOSPC', 'SQLITE_FULL'].includes(String(Reflect.get(Object(error), 'code')));

/** Returns the text of a failed run: the error's own remedy, or one that fits any run. */
export function failureWords(error: unknown): { readonly message: string; readonly remedy: string } {
  const message = messageOf(error);
  if (error instanceof RemediedError) return { message, remedy: error.remedy };
  const remedy = isDiskFull(error)
    ? 'Free some space on the disk of the project, then start a new run.'
    : 'Remove the cause, then start a new run. It may start from a policy that this one has published.';
  return { message, remedy };
}

/**
 * Refuses to learn from numbers that are not finite, because one of them spoils every batch that it is drawn into.
 * Checks the episodes that are not discarded. Throws a `TrainingError` that names the episode and the observation.
 */
export function expectFinite(pool: Pick<TransitionPool, 'flaw'>): void {
  const flaw = pool.flaw();
  if (flaw)
    throw new TrainingError(
      `${flaw.words}; expected finite numbers`,
      `Open episode ${flaw.episodeId} in the Data tab and discard it, then start again.`,
    );
}
