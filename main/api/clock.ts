/**
 * Time as an argument. Only this file may touch the host's clock or timers; everything else receives a `Clock`. Times
 * are milliseconds on a monotonic axis with an arbitrary zero. `wallTimeMs` is Unix time and serves as a label only,
 * never for control.
 */

export interface Clock {
  /** Monotonic time in milliseconds. */
  nowMs(): number;
  /** Unix time in milliseconds, for records that people read. */
  wallTimeMs(): number;
  /** Resolves at or after `timeMs`, at once when that is past. On a virtual clock this call moves the time. */
  sleepUntilMs(timeMs: number): Promise<void>;
  /** Calls `callback` at or after `timeMs`, once. Returns a function that cancels it. */
  at(timeMs: number, callback: () => void): () => void;
  /**
   * Present when time is simulated and follows the host's. Simulated time may fall behind, because it waits for late
   * answers.
   */
  readonly pacing?: Pacing;
}

/** Tells how simulated time follows the host's. */
export interface Pacing {
  /** Host time in milliseconds, with a zero of its own. */
  hostNowMs(): number;
  /** Host time that has passed since the present simulated time was due. */
  lagMs(): number;
  /** Simulated seconds per host second over about the last two. `undefined` until it is known. */
  realTimeFactor(): number | undefined;
}

declare const performance: { now(): number };
declare function setTimeout(callback: () => void, delayMs: number): unknown;
declare function clearTimeout(handle: unknown): void;

/** The host's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallTimeMs: () => Date.now(),
  sleepUntilMs: (timeMs) =>
    new Promise((resolve) => {
      const waitMs = timeMs - performance.now();
      if (waitMs <= 0) resolve();
      else setTimeout(resolve, waitMs);
    }),
  at: (timeMs, callback) => {
    const handle = setTimeout(callback, Math.max(0, timeMs - performance.now()));
    return () => clearTimeout(handle);
  },
};

/**
 * Calls `callback` every `periodMs` on a grid that does not drift. Returns a function that ends it. A call that throws
 * does not end it: the next call comes on time. `failed` is called for the first of several failures in a row.
 */
export function every(
  clock: Clock,
  periodMs: number,
  callback: () => void,
  failed: (error: unknown) => void,
): () => void {
  let nextMs = clock.nowMs() + periodMs;
  let cancel = () => {};
  let failing = false;
  const call = () => {
    try {
      callback();
      failing = false;
    } catch (error) {
      if (failing) return;
      failing = true;
      failed(error);
    }
  };
  const arm = () => {
    cancel = clock.at(nextMs, () => {
      nextMs = Math.max(nextMs + periodMs, clock.nowMs());
      arm();
      call();
    });
  };
  arm();
  return () => cancel();
}

const PATIENCE_SLICES = 10;

/**
 * Calls `onOver` after `limitMs` of time in which this process ran. Time in which the whole machine was suspended does
 * not count. Returns a function that cancels it.
 */
export function patience(clock: Clock, limitMs: number, onOver: () => void): () => void {
  const sliceMs = limitMs / PATIENCE_SLICES;
  let slices = 0;
  let cancel = () => {};
  const arm = () => {
    cancel = clock.at(clock.nowMs() + sliceMs, () => {
      if (++slices < PATIENCE_SLICES) arm();
      else onOver();
    });
  };
  arm();
  return () => cancel();
}

/** A clock that moves only when told to: `advanceToMs` fires what is due, in order. For tests and lockstep runs. */
export interface VirtualClock extends Clock {
  advanceToMs(timeMs: number): void;
  /** Returns when the next callback is due; Infinity when none is waiting. */
  nextDueMs(): number;
}

export function createVirtualClock(startMs = 0, startWallTimeMs = 0): VirtualClock {
  let nowMs = startMs;
  let order = 0;
  const waiting: { readonly timeMs: number; readonly order: number; readonly callback: () => void }[] = [];
  const nextIndex = () => {
    let best = -1;
    waiting.forEach((entry, index) => {
      const other = waiting[best];
      if (!other || entry.timeMs < other.timeMs || (entry.timeMs === other.timeMs && entry.order < other.order))
        best = index;
    });
    return best;
  };
  const advanceToMs = (timeMs: number) => {
    for (;;) {
      const index = nextIndex();
      const entry = waiting[index];
      if (!entry || entry.timeMs > timeMs) break;
      waiting.splice(index, 1);
      nowMs = Math.max(nowMs, entry.timeMs);
      entry.callback();
    }
    nowMs = Math.max(nowMs, timeMs);
  };
  return {
    nowMs: () => nowMs,
    wallTimeMs: () => startWallTimeMs + (nowMs - startMs),
    sleepUntilMs: async (timeMs) => advanceToMs(timeMs),
    at: (timeMs, callback) => {
      const entry = { timeMs: Math.max(timeMs, nowMs), order: order++, callback };
      waiting.push(entry);
      return () => {
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
      };
    },
    advanceToMs,
    nextDueMs: () => waiting[nextIndex()]?.timeMs ?? Number.POSITIVE_INFINITY,
  };
}
