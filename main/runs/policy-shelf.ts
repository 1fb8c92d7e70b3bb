/**
 * The registry of policies as the engine asks for it, with the success rates that were measured for them. Policies in a folder that
 * another run with the same id has left are not offered.
 */

import type { PolicyShelf } from '../engine/services.ts';
import { belongsTo } from '../learn/run-folder.ts';
import { listPolicies } from './policy-registry.ts';
import type { RunRows } from './run-rows.ts';

export function createPolicyShelf(projectFolder: string, rows: RunRows): PolicyShelf {
  const own = async () => {
    const foreign = new Set(
      (await rows.runs()).filter((run) => !belongsTo(projectFolder, run)).map(({ id }) => `run-${id}`),
    );
    return listPolicies(projectFolder).filter(({ name }) => !foreign.has(name.split('/')[0] ?? ''));
  };
  return {
    list: async () => {
      const measured = new Map((await rows.checkpoints()).map((row) => [row.policy, row.successRate]));
      return (await own()).map(({ name, manifest, createdAtMs }) => ({
        name,
        trainedSteps: manifest.trainedSteps,
        createdAtMs,
        successRate: measured.get(name),
      }));
    },
    manifestPath: async (name) => (await own()).find((policy) => policy.name === name)?.manifestPath,
  };
}
