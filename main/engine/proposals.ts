/**
 * Something asked for at a tick's edge that may come late: the observation and the policy's answer to it.
 *
 * Live, the answer races the clock. In lockstep the virtual clock stands still while the answer is worked out, and `latencyMs`
 * of virtual time are then charged for it: a deadline is missed, or met, at the same instants as on a real robot.
 */
import type { Clock } from '../api/clock.ts';

export type Pace = { readonly kind: 'live' } | { readonly kind: 'lockstep'; readonly latencyMs: number };

export interface Pending<Value> {
  /** The answer, once it has arrived by the cell's clock. */
  value(): Value | undefined;
  /** When it arrived; undefined before. */
  arrivedMs(): number | undefined;
  /** Resolves when it has arrived or at `timeMs`, whichever is first. */
  arrivalOrTime(timeMs: number): Promise<void>;
  /** Resolves when it has arrived, however late. In lockstep at once. */
  readonly settled: Promise<Value>;
}

/** `work` must not reject: its failures are values. */
export async function ask<Value>(clock: Clock, pace: Pace, work: () => Promise<Value>): Promise<Pending<Value>> {
  const askedMs = clock.nowMs();
  if (pace.kind === 'lockstep') {
    const answer = await work();
    const arrivesMs = askedMs + pace.latencyMs;
    const arrived = () => clock.nowMs() >= arrivesMs - 1e-9;
    return {
      value: () => (arrived() ? answer : undefined),
      arrivedMs: () => (arrived() ? arrivesMs : undefined),
      arrivalOrTime: (timeMs) => clock.sleepUntilMs(Math.min(timeMs, arrivesMs)),
      settled: Promise.resolve(answer),
    };
  }
  let answer: { readonly value: Value; readonly arrivedMs: number } | undefined;
  const settled = work().then((value) => {
    answer = { value, arrivedMs: clock.nowMs() };
    return value;
  });
  return {
    value: () => answer?.value,
    arrivedMs: () => answer?.arrivedMs,
    arrivalOrTime: async (timeMs) => {
      if (!answer) await promiseOrTime(clock, settled, timeMs);
    },
    settled,
  };
}

/** Live only: a virtual clock is not moved by it. */
export async function promiseOrTime(clock: Clock, promise: Promise<unknown>, timeMs: number): Promise<void> {
  let cancel = () => {};
  const time = new Promise<void>((resolve) => {
    cancel = clock.at(timeMs, resolve);
  });
  await Promise.race([promise, time]);
  cancel();
}
