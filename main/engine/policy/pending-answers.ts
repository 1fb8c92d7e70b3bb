/**
 * Questions to another process that wait for their answers, by number. A wait ends with the answer or when patience
 * ends.
 */
import { type Clock, patience } from '../../api/clock.ts';

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly cancel: () => void;
}

interface PendingAnswers<Answer> {
  /** Number of questions without an answer. */
  count(): number;
  /** Resolves with the answer to question `key`, or with `late` after `forMs`; `onLate` is then called. */
  wait(key: number, forMs: number, late: Answer, onLate: () => void): Promise<Answer>;
  /** Gives the answer to question `key`. Ignores the answer when no caller waits for it. */
  settle(key: number, answer: Answer): void;
  settleAll(answer: Answer): void;
}

export function createPendingAnswers<Answer>(clock: Clock): PendingAnswers<Answer> {
  const waiting = new Map<number, Waiting<Answer>>();
  const settle = (key: number, answer: Answer) => {
    const one = waiting.get(key);
    if (!one) return;
    waiting.delete(key);
    one.cancel();
    one.resolve(answer);
  };
  return {
    count: () => waiting.size,
    wait: (key, forMs, late, onLate) =>
      new Promise((resolve) => {
        const cancel = patience(clock, forMs, () => {
          settle(key, late);
          onLate();
        });
        waiting.set(key, { resolve, cancel });
      }),
    settle,
    settleAll: (answer) => {
      for (const key of [...waiting.keys()]) settle(key, answer);
    },
  };
}
