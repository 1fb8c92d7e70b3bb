/** A model that cannot be used, with what to do about it. */
export class ModelError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'ModelError';
    this.remedy = remedy;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
