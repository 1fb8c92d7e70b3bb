/**
 * Records what the soak has done to the program, and when. A fault with such a cause is expected; any other is false.
 */
import type { Clock } from '../../../main/api/clock.ts';
import type { FaultKind, FaultRole } from './tally.ts';

export type Cause = `${FaultKind} ${FaultRole}` | 'window closed' | 'export failure asked for';

export interface Disturbances {
  /** Begins a cause, which lasts until the returned function is called. */
  begin(cause: Cause): () => void;
  /** Notes a cause that happened just now. */
  note(cause: Cause): void;
  /** True when the cause was active at `atMs`, or ended within `graceMs` before it. */
  within(cause: Cause, atMs: number, graceMs: number): boolean;
  /** True when the engine was killed, stopped or ended at any time since then. */
  engineSince(sinceMs: number): boolean;
}

interface Stretch {
  readonly cause: Cause;
  readonly fromMs: number;
  untilMs: number;
}

const KEPT_MS = 120_000;

export function createDisturbances(clock: Clock): Disturbances {
  let stretches: Stretch[] = [];
  const add = (cause: Cause, untilMs: number): Stretch => {
    const nowMs = clock.nowMs();
    stretches = stretches.filter((stretch) => stretch.untilMs > nowMs - KEPT_MS);
    const stretch: Stretch = { cause, fromMs: nowMs, untilMs };
    stretches.push(stretch);
    return stretch;
  };
  return {
    begin: (cause) => {
      const stretch = add(cause, Number.POSITIVE_INFINITY);
      return () => {
        stretch.untilMs = clock.nowMs();
      };
    },
    note: (cause) => {
      add(cause, clock.nowMs());
    },
    within: (cause, atMs, graceMs) =>
      stretches.some((one) => one.cause === cause && one.fromMs <= atMs && atMs <= one.untilMs + graceMs),
    engineSince: (sinceMs) => stretches.some((one) => one.cause.endsWith(' engine') && one.untilMs >= sinceMs),
  };
}
