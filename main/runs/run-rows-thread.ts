/**
 * Entry of the thread that keeps the rows of runs and answers what the learning library says about them: one `RunStore`, one
 * `RunCatalogue` and the pruning of policies, called by name. The control thread opens no database and loads no learning code.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openRunStore, type RunStore } from '../../data/runs.ts';
import { systemClock } from '../api/clock.ts';
import { messageOf, remedyOf } from '../api/error-words.ts';
import { createPolicyPruning, type PolicyPruning } from './policy-pruning.ts';
import { createRunCatalogue, type RunCatalogue } from './run-catalogue.ts';

export type RunDesk = RunStore & RunCatalogue & PolicyPruning;

export interface RowCall {
  readonly id: number;
  readonly method: keyof RunDesk;
  readonly values: readonly unknown[];
}
export type RowAnswer =
  | { readonly id: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly message: string; readonly remedy: string | undefined };

const { projectFolder, encoderManifestPath } = workerData as {
  readonly projectFolder: string;
  readonly encoderManifestPath?: string;
}; // own parent, same version
const store = openRunStore(projectFolder, systemClock);
const desk: RunDesk = {
  ...store,
  ...createRunCatalogue(projectFolder, encoderManifestPath),
  ...createPolicyPruning(projectFolder, store.namedPolicies),
};

async function answer({ id, method, values }: RowCall): Promise<void> {
  const say = (message: RowAnswer) => parentPort?.postMessage(message);
  try {
    const call = desk[method] as (...given: readonly unknown[]) => unknown; // the client's type names the method and its values
    say({ id, kind: 'value', value: await call(...values) });
  } catch (error) {
    say({ id, kind: 'error', message: messageOf(error), remedy: remedyOf(error) });
  }
  if (method === 'close') parentPort?.close();
}

parentPort?.on('message', (call: RowCall) => void answer(call));
