/**
 * Closes all windows while the arm is driven. No step may be recorded after the heartbeat's limit. The store is read
 * from outside, because no window is there to report.
 */

import { openForReading } from '../../../data/database.ts';
import type { Clock } from '../../../main/api/clock.ts';
import { WATCHING_SIMULATION_AGE_MS } from '../../../main/engine/loop/watchdog.ts';

/** Time for a step in flight and a busy writer. */
const SLACK_MS = 2000;
const WATCHED_BEYOND_MS = 4000;
const LOOK_AGAIN_MS = 200;

export interface UnwatchedReport {
  readonly limitMs: number;
  /** Number of closings while the arm was driven, and of others, which prove nothing. */
  readonly whileDriven: number;
  readonly whileIdle: number;
  /** Number of closings after which the arm was driven beyond the limit. */
  readonly drivenOn: number;
  readonly drivenOnWhere: readonly string[];
  /** Time of the last recorded step after the windows were closed, for each closing while driven. */
  readonly lastStepMs: readonly number[];
}

export interface UnwatchedCheck {
  /** Call it when the last window has been closed. Resolves when it has seen enough. */
  watch(options: { readonly driven: boolean; readonly how: string; readonly gone: () => boolean }): Promise<void>;
  report(): UnwatchedReport;
}

export function createUnwatchedCheck(clock: Clock, folder: string): UnwatchedCheck {
  const lastStepMs: number[] = [];
  const drivenOnWhere: string[] = [];
  let whileIdle = 0;
  return {
    watch: async ({ driven, how, gone }) => {
      const closedMs = clock.nowMs();
      const endMs = closedMs + WATCHING_SIMULATION_AGE_MS + SLACK_MS + WATCHED_BEYOND_MS;
      const database = openForReading(folder);
      let lastMs = 0;
      try {
        const newest = database.prepare('SELECT coalesce(max(id), 0) FROM observation').pluck();
        let before = Number(newest.get());
        while (clock.nowMs() < endMs && !gone()) {
          await clock.sleepUntilMs(clock.nowMs() + LOOK_AGAIN_MS);
          const now = Number(newest.get());
          if (now !== before) lastMs = clock.nowMs() - closedMs;
          before = now;
        }
      } finally {
        database.close();
      }
      if (gone()) return; // An engine that ended drives nothing.
      if (!driven) {
        whileIdle++;
        return;
      }
      lastStepMs.push(Math.round(lastMs));
      if (lastMs > WATCHING_SIMULATION_AGE_MS + SLACK_MS)
        drivenOnWhere.push(`${how}: still recording after ${(lastMs / 1000).toFixed(1)} s`);
    },
    report: () => ({
      limitMs: WATCHING_SIMULATION_AGE_MS,
      whileDriven: lastStepMs.length,
      whileIdle,
      drivenOn: drivenOnWhere.length,
      drivenOnWhere,
      lastStepMs,
    }),
  };
}
