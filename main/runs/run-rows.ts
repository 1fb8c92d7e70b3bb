/**
 * The rows of runs, asked for from the control thread's side: every method of `RunDesk`, as a promise, answered by a
 * thread.
 * The thread keeps the process alive only while something is asked of it.
 */
import { Worker } from 'node:worker_threads';
import { errorFromThread } from '../api/error-words.ts';
import type { RowAnswer, RowCall, RunDesk } from './run-rows-thread.ts';

export type RunRows = AsyncDisposable & {
  readonly [Name in keyof RunDesk]: (
    ...values: Parameters<RunDesk[Name]>
  ) => Promise<Awaited<ReturnType<RunDesk[Name]>>>;
};

/** `encoderManifestPath`: the encoder of the project's runs on pixels, for what is said about runs that are yet to be started. */
export function openRunRows(projectFolder: string, encoderManifestPath?: string): RunRows {
  const worker = new Worker(new URL('./run-rows-thread.ts', import.meta.url), {
    workerData: { projectFolder, encoderManifestPath },
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  let over: Error | undefined;
  const stop = (error: Error) => {
    over ??= error;
    for (const call of waiting.values()) call.reject(over);
    waiting.clear();
  };
  worker.on('message', (answer: RowAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if (answer.kind === 'value') call?.resolve(answer.value);
    else call?.reject(errorFromThread(answer.message, answer.remedy));
  });
  worker.on('error', (error) => stop(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => stop(new Error('the rows of runs are closed')));
  // Only now: a listener that is added later makes the thread count again.
  worker.unref();
  const call =
    (method: keyof RunDesk) =>
    (...values: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over);
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, method, values } satisfies RowCall);
      });
  const names = [
    'createRun',
    'updateRun',
    'appendMetrics',
    'addCheckpoint',
    'run',
    'runs',
    'metrics',
    'series',
    'checkpoints',
    'namedPolicies',
    'prunePolicies',
    'options',
    'pace',
    'misfit',
    'settings',
    'close',
  ] as const satisfies readonly (keyof RunDesk)[];
  const methods = Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Omit<
    RunRows,
    typeof Symbol.asyncDispose
  >; // each method has the type its name says
  return {
    ...methods,
    [Symbol.asyncDispose]: async () => {
      // Closed before: the thread is gone, or on its way.
      await methods.close().catch(() => {});
    },
  };
}
