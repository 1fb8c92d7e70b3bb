/**
 * Where policies live and how they are called. `starter` ships with the program; a run's policies are `run-<id>/<step>` and lie in
 * the project folder under `runs/<id>/policy-<step>/`. A name is resolved to a manifest that was parsed, or to an error that says why not.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type PolicyManifest, policyManifestSchema } from '../api/policy.ts';
import { STARTER_MANIFEST } from '../policy/assets.ts';

export interface RegisteredPolicy {
  readonly name: string;
  readonly manifestPath: string;
  readonly manifest: PolicyManifest;
  readonly createdAtMs: number;
}

export class UnknownPolicyError extends Error {
  override readonly name = 'UnknownPolicyError';
}

export function readPolicy(manifestPath: string): RegisteredPolicy {
  const text = readFileSync(manifestPath, 'utf8');
  const parsed = policyManifestSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new UnknownPolicyError(
      `${manifestPath} is no policy manifest: ${parsed.error.issues[0]?.message ?? 'unreadable'}. Publish the policy again, or delete its folder.`,
    );
  return { name: parsed.data.name, manifestPath, manifest: parsed.data, createdAtMs: statSync(manifestPath).mtimeMs };
}

/** Every policy that can be used in this project, oldest first; the starter comes first. Folders without a readable manifest are left out. */
export function listPolicies(projectFolder: string): readonly RegisteredPolicy[] {
  const runs = join(projectFolder, 'runs');
  const manifests = existsSync(runs)
    ? readdirSync(runs).flatMap((run) =>
        readdirSync(join(runs, run), { withFileTypes: true })
          .filter((entry) => entry.isDirectory() && entry.name.startsWith('policy-'))
          .map((entry) => join(runs, run, entry.name, 'manifest.json'))
          .filter((path) => existsSync(path)),
      )
    : [];
  const published = manifests.map(readPolicy).sort((a, b) => a.createdAtMs - b.createdAtMs);
  return [...(existsSync(STARTER_MANIFEST) ? [readPolicy(STARTER_MANIFEST)] : []), ...published];
}

/** Throws `UnknownPolicyError` naming the policies that exist. */
export function findPolicy(projectFolder: string, name: string): RegisteredPolicy {
  const policies = listPolicies(projectFolder);
  const found = policies.find((policy) => policy.name === name);
  if (found) return found;
  const known = policies.map((policy) => policy.name);
  throw new UnknownPolicyError(
    `no policy named "${name}" in ${projectFolder}. ${known.length > 0 ? `There are: ${known.slice(-8).join(', ')}.` : 'There is none yet: run `takeover finetune`.'}`,
  );
}
