/**
 * Turns errors into text. An error that knows its remedy keeps it in `remedy`, apart from `message`. They are joined
 * only here, where they are printed, so that no remedy appears twice.
 */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function remedyOf(error: unknown): string | undefined {
  return error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
}

/** Joins what went wrong with its remedy, when there is one. */
export function inWords({
  message,
  remedy,
}: {
  readonly message: string;
  readonly remedy?: string | undefined;
}): string {
  if (remedy === undefined || remedy === '') return message;
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${remedy}`;
}

export function errorInWords(error: unknown): string {
  return inWords({ message: messageOf(error), remedy: remedyOf(error) });
}

/** An error of another thread or process. Its class is lost on the way; its text is kept. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly remedy: string | undefined;
  constructor(message: string, remedy: string | undefined) {
    super(message);
    this.remedy = remedy;
  }
}

/** A command, or a file that it reads, asks for something that does not exist or cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
