/**
 * The policies of a project for the engine, with their measured success rates. Does not offer policies in a folder that
 * another run with the same id has left.
 */
import { parsePolicyName } from '../../api/policy.ts';
import type { PolicyShelf, ShelvedPolicy } from '../../engine/services.ts';
import { belongsTo } from '../../learn/run/run-folder.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import type { RunRows } from '../run-rows.ts';
import { listPolicies, type RegisteredPolicy, starterFor } from './policy-registry.ts';

/** `encoderManifestPath`: the encoder in use. */
export function createPolicyCatalogue(
  projectFolder: string,
  rows: Pick<RunRows, 'runs' | 'checkpoints'>,
  encoderManifestPath?: string,
): PolicyShelf {
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
        task: manifest.task,
        trainedSteps: manifest.trainedSteps,
        ...(manifest.madeFrom && { madeFrom: manifest.madeFrom }),
        createdAtMs,
        successRate: measured.get(name),
      }));
    },
    find: async (name) => shelved((await own()).find((policy) => policy.name === name)),
    openingFor: async (task) => {
      const encoderSha256 = encoderManifestPath && readEncoderManifest(encoderManifestPath).sha256;
      const policies = (await own()).filter(
        ({ manifest }) => manifest.task === task && manifest.encoderSha256 === encoderSha256,
      );
      const starterPath = starterFor(task, encoderManifestPath);
      return {
        starter: shelved(policies.find(({ manifestPath }) => manifestPath === starterPath)),
        newest: shelved(policies.findLast(({ name }) => parsePolicyName(name) !== undefined)),
      };
    },
  };
}

function shelved(policy: RegisteredPolicy | undefined): ShelvedPolicy | undefined {
  return policy && { name: policy.name, manifestPath: policy.manifestPath, task: policy.manifest.task };
}
