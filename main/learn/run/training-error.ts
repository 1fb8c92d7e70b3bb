/** Training that cannot go on, with what to do about it. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const isDiskFull = (error: unknown) => ['ENOSPC', 'SQLITE_FULL'].includes(String(Reflect.get(Object(error), 'code')));

/** Returns the text of a failed run: the error's own remedy, or one that fits any run. */
export function failureWords(error: unknown): { readonly message: string; readonly remedy: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'remedy' in error) return { message, remedy: String(error.remedy) };
  const remedy = isDiskFull(error)
    ? 'Free some space on the disk of the project, then start a new run.'
    : 'Remove the cause, then start a new run. It may start from a policy that this one has published.';
  return { message, remedy };
}
