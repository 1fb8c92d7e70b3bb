/**
 * Entry of the thread that keeps the rows of runs. It calls the methods of one `RunStore`, one `RunCatalogue` and the
 * pruning of policies by name. The control thread opens no database and loads no learning code.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openRunStore, type RunStore } from '../../data/runs.ts';
import { systemClock } from '../api/clock.ts';
import { messageOf, remedyOf } from '../api/error-words.ts';
import { createPolicyPruning, type PolicyPruning } from './policies/policy-pruning.ts';
import { createRunCatalogue, type RunCatalogue } from './run-catalogue.ts';

export type RunMethods = RunStore & RunCatalogue & PolicyPruning;

export interface RowCall {
  readonly id: number;
  readonly method: keyof RunMethods;
  readonly values: readonly unknown[];
}
export type RowAnswer =
  | { readonly id: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly message: string; readonly remedy: string | undefined };

// The parent is `run-rows.ts` of the same version.
const { projectFolder, encoderManifestPath } = workerData as {
  readonly projectFolder: string;
  readonly encoderManifestPath?: string;
};
const store = openRunStore(projectFolder, systemClock);
const methods: RunMethods = {
  ...store,
  ...createRunCatalogue(projectFolder, encoderManifestPath),
  ...createPolicyPruning(projectFolder, store.namedPolicies),
};

async function answer({ id, method, values }: RowCall): Promise<void> {
  const say = (message: RowAnswer) => parentPort?.postMessage(message);
  try {
    // The client's type ties the values to the method.
    const call = methods[method] as (...given: readonly unknown[]) => unknown;
    say({ id, kind: 'value', value: await call(...values) });
  } catch (error) {
    say({ id, kind: 'error', message: messageOf(error), remedy: remedyOf(error) });
  }
  if (method === 'close') parentPort?.close();
}

parentPort?.on('message', (call: RowCall) => {
  // This rejects only when a result cannot be sent.
  answer(call).catch((error: unknown) =>
    parentPort?.postMessage({
      id: call.id,
      kind: 'error',
      message: messageOf(error),
      remedy: remedyOf(error),
    } satisfies RowAnswer),
  );
});
