/**
 * How errors are put into words. An error that knows what to do about itself keeps it in `remedy`, apart from `message`; it is put
 * together here, at the one place where it is printed, so that no remedy is said twice.
 */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function remedyOf(error: unknown): string | undefined {
  return error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
}

/** What went wrong, as a sentence, and what to do where it is known. */
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

/** An error of another thread or process: its class is lost on the way, its words are not. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly remedy: string | undefined;
  constructor(message: string, remedy: string | undefined) {
    super(message);
    this.remedy = remedy;
  }
}
