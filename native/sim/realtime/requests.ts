/**
 * Requests to a worker thread that wait for its answer, by number. When a thread gives no answer in time, `giveUp` is
 * called, which has to end the thread and thereby reject what waits.
 */
import { patience, systemClock } from '../../../main/api/clock.ts';

export function createRequests<Answer>(limitMs: number, giveUp: () => void) {
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let lastId = 0;
  return {
    /**
     * Sends a request and resolves with its answer. `send` is called with the request's number, which is never 0. When
     * `signal` aborts, `callOff` is called and the promise rejects with the signal's reason.
     */
    ask: async (send: (id: number) => void, signal?: AbortSignal, callOff?: (id: number) => void): Promise<Answer> => {
      const id = ++lastId;
      const answered = Promise.withResolvers<Answer>();
      waiting.set(id, answered);
      const endPatience = patience(systemClock, limitMs, giveUp);
      const abort = () => {
        callOff?.(id);
        answered.reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      try {
        send(id);
        return await answered.promise;
      } finally {
        endPatience();
        signal?.removeEventListener('abort', abort);
        waiting.delete(id);
      }
    },
    answer: (id: number, answer: Answer): void => waiting.get(id)?.resolve(answer),
    rejectAll: (reason: Error): void => {
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
    },
  };
}
