/**
 * Which of a run's published policies may go: a live run publishes one every five seconds, some 150 kB each. Kept are the newest, those
 * that are held (in use, or what would be gone back to), those that the store names (an episode, a measurement, a run), and one
 * every few minutes as the run's history.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { policyNameOf } from '../api/policy.ts';

export interface Published {
  readonly name: string;
  readonly createdAtMs: number;
}

/** More than are published during an episode, at whose end the newest is loaded. */
const NEWEST = 20;
const HISTORY_EVERY_MS = 5 * 60_000;

/** `published` in the order of their making. What is history once is history ever after, whatever goes between. */
export function policiesToPrune(published: readonly Published[], kept: ReadonlySet<string>): string[] {
  let historyMs = Number.NEGATIVE_INFINITY;
  return published.flatMap(({ name, createdAtMs }, at) => {
    const isHistory = createdAtMs - historyMs >= HISTORY_EVERY_MS;
    if (isHistory) historyMs = createdAtMs;
    return isHistory || kept.has(name) || at >= published.length - NEWEST ? [] : [name];
  });
}

export interface PolicyPruning {
  /** Removes those of the run's policies that nobody needs; `held` are needed. Answers how many it removed. */
  prunePolicies(runId: number, held: readonly string[]): number;
}

/** `named`: those that the store names. */
export function createPolicyPruning(projectFolder: string, named: () => readonly string[]): PolicyPruning {
  return {
    prunePolicies: (runId, held) => {
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
