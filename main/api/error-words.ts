/**
 * Errors that know a remedy, and their text. Message and remedy are kept apart and joined only where they are printed,
 * so that no remedy appears twice.
 */

/** `remedy` says what to do about the error. */
export class RemediedError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** An error that another thread has reported. Its class is lost on the way; its text is kept. */
export function errorFromThread(message: string, remedy: string | undefined): Error {
  return remedy === undefined ? new Error(message) : new RemediedError(message, remedy);
}

/** The error that ended a worker thread. Its class is lost on the way; message and remedy are kept. */
export function errorOfThread(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return 'remedy' in error && typeof error.remedy === 'string' ? errorFromThread(error.message, error.remedy) : error;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function remedyOf(error: unknown): string | undefined {
  return error instanceof RemediedError ? error.remedy : undefined;
}

/** Joins what went wrong with its remedy, when there is one. */
export function inWords(error: { readonly message: string; readonly remedy?: string | undefined }): string {
  const { message, remedy } = error;
  if (remedy === undefined || remedy === '') return message;
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${remedy}`;
}

export function errorInWords(error: unknown): string {
  return inWords({ message: messageOf(error), remedy: remedyOf(error) });
}

/** A command, or a file that it reads, asks for something that does not exist or cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
