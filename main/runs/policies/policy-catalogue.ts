/**
 * The policies of a project for the engine, with their measured success rates. Does not offer policies in a folder that
 * another run with the same id has left.
 */
import { parsePolicyName } from '../../api/policy.ts';
import type { PolicyShelf } from '../../engine/services.ts';
import { belongsTo } from '../../learn/run/run-folder.ts';
import type { RunRows } from '../run-rows.ts';
import { listPolicies } from './policy-registry.ts';

export function createPolicyCatalogue(projectFolder: string, rows: RunRows): PolicyShelf {
  const own = async () => {
    const foreign = new Set(
      (await rows.runs()).filter((run) => !belongsTo(projectFolder, run)).map((run): number | undefined => run.id),
    );
    return listPolicies(projectFolder).filter(({ name }) => !foreign.has(parsePolicyName(name)?.runId));
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
