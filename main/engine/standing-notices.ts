/**
 * Notices that stand until what they say is over: by a call, or after a time without news. They are part of the status, so a window
 * that opens later sees them too. One notice a topic; what stops the arm is a fault and does not belong here.
 */
import type { Clock } from '../api/clock.ts';
import type { StandingNotice } from '../api/messages.ts';

/** Oldest ones give way: a person reads no longer list. */
const MAX_NOTICES = 8;

export interface StandingNotices {
  /** Replaces the notice of the same topic. With `forMs` it ends by itself unless it is said again. */
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
