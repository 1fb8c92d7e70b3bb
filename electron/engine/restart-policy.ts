/**
 * Decides when a crashed engine or page is started again: later after each crash in a row, and not at all after a
 * number of them. A long enough run ends the row. Pure; times in milliseconds.
 */

export interface RestartRules {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Number of crashes in a row after which it is not started again. */
  readonly limit: number;
  /** A run of this length ends the row of crashes. */
  readonly steadyAfterMs: number;
}

export const ENGINE_RULES: RestartRules = { firstDelayMs: 500, longestDelayMs: 8_000, limit: 5, steadyAfterMs: 60_000 };
export const PAGE_RULES: RestartRules = { firstDelayMs: 0, longestDelayMs: 2_000, limit: 3, steadyAfterMs: 60_000 };

export type Restart =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly crashes: number }
  | { readonly kind: 'give-up'; readonly crashes: number };

/** `crashes`: number of crashes in a row before this one. `ranMs`: time for which it worked; 0 when it never did. */
export function afterCrash(rules: RestartRules, crashes: number, ranMs: number): Restart {
  const inARow = ranMs >= rules.steadyAfterMs ? 1 : crashes + 1;
  if (inARow >= rules.limit) return { kind: 'give-up', crashes: inARow };
  const delayMs = Math.min(rules.longestDelayMs, rules.firstDelayMs * 2 ** (inARow - 1));
  return { kind: 'restart', delayMs, crashes: inARow };
}

/** Exit status of an engine that refuses to start. Another start would end the same way. */
export const REFUSED_EXIT_CODE = 2;

export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** Describes an exit, for the log and for people. */
export function describeExit(exit: Exit): string {
  if (exit.signal === 'SIGKILL') return 'was killed (SIGKILL), perhaps for want of memory';
  if (exit.signal) return `was ended by ${exit.signal}`;
  if (exit.code === undefined) return 'could not be started';
  if (exit.code === REFUSED_EXIT_CODE) return 'refused to start';
  return exit.code === 0 ? 'ended by itself' : `ended with exit status ${exit.code}`;
}
