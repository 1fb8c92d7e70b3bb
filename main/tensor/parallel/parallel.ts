/**
 * Runs one step on several threads: workers divide each stage, wait at a barrier after it, and share one memory. To remove it,
 * delete this folder (and `test/tensor/parallel`) and the line of `backends/ort.ts` that imports it: every step then runs on
 * the calling thread, with the same results to the bit.
 */
import type { Parallel } from '../flat/compile-plan.ts';
import { type Executable, loadExecutable, type OpenSession } from '../flat/executable.ts';
import type { Arena } from '../flat/memory.ts';
import type { Plan } from '../flat/plan.ts';
import type { Schedule } from '../flat/schedule.ts';
import { BARRIER_WORDS, createBarrier, GONE } from './barrier.ts';
import { divideStage, workersFor } from './divide-stage.ts';
import { flushesTinyNumbers, startWorkerThread } from './worker-thread.ts';

/** Returns undefined when `plan` is too short for a second thread. */
export function parallelFor(plan: Plan, threads: number): Parallel | undefined {
  const workers = workersFor(plan, threads);
  return workers > 1 ? createParallel(workers) : undefined;
}

export const createParallel = (workers: number): Parallel => ({
  workers,
  divide: (stage, plan, known) => divideStage(stage, plan, known, workers),
  load: loadWorkers,
});

async function loadWorkers(
  { workers, arrays }: Schedule,
  arena: Arena,
  open: OpenSession,
): Promise<Executable | undefined> {
  const { memory } = arena;
  const words = new Int32Array(new SharedArrayBuffer(BARRIER_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const barrier = createBarrier(words, workers.length);
  const [own, ...others] = workers;
  const first = await loadExecutable(own!, memory, open, barrier.wait);
  const common = { arrays, memory, barrier: words, workers: workers.length };
  const started = await Promise.allSettled(others.map((schedule) => startWorkerThread({ schedule, ...common })));
  const threads = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const dispose = async () => {
    await Promise.all([first.dispose(), ...threads.map((thread) => thread.end())]);
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed || threads.some((thread) => thread.flushesTinyNumbers !== flushesTinyNumbers())) {
    await dispose();
    if (failed) throw failed.reason;
    return undefined;
  }
  return {
    run: async (given) => {
      const addresses = given.map((array) => (array && arena.has(array) ? array.byteOffset : -1));
      const running = Promise.allSettled(threads.map((thread) => thread.run(addresses)));
      const [result] = await Promise.allSettled([first.run(given)]);
      // A thread that hangs does not answer, so a broken barrier is reported without waiting for it.
      if (barrier.isBroken()) {
        const known = threads.flatMap((thread) => thread.failure() ?? []);
        throw known.find(({ message }) => message !== GONE) ?? new Error(GONE);
      }
      // All workers end before the next run begins.
      for (const each of [...(await running), result]) if (each.status === 'rejected') throw each.reason;
    },
    dispose,
  };
}
