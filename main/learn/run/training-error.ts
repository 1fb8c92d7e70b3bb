import { messageOf, RemediedError } from '../../api/error-words.ts';

/** Training that cannot go on. */
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
