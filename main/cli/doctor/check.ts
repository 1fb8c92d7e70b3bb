/** One finding of the doctor, and the table of findings. */

export type CheckState = 'ok' | 'warn' | 'fail' | 'info';

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  /** The finding. */
  readonly value: string;
  /** The action that mends it. Set whenever something must be done. */
  readonly remedy?: string;
}

export const ok = (name: string, value: string): Check => ({ name, state: 'ok', value });
export const info = (name: string, value: string, remedy?: string): Check => ({
  name,
  state: 'info',
  value,
  ...(remedy !== undefined && { remedy }),
});
export const warn = (name: string, value: string, remedy: string): Check => ({ name, state: 'warn', value, remedy });
export const fail = (name: string, value: string, remedy: string): Check => ({ name, state: 'fail', value, remedy });

const MARK: Readonly<Record<CheckState, string>> = { ok: '✓', warn: '!', fail: '✗', info: '·' };

export function checkTable(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map((check) => check.name.length));
  const indent = ' '.repeat(width + 5);
  const block = (text: string) => text.trimEnd().replaceAll('\n', `\n${indent}`);
  const lines = checks.flatMap((check) => [
    `${MARK[check.state]}  ${check.name.padEnd(width)}  ${block(check.value)}`,
    ...(check.remedy === undefined ? [] : [`${indent}→ ${block(check.remedy)}`]),
  ]);
  const count = (state: CheckState) => checks.filter((check) => check.state === state).length;
  const sum =
    count('fail') + count('warn') === 0
      ? 'All is well.'
      : `${count('fail')} must be mended (✗), ${count('warn')} deserve a look (!).`;
  return [...lines, '', sum].join('\n');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Returns a size in decimal units, as disks are sold. */
export function bytes(count: number): string {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3)));
  return `${(count / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}
