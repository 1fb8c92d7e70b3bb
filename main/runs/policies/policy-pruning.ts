/**
 * Removes published policies of a run that nothing needs. A live run publishes one of about 150 kB every five seconds.
 * Pruning keeps the newest policies, and those that are in use or may be gone back to. It also keeps those that an
 * episode, a measurement or a run names, and one every few minutes as the run's history.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { policyNameOf } from '../../api/policy.ts';
import type { RegisteredPolicy } from './policy-registry.ts';

type Published = Pick<RegisteredPolicy, 'name' | 'createdAtMs'>;

/**
 * Number of newest policies that are kept. Fewer are published during an episode, at whose end the newest is loaded.
 */
const NEWEST = 20;
const HISTORY_EVERY_MS = 5 * 60_000;

/** `published`: oldest first. A policy that is history stays history when others are removed. */
export function policiesToPrune(published: readonly Published[], kept: ReadonlySet<string>): string[] {
  let historyMs = Number.NEGATIVE_INFINITY;
  return published.flatMap(({ name, createdAtMs }, at) => {
    const isHistory = createdAtMs - historyMs >= HISTORY_EVERY_MS;
    if (isHistory) historyMs = createdAtMs;
    return isHistory || kept.has(name) || at >= published.length - NEWEST ? [] : [name];
  });
}

export type PolicyPruning = ReturnType<typeof createPolicyPruning>;

/** `named`: returns the policies that the store names. */
export function createPolicyPruning(projectFolder: string, named: () => readonly string[]) {
  return {
    /** Removes the run's policies that nothing needs, except `held`. Returns how many it removed. */
    prunePolicies: (runId: number, held: readonly string[]) => {
      const folder = join(projectFolder, 'runs', String(runId));
      const steps = existsSync(folder)
        ? readdirSync(folder).flatMap((entry) => /^policy-(\d+)$/.exec(entry)?.[1] ?? [])
        : [];
      const published = steps
        .map(Number)
        .sort((a, b) => a - b)
        .map((step) => ({
          name: policyNameOf(runId, step),
          folder: join(folder, `policy-${step}`),
          createdAtMs: statSync(join(folder, `policy-${step}`)).mtimeMs,
        }));
      if (published.length <= NEWEST) return 0;
      const gone = new Set(policiesToPrune(published, new Set([...held, ...named()])));
      for (const policy of published)
        if (gone.has(policy.name)) rmSync(policy.folder, { recursive: true, force: true });
      return gone.size;
    },
  };
}
