/**
 * Questions to another process that wait for their answers, by number. A wait ends with the answer or when patience
 * ends.
 */
import { type Clock, patience } from '../../api/clock.ts';

export function createPendingAnswers<Answer>(clock: Clock) {
  const waiting = new Map<number, { readonly resolve: (answer: Answer) => void; readonly cancel: () => void }>();
  const settle = (key: number, answer: Answer) => {
    const one = waiting.get(key);
    if (!one) return;
    waiting.delete(key);
    one.cancel();
    one.resolve(answer);
  };
  return {
    /** Number of questions without an answer. */
    count: () => waiting.size,
    /** Resolves with the answer to question `key`, or with `late` after `forMs`; `onLate` is then called. */
    wait: (key: number, forMs: number, late: Answer, onLate: () => void): Promise<Answer> =>
      new Promise((resolve) => {
        const cancel = patience(clock, forMs, () => {
          settle(key, late);
          onLate();
        });
        waiting.set(key, { resolve, cancel });
      }),
    /** Gives the answer to question `key`. Ignores the answer when no caller waits for it. */
    settle,
    settleAll: (answer: Answer) => {
      for (const key of [...waiting.keys()]) settle(key, answer);
    },
  };
}
