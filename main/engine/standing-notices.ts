/**
 * Notices that stay until their condition is over: a call ends them, or a time without news. They are part of the
 * status, so a window that opens later shows them too. Each topic has one notice. A condition that stops the arm is a
 * fault and does not belong here.
 */
import type { Clock } from '../api/clock.ts';
import type { StandingNotice } from '../api/window/status.ts';

/** Maximum number of notices. The oldest are dropped, because people do not read a longer list. */
const MAX_NOTICES = 8;

export interface StandingNotices {
  /** Adds a notice, or replaces the one of the same topic. With `forMs` it ends by itself unless it is repeated. */
  say(notice: StandingNotice, forMs?: number): void;
  over(topic: string): void;
  list(): readonly StandingNotice[];
}

export function createStandingNotices(clock: Clock, changed: () => void): StandingNotices {
  const standing = new Map<string, { readonly notice: StandingNotice; readonly untilMs: number }>();
  return {
    say: (notice, forMs) => {
      standing.delete(notice.topic);
      standing.set(notice.topic, {
        notice,
        untilMs: forMs === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() + forMs,
      });
      const oldest = standing.keys().next();
      if (standing.size > MAX_NOTICES && !oldest.done) standing.delete(oldest.value);
      changed();
    },
    over: (topic) => {
      if (standing.delete(topic)) changed();
    },
    list: () => {
      const nowMs = clock.nowMs();
      for (const [topic, { untilMs }] of standing) if (untilMs <= nowMs) standing.delete(topic);
      return [...standing.values()].map(({ notice }) => notice);
    },
  };
}
