/**
 * The policies of a project and their names. A starter for each task ships with the program. A run's policies are `run-<id>/<step>`
 * and lie in the project folder under `runs/<id>/policy-<step>/`.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PolicyManifest, policyManifestSchema } from '../../api/policy.ts';
import type { TaskId } from '../../api/task.ts';
import { policyOrigin } from '../../learn/run/run-folder.ts';
import { STARTER, STARTERS, starterManifestFor, starterNameFor } from '../../models/assets.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';

export interface RegisteredPolicy {
  readonly name: string;
  readonly manifestPath: string;
  readonly manifest: PolicyManifest;
  readonly createdAtMs: number;
}

export class UnknownPolicyError extends Error {
  override readonly name = 'UnknownPolicyError';
}

/** Throws `UnknownPolicyError` with the reason when the file is no policy manifest. */
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

/**
 * Lists every policy that can be used in this project, oldest first; the starters come first. Leaves out folders
 * without a readable manifest: `findPolicy` refuses them by name.
 */
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
  return [...[...STARTERS.values()].flatMap(readable), ...published];
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
    return [];
  }
}

/**
 * Throws `UnknownPolicyError`, which names the policies that exist. With a task, `starter` is that task's starter, and a
 * policy of another task is refused.
 */
export function findPolicy(projectFolder: string, given: string, task?: TaskId): RegisteredPolicy {
  const name = given === STARTER && task !== undefined ? starterNameFor(task) : given;
  const policy = policyNamed(projectFolder, name);
  if (task !== undefined && policy.manifest.task !== task)
    throw new UnknownPolicyError(
      `${policy.name} is a policy for the task ${policy.manifest.task}, and here the task is ${task}. Name a policy for ${task}, such as ${starterNameFor(task)}, or give --task ${policy.manifest.task}.`,
    );
  return policy;
}

function policyNamed(projectFolder: string, name: string): RegisteredPolicy {
  const policies = listPolicies(projectFolder);
  const found = policies.find((policy) => policy.name === name);
  if (found) return found;
  const { manifestPath } = policyOrigin(projectFolder, name);
  // The manifest exists but is unreadable, so this throws with the reason.
  if (manifestPath !== name && existsSync(manifestPath)) return readPolicy(manifestPath);
  const known = policies.map((policy) => policy.name);
  throw new UnknownPolicyError(
    `no policy named "${name}" in ${projectFolder}. ${known.length > 0 ? `There are: ${known.slice(-8).join(', ')}.` : 'There is none yet: run `npx takeover finetune`.'}`,
  );
}

/** Returns the manifest of the task's starter when it is there and reads this encoder. */
export function starterFor(task: TaskId, encoderManifestPath: string | undefined): string | undefined {
  const manifestPath = starterManifestFor(task);
  if (encoderManifestPath === undefined || !existsSync(manifestPath)) return undefined;
  const { manifest } = readPolicy(manifestPath);
  const fits = manifest.task === task && manifest.encoderSha256 === readEncoderManifest(encoderManifestPath).sha256;
  return fits ? manifestPath : undefined;
}
