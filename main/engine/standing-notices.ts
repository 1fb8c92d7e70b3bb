/**
 * Conditions that stay until they are over, as the status shows them: the one fault that stops the arm, and notices.
 * A call ends a notice, or a time without news. A window that opens later shows them too. Each topic has one notice.
 */
import type { Clock } from '../api/clock.ts';
import type { Fault, StandingNotice } from '../api/window/status.ts';
import type { LoopFault } from './loop/faults.ts';
import type { Answer } from './services.ts';

/** Maximum number of notices. The oldest are dropped, because people do not read a longer list. */
const MAX_NOTICES = 8;

export type StandingNotices = ReturnType<typeof createStandingNotices>;

export function createStandingNotices(clock: Clock, changed: () => void) {
  const standing = new Map<string, { readonly notice: StandingNotice; readonly untilMs: number }>();
  let fault: Fault | undefined;
  const say = (notice: StandingNotice, forMs = Number.POSITIVE_INFINITY) => {
    standing.delete(notice.topic);
    standing.set(notice.topic, { notice, untilMs: clock.nowMs() + forMs });
    const oldest = standing.keys().next();
    if (standing.size > MAX_NOTICES && !oldest.done) standing.delete(oldest.value);
    changed();
  };
  const over = (topic: string) => {
    if (standing.delete(topic)) changed();
  };
  return {
    /** Adds a notice, or replaces the one of the same topic. With `forMs` it ends by itself unless it is repeated. */
    say,
    /** Shows a refusal until the same request is accepted. */
    sayRefusal: (topic: string, level: 'warning' | 'error', answer: Answer<unknown> | undefined, before = '') => {
      if (answer?.kind === 'refused') say({ topic, level, text: before + answer.message, remedy: answer.remedy });
      else over(topic);
    },
    over,
    /** Returns the notices, oldest first, without one whose text the fault already shows. */
    list: () => {
      const nowMs = clock.nowMs();
      for (const [topic, { untilMs }] of standing) if (untilMs <= nowMs) standing.delete(topic);
      return [...standing.values()].map(({ notice }) => notice).filter(({ text }) => text !== fault?.what);
    },
    raiseFault: (next: LoopFault) => {
      fault = { ...next, atMs: clock.nowMs() };
      over('deadline');
      changed();
    },
    clearFault: () => {
      fault = undefined;
    },
    fault: () => fault,
  };
}
