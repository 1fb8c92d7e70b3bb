/** Moves the live cell's simulated time. Grants substeps to the servo thread and is told when they are made. */
import { systemClock } from '../../../main/api/clock.ts';
import { SUBSTEP_MS } from '../physics/model.ts';
import { READINGS_SIZE } from '../physics/readings.ts';
import type { CellThreads } from './cell-threads.ts';
import { emptyReport, type SharedState } from './shared-state.ts';

/**
 * Number of checks without progress after which the servo is given up. Calls are counted and not time, so that a
 * suspended machine does not count against the servo.
 */
export const STALLED_CHECKS = 10;

/** Creates the mover. While no servo runs, time passes at the host's rate and nothing moves. */
export function createServoMover(shared: SharedState, threads: () => CellThreads, noProgressMs: number) {
  const report = emptyReport();
  const readings = new Float64Array(READINGS_SIZE);
  let arrive: (() => void) | undefined;
  let granted = 0;
  /** Simulated time at which the present move began. */
  let beganAt = 0;
  let stalledChecks = 0;
  let seenMs = 0;
  const reachedMs = () => {
    shared.readState(readings, undefined, report);
    return report.timeMs;
  };
  /** Returns the number of substeps from the opening of the cell to `timeMs`. */
  const substepsAt = (timeMs: number) => Math.floor(timeMs / SUBSTEP_MS + 1e-9);
  /** Called when the servo will not arrive. Waiting callers continue at the host's pace. */
  const release = () => {
    const resolve = arrive;
    systemClock.at(systemClock.nowMs() + (granted - beganAt) * SUBSTEP_MS, () => resolve?.());
  };
  return {
    substepsAt,
    reachedMs,
    release,
    moveToMs: async (timeMs: number): Promise<void> => {
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
      } else release();
      await promise;
    },
    /** Called when the servo has made this many substeps. */
    arrived: (substeps: number): void => {
      if (substeps >= granted) arrive?.();
    },
    /** Called ten times in `noProgressMs`; gives the servo up when it has made no progress in ten calls. */
    check: (): void => {
      const nowMs = reachedMs();
      stalledChecks = nowMs === seenMs && substepsAt(nowMs) < granted ? stalledChecks + 1 : 0;
      seenMs = nowMs;
      if (stalledChecks >= STALLED_CHECKS)
        threads().giveUp('servo-worker', `made no progress for ${noProgressMs / 1000} s`);
    },
  };
}
