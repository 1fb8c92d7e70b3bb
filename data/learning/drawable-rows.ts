/** The transitions that may be drawn from a pool, and the observations that must be embedded before theirs can be. */
import type { EpisodeEntry } from './pool-episodes.ts';
import { IN_DEMO, IN_RL, type PoolTables } from './pool-tables.ts';
import type { Driver, MissingEmbedding, PoolSource } from './pool-types.ts';

export type DrawableRows = Readonly<Record<PoolSource, Int32Array>>;

/** Returns the rows of each source in order. Discarded episodes, and transitions that lack an embedding, are left out. */
export function findDrawableRows(tables: PoolTables, episodes: Iterable<EpisodeEntry>, nStep: number): DrawableRows {
  const { observations, transitions, views } = tables;
  const found: Record<PoolSource, number[]> = { rl: [], demo: [], imitation: [], all: [] };
  for (const { discarded, steps, firstObservation, firstTransition } of episodes) {
    if (discarded) continue;
    for (let index = 0; index < steps; index++) {
      const next = firstObservation + Math.min(index + nStep, steps);
      if ((observations.embedded[firstObservation + index] ?? 0) < views) continue;
      if ((observations.embedded[next] ?? 0) < views) continue;
      const row = firstTransition + index;
      const member = transitions.member[row] ?? 0;
      if (member & IN_RL) found.rl.push(row);
      if (member & IN_DEMO) found.demo.push(row);
      if (member & IN_DEMO && !transitions.idle[row]) found.imitation.push(row);
      if (member & (IN_RL | IN_DEMO)) found.all.push(row);
    }
  }
  return {
    rl: Int32Array.from(found.rl),
    demo: Int32Array.from(found.demo),
    imitation: Int32Array.from(found.imitation),
    all: Int32Array.from(found.all),
  };
}

/** Returns the observations that lack a view. Those of discarded episodes are left out. */
export function findMissingEmbeddings(tables: PoolTables, episodes: Iterable<EpisodeEntry>): MissingEmbedding[] {
  const missing: MissingEmbedding[] = [];
  for (const { id, discarded, steps, firstObservation } of episodes) {
    if (discarded) continue;
    for (let index = 0; index <= steps; index++) {
      const row = firstObservation + index;
      const views = tables.observations.embedded[row] ?? 0;
      if (views < tables.views) missing.push({ row, episodeId: id, index, views });
    }
  }
  return missing;
}

export interface DrivenRows {
  readonly driver: Driver;
  readonly rows: readonly number[];
}

/**
 * Returns the newest `count` episodes whose driver is accepted, oldest first. Each comes with the `drawable` rows in
 * which its driver acted, in order.
 */
export function findNewestDriven(
  { transitions }: PoolTables,
  episodes: Iterable<EpisodeEntry>,
  drawable: Int32Array,
  count: number,
  accepts: (driver: Driver) => boolean,
): DrivenRows[] {
  const isDrawable = new Set(drawable);
  const found: DrivenRows[] = [];
  for (const { driver, firstTransition, steps } of [...episodes].reverse()) {
    if (found.length === count) break;
    if (!driver || !accepts(driver)) continue;
    const rows = Array.from({ length: steps }, (_, index) => firstTransition + index).filter(
      (row) => transitions.policy[row] && isDrawable.has(row),
    );
    if (rows.length > 0) found.push({ driver, rows });
  }
  return found.reverse();
}
