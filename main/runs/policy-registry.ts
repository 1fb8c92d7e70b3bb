/**
 * Where policies live and how they are called. `starter` ships with the program; a run's policies are `run-<id>/<step>` and lie in
 * the project folder under `runs/<id>/policy-<step>/`. A name is resolved to a manifest that was parsed, or to an error that says why not.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PolicyManifest, policyManifestSchema } from '../api/policy.ts';
import { policyOrigin } from '../learn/run/run-folder.ts';
import { STARTER_MANIFEST } from '../models/assets.ts';

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
  const refuse = (why: string): never => {
    throw new UnknownPolicyError(
      `${manifestPath} is no policy manifest: ${why}. Publish the policy again, or delete its folder.`,
    );
  };
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(manifestPath, 'utf8'));
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const parsed = policyManifestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(issue ? `${issue.path.join('.')}: ${issue.message}` : 'unreadable');
  }
  return { name: parsed.data.name, manifestPath, manifest: parsed.data, createdAtMs: statSync(manifestPath).mtimeMs };
}

/** Every policy that can be used in this project, oldest first; the starter comes first. Folders without a readable manifest are left out. */
export function listPolicies(projectFolder: string): readonly RegisteredPolicy[] {
  const runs = join(projectFolder, 'runs');
  const published = foldersIn(runs)
    // A folder that was put aside belongs to no run.
    .filter((run) => /^\d+$/.test(run))
    .map((run) => join(runs, run))
    .flatMap((run) => foldersIn(run).map((folder) => join(run, folder)))
    .filter((folder) => /^policy-\d+$/.test(basename(folder)))
    .flatMap((folder) => readable(join(folder, 'manifest.json')))
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
  return [...readable(STARTER_MANIFEST), ...published];
}

const foldersIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : [];

function readable(manifestPath: string): readonly RegisteredPolicy[] {
  try {
    return [readPolicy(manifestPath)];
  } catch {
    return []; // asked for by name, it is refused in words
  }
}

/** Throws `UnknownPolicyError` naming the policies that exist. */
export function findPolicy(projectFolder: string, name: string): RegisteredPolicy {
  const policies = listPolicies(projectFolder);
  const found = policies.find((policy) => policy.name === name);
  if (found) return found;
  const { manifestPath } = policyOrigin(projectFolder, name);
  if (manifestPath !== name && existsSync(manifestPath)) return readPolicy(manifestPath); // throws with the reason
  const known = policies.map((policy) => policy.name);
  throw new UnknownPolicyError(
    `no policy named "${name}" in ${projectFolder}. ${known.length > 0 ? `There are: ${known.slice(-8).join(', ')}.` : 'There is none yet: run `npx takeover finetune`.'}`,
  );
}
