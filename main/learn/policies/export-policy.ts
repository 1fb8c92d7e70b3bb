/**
 * A trained policy as a folder: `manifest.json`, `graph.onnx` (weights are its inputs) and `weights.bin` (flat
 * float32). The folder appears complete or not at all. The manifest holds the SHA-256 of the three, because a damaged
 * file can have the right length and its policy would drive the arm.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RemediedError } from '../../api/error-words.ts';
import { type PolicyManifest, policyManifestSchema } from '../../api/policy.ts';
import { bytesOf, floatsOf, writeFolderAtomically } from '../../models/atomic-files.ts';

const POLICY_MANIFEST = 'manifest.json';
const GRAPH = 'graph.onnx';
const WEIGHTS = 'weights.bin';

export interface PolicyFiles {
  readonly manifest: PolicyManifest;
  readonly graph: Uint8Array;
  readonly weights: Float32Array;
  /** True for a policy of an older version, whose files carry no SHA-256: damage cannot be detected. */
  readonly unverified: boolean;
}

type Hashes = 'graphSha256' | 'weightsSha256' | 'manifestSha256';

/** Thrown when a policy folder cannot be used. */
class PolicyFileError extends RemediedError {}

/** Returns the path of the manifest. */
export function exportPolicy(
  folder: string,
  manifest: Omit<PolicyManifest, 'graph' | 'weights' | 'kind' | Hashes>,
  graph: Uint8Array,
  weights: Float32Array,
): string {
  const hashes = { graphSha256: sha256(graph), weightsSha256: sha256(bytesOf(weights)), manifestSha256: undefined };
  const unsigned = policyManifestSchema.parse({
    kind: 'policy',
    ...manifest,
    graph: GRAPH,
    weights: WEIGHTS,
    ...hashes,
  });
  const full = { ...unsigned, manifestSha256: hashOfManifest(unsigned) };
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
    const json: unknown = JSON.parse(readFileSync(manifestPath, 'utf8'));
    const manifest = policyManifestSchema.parse(json);
    const bytes = readFileSync(join(folder, manifest.weights));
    const count = manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    if (bytes.length !== 4 * count)
      throw new Error(`${manifest.weights} holds ${bytes.length / 4} numbers, the manifest's parameters are ${count}`);
    const graph = readFileSync(join(folder, manifest.graph));
    expectHash(manifest.weights, sha256(bytes), manifest.weightsSha256);
    expectHash(manifest.graph, sha256(graph), manifest.graphSha256);
    expectHash(POLICY_MANIFEST, hashOfManifest(Object(json)), manifest.manifestSha256);
    return { manifest, graph, weights: floatsOf(bytes), unverified: manifest.weightsSha256 === undefined };
  } catch (error) {
    throw new PolicyFileError(
      `${manifestPath} is not a usable policy: ${error instanceof Error ? error.message : String(error)}`,
      again,
    );
  }
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Hashes the manifest's fields in the order in which they are written. */
function hashOfManifest(manifest: object): string {
  const { manifestSha256: _, ...rest } = manifest as Partial<PolicyManifest>; // Only the name of the field matters
  return sha256(JSON.stringify(rest));
}

function expectHash(file: string, actual: string, expected: string | undefined): void {
  if (expected !== undefined && actual !== expected)
    throw new Error(`${file} is damaged: its SHA-256 is ${brief(actual)}, its manifest says ${brief(expected)}`);
}

const brief = (hash: string) => `${hash.slice(0, 12)}…`;
