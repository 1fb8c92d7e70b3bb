/**
 * A trained policy as a folder: `manifest.json`, `graph.onnx` (weights are its inputs) and `weights.bin` (flat float32).
 * The folder appears whole or not at all.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type PolicyManifest, policyManifestSchema } from '../../api/policy.ts';
import { bytesOf, floatsOf, writeFolderAtomically } from './atomic-files.ts';

export const POLICY_MANIFEST = 'manifest.json';
const GRAPH = 'graph.onnx';
const WEIGHTS = 'weights.bin';

export interface PolicyFiles {
  readonly manifest: PolicyManifest;
  readonly graph: Uint8Array;
  readonly weights: Float32Array;
}

/** A policy folder that cannot be used, with what to do about it. */
export class PolicyFileError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'PolicyFileError';
    this.remedy = remedy;
  }
}

/** Returns the path of the manifest. */
export function exportPolicy(
  folder: string,
  manifest: Omit<PolicyManifest, 'graph' | 'weights' | 'kind'>,
  graph: Uint8Array,
  weights: Float32Array,
): string {
  const full = policyManifestSchema.parse({ kind: 'policy', ...manifest, graph: GRAPH, weights: WEIGHTS });
  writeFolderAtomically(folder, (temporary) => {
    writeFileSync(join(temporary, GRAPH), graph);
    writeFileSync(join(temporary, WEIGHTS), bytesOf(weights));
    writeFileSync(join(temporary, POLICY_MANIFEST), `${JSON.stringify(full, undefined, 2)}\n`);
  });
  return join(folder, POLICY_MANIFEST);
}

/** Reads and checks a policy folder. Throws a `PolicyFileError` that says what is wrong. */
export function readPolicy(manifestPath: string): PolicyFiles {
  const folder = dirname(manifestPath);
  const again = 'Choose another policy, or train or export this one again.';
  try {
    const manifest = policyManifestSchema.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
    const bytes = readFileSync(join(folder, manifest.weights));
    const count = manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    if (bytes.length !== 4 * count)
      throw new Error(`${manifest.weights} holds ${bytes.length / 4} numbers, the manifest's parameters are ${count}`);
    return { manifest, graph: readFileSync(join(folder, manifest.graph)), weights: floatsOf(bytes) };
  } catch (error) {
    throw new PolicyFileError(
      `${manifestPath} is not a usable policy: ${error instanceof Error ? error.message : String(error)}`,
      again,
    );
  }
}
