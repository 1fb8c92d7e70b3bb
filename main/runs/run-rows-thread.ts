/** Entry of the thread that keeps the rows of runs: one `RunStore`, called by name. The control thread never opens the database. */
import { parentPort, workerData } from 'node:worker_threads';
import { openRunStore, type RunStore } from '../../data/runs.ts';
import { systemClock } from '../api/clock.ts';

export interface RowCall {
  readonly id: number;
  readonly method: keyof RunStore;
  readonly values: readonly unknown[];
}
export type RowAnswer =
  | { readonly id: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly message: string };

const store = openRunStore((workerData as { readonly projectFolder: string }).projectFolder, systemClock); // own parent, same version

parentPort?.on('message', ({ id, method, values }: RowCall) => {
  const answer = (message: RowAnswer) => parentPort?.postMessage(message);
  try {
    const call = store[method] as (...given: readonly unknown[]) => unknown; // the client's type names the method and its values
    answer({ id, kind: 'value', value: call(...values) });
  } catch (error) {
    answer({ id, kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
  if (method === 'close') parentPort?.close();
});
