/**
 * A value that is requested at a tick's edge and may come late: the observation, or the policy's answer to it.
 *
 * On the host's clock the answer races the time. A simulated clock charges `latencyMs` for the answer, then stands
 * still until the answer is there. A slow computer then misses no deadline, and the recording does not depend on its
 * speed.
 */
import type { Clock } from '../../api/clock.ts';

export type Pace = { readonly kind: 'host' } | { readonly kind: 'simulated'; readonly latencyMs: number };

export interface Pending<Value> {
  /** Returns the value once it has arrived by the cell's clock. */
  value(): Value | undefined;
  /** Returns the time of its arrival; `undefined` before. */
  arrivedMs(): number | undefined;
  /** Resolves when the value has arrived or at `timeMs`, whichever is first. */
  arrivalOrTime(timeMs: number): Promise<void>;
  /** Returns the host time that the answer took on a simulated clock; `undefined` before it came. */
  hostLatencyMs(): number | undefined;
  /** Resolves when the value has arrived, however late. */
  readonly settled: Promise<Value>;
}

/** Starts `work`, which must not reject: its failures are values. */
export function ask<Value>(clock: Clock, pace: Pace, work: () => Promise<Value>): Pending<Value> {
  const askedMs = clock.nowMs();
  const askedHostMs = clock.pacing?.hostNowMs();
  let answer: { readonly value: Value; readonly arrivedMs: number; readonly hostMs: number | undefined } | undefined;
  const settled = work().then((value) => {
    answer = { value, arrivedMs: clock.nowMs(), hostMs: clock.pacing?.hostNowMs() };
    return value;
  });
  const hostLatencyMs = () =>
    answer?.hostMs === undefined || askedHostMs === undefined ? undefined : answer.hostMs - askedHostMs;
  if (pace.kind === 'simulated') {
    const arrivesMs = askedMs + pace.latencyMs;
    const arrived = () => clock.nowMs() >= arrivesMs - 1e-9;
    return {
      value: () => (arrived() ? answer?.value : undefined),
      arrivedMs: () => (answer && arrived() ? arrivesMs : undefined),
      arrivalOrTime: async (timeMs) => {
        await clock.sleepUntilMs(Math.min(timeMs, arrivesMs));
        if (arrived()) await settled;
      },
      hostLatencyMs,
      settled,
    };
  }
  return {
    value: () => answer?.value,
    arrivedMs: () => answer?.arrivedMs,
    hostLatencyMs,
    arrivalOrTime: async (timeMs) => {
      if (!answer) await promiseOrTime(clock, settled, timeMs);
    },
    settled,
  };
}

/** Waits for a promise or a time. Use it on the host's clock only, because it does not move a simulated clock. */
export async function promiseOrTime(clock: Clock, promise: Promise<unknown>, timeMs: number): Promise<void> {
  let cancel = () => {};
  const time = new Promise<void>((resolve) => {
    cancel = clock.at(timeMs, resolve);
  });
  await Promise.race([promise, time]);
  cancel();
}
