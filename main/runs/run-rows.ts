/**
 * The rows of runs for the control thread: every method of `RunMethods` as a promise, answered by a thread. The thread
 * keeps the process alive only while a call is open.
 */
import { Worker } from 'node:worker_threads';
import { errorFromThread, errorOfThread } from '../api/error-words.ts';
import type { RowAnswer, RowCall, RunMethods } from './run-rows-thread.ts';

export type RunRows = AsyncDisposable & {
  readonly [Name in keyof RunMethods]: (
    ...values: Parameters<RunMethods[Name]>
  ) => Promise<Awaited<ReturnType<RunMethods[Name]>>>;
};

/**
 * `encoderManifestPath`: the encoder of the project's runs on pixels, for questions about runs that are not started
 * yet.
 */
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
  worker.on('error', (error) => stop(errorOfThread(error)));
  worker.on('exit', () => stop(new Error('the rows of runs are closed')));
  // After the listeners, because adding one makes the thread keep the process alive again.
  worker.unref();
  const call =
    (method: keyof RunMethods) =>
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
  ] as const satisfies readonly (keyof RunMethods)[];
  // Object.fromEntries loses the type that ties each name to its method.
  const methods = Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Omit<
    RunRows,
    typeof Symbol.asyncDispose
  >;
  return {
    ...methods,
    [Symbol.asyncDispose]: async () => {
      // Rejects when the thread was closed before.
      await methods.close().catch(() => {});
    },
  };
}
