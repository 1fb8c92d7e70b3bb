/** Training that cannot go on, with what to do about it. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
