/** Compares the text of a number field with the value in force: the same, out of range, or a new value to send. */
export interface NumberRange {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
}

export function isWrong(text: string, { low, high }: NumberRange): boolean {
  const entered = Number(text);
  return text.trim() === '' || !Number.isFinite(entered) || entered < low || entered > high;
}

/** Returns the value to send, rounded as it is shown; `undefined` when there is none. */
export function changedValue(text: string, range: NumberRange): number | undefined {
  if (isWrong(text, range)) return undefined;
  const entered = Number(Number(text).toFixed(range.decimals));
  return Math.abs(entered - range.value) > 0.5 * 10 ** -range.decimals ? entered : undefined;
}
