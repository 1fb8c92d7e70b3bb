/** Moves the live cell's simulated time: grants substeps to the servo thread and hears when it has made them. */
import { type Clock, systemClock } from '../../main/api/clock.ts';
import type { CellThreads } from './cell-threads.ts';
import type { Mover } from './paced-clock.ts';
import { READINGS_SIZE } from './readings.ts';
import { emptyReport, type SharedState } from './shared-state.ts';

/** Counting calls instead of time keeps a suspended machine from counting against the servo. */
export const STALLED_CHECKS = 10;

export interface ServoMover extends Mover {
  /** Substeps from the opening of the cell to `timeMs`. */
  substepsAt(timeMs: number): number;
  /** The servo has made this many. */
  arrived(substeps: number): void;
  /** The servo will not arrive: whoever waits goes on at the host's pace. */
  release(): void;
  /** Called ten times in `noProgressMs`; gives the servo up when it has made no progress in ten calls. */
  check(): void;
}

/** While no servo runs, time passes as the host's and nothing moves. */
export function createServoMover(options: {
  readonly shared: SharedState;
  readonly threads: () => CellThreads;
  readonly substepMs: number;
  readonly noProgressMs: number;
  readonly host?: Clock;
}): ServoMover {
  const { shared, threads, substepMs, noProgressMs, host = systemClock } = options;
  const report = emptyReport();
  const readings = new Float64Array(READINGS_SIZE);
  let arrive: (() => void) | undefined;
  let granted = 0;
  /** Where simulated time stood when the present move began. */
  let beganAt = 0;
  let stalledChecks = 0;
  let seenMs = 0;
  const reachedMs = () => {
    shared.readState(readings, undefined, report);
    return report.timeMs;
  };
  const substepsAt = (timeMs: number) => Math.floor(timeMs / substepMs + 1e-9);
  const mover: ServoMover = {
    substepsAt,
    reachedMs,
    moveToMs: async (timeMs) => {
      const substeps = substepsAt(timeMs);
      if (substeps <= granted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      arrive = resolve;
      beganAt = granted;
      granted = substeps;
      stalledChecks = 0;
      if (threads().servoRuns()) {
        shared.grant(substeps);
        shared.wake();
      } else mover.release();
      await promise;
    },
    arrived: (substeps) => {
      if (substeps >= granted) arrive?.();
    },
    release: () => {
      const resolve = arrive;
      host.at(host.nowMs() + (granted - beganAt) * substepMs, () => resolve?.());
    },
    check: () => {
      const nowMs = reachedMs();
      stalledChecks = nowMs === seenMs && substepsAt(nowMs) < granted ? stalledChecks + 1 : 0;
      seenMs = nowMs;
      if (stalledChecks >= STALLED_CHECKS)
        threads().giveUp('servo-worker', `made no progress for ${noProgressMs / 1000} s`);
    },
  };
  return mover;
}
