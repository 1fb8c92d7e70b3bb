/**
 * All windows are closed while the arm is driven. With nobody watching, nothing may be recorded any more once the heartbeat's
 * limit is over: the store is looked at from outside, because no window is there to tell.
 */

import { openForReading } from '../../../data/database.ts';
import type { Clock } from '../../../main/api/clock.ts';
import { WATCHING_SIMULATION_AGE_MS } from '../../../main/engine/watchdog.ts';

/** A step in flight and a busy writer. */
const SLACK_MS = 2000;
const WATCHED_BEYOND_MS = 4000;
const LOOK_AGAIN_MS = 200;

export interface UnwatchedReport {
  readonly limitMs: number;
  /** Closings while the arm was driven, and others, which prove nothing. */
  readonly whileDriven: number;
  readonly whileIdle: number;
  /** Closings after which the arm was driven beyond the limit. */
  readonly drivenOn: number;
  readonly drivenOnWhere: readonly string[];
  /** When the last step was recorded after the windows were closed, for each closing while driven. */
  readonly lastStepMs: readonly number[];
}

export interface UnwatchedCheck {
  /** To be called when the last window has been closed; comes back when it has seen enough. */
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
      if (gone()) return; // an engine that ended drives nothing
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
