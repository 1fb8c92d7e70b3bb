import { RemediedError } from '../api/error-words.ts';

/** A model that cannot be used. */
export class ModelError extends RemediedError {}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
