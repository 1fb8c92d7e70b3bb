/** What somebody typed into a number field, against the value in force: the same, out of range, or a new value to send. */
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

/** Rounded as it will be shown; undefined where there is nothing to send. */
export function changedValue(text: string, range: NumberRange): number | undefined {
  if (isWrong(text, range)) return undefined;
  const entered = Number(Number(text).toFixed(range.decimals));
  return Math.abs(entered - range.value) > 0.5 * 10 ** -range.decimals ? entered : undefined;
}
