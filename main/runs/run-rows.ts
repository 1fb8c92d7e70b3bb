/** The rows of runs, asked for from the control thread's side: every method of `RunStore`, as a promise, answered by a thread. */
import { Worker } from 'node:worker_threads';
import type { RunStore } from '../../data/runs.ts';
import type { RowAnswer, RowCall } from './run-rows-thread.ts';

export type RunRows = {
  readonly [Name in keyof RunStore]: (...values: Parameters<RunStore[Name]>) => Promise<ReturnType<RunStore[Name]>>;
};

export function openRunRows(projectFolder: string): RunRows {
  const worker = new Worker(new URL('./run-rows-thread.ts', import.meta.url), { workerData: { projectFolder } });
  worker.unref();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  let broken: Error | undefined;
  worker.on('message', (answer: RowAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.kind === 'value') call?.resolve(answer.value);
    else call?.reject(new Error(answer.message));
  });
  worker.on('error', (error) => {
    broken = error instanceof Error ? error : new Error(String(error));
    for (const call of waiting.values()) call.reject(broken);
    waiting.clear();
  });
  const call =
    (method: keyof RunStore) =>
    (...values: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, method, values } satisfies RowCall);
      });
  const methods = [
    'createRun',
    'updateRun',
    'appendMetrics',
    'addCheckpoint',
    'run',
    'runs',
    'metrics',
    'checkpoints',
    'close',
  ] as const satisfies readonly (keyof RunStore)[];
  return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as RunRows; // each method has the type its name says
}
