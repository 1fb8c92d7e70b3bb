/** The registry of policies as the engine asks for it, with the success rates that were measured for them. */
import type { PolicyShelf } from '../engine/services.ts';
import { listPolicies } from './policy-registry.ts';
import type { RunRows } from './run-rows.ts';

export function createPolicyShelf(projectFolder: string, rows: RunRows): PolicyShelf {
  return {
    list: async () => {
      const measured = new Map((await rows.checkpoints()).map((row) => [row.policy, row.successRate]));
      return listPolicies(projectFolder).map(({ name, manifest, createdAtMs }) => ({
        name,
        trainedSteps: manifest.trainedSteps,
        createdAtMs,
        successRate: measured.get(name),
      }));
    },
    manifestPath: async (name) => listPolicies(projectFolder).find((policy) => policy.name === name)?.manifestPath,
  };
}
