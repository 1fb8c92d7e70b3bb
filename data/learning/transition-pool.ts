/**
 * The trainer's memory of both buffers, in typed arrays that grow. Every observation is held once; a transition refers
 * to two of them, and stacking stays within the episode. Corrections change what a transition means or whether it is
 * drawn. They never move it, so the rows of a recorded batch can be read again.
 */
import { ACTION_SIZE } from '../../main/api/action.ts';
import type { Rng } from '../../main/api/rng.ts';
import { type DrawableRows, findDrawableRows, findMissingEmbeddings, findNewestDriven } from './drawable-rows.ts';
import { createPoolEpisodes } from './pool-episodes.ts';
import { createPoolTables, IN_RL, IS_LAST } from './pool-tables.ts';
import type { Driver, PoolOptions, PoolSource, TransitionBatch } from './pool-types.ts';
import { createBatch, createTransitionReader } from './transition-reader.ts';

export type TransitionPool = ReturnType<typeof createTransitionPool>;

export function createTransitionPool(options: PoolOptions) {
  const tables = createPoolTables(options);
  const { observations, transitions } = tables;
  const episodes = createPoolEpisodes(tables, options);
  const readTransition = createTransitionReader(tables, options);
  /** Undefined after a change, until the next draw. */
  let drawable: DrawableRows | undefined;
  const rowsOf = (source: PoolSource): Int32Array => {
    drawable ??= findDrawableRows(tables, episodes.entries(), options.nStep ?? 1);
    return drawable[source];
  };
  const changing =
    <Parameters extends readonly unknown[]>(change: (...parameters: Parameters) => void) =>
    (...parameters: Parameters): void => {
      drawable = undefined;
      change(...parameters);
    };

  return {
    options,
    readTransition,
    hasEpisode: episodes.has,
    flaw: episodes.flaw,
    transitionCount: tables.transitionCount,
    observationCount: tables.observationCount,
    addEpisode: changing(episodes.add),
    applyEvent: changing(episodes.apply),
    setEmbedding: changing(episodes.setEmbedding),
    repeatRecordedView: changing(episodes.repeatRecordedView),
    missingEmbeddings: () => findMissingEmbeddings(tables, episodes.entries()),
    newestDriven: (count: number, accepts: (driver: Driver) => boolean) =>
      findNewestDriven(tables, episodes.entries(), rowsOf('rl'), count, accepts),

    /** Returns how many transitions can be drawn from `source`. */
    size: (source: PoolSource): number => rowsOf(source).length,
    /** Returns the rows that can be drawn, in order. */
    rows: rowsOf,
    /** Returns the actions of those rows, [n, A]. */
    actionsOf: (source: PoolSource): Float32Array => {
      const rows = rowsOf(source);
      const actions = new Float32Array(rows.length * ACTION_SIZE);
      rows.forEach((row, at) => {
        actions.set(transitions.action.subarray(row * ACTION_SIZE, (row + 1) * ACTION_SIZE), at * ACTION_SIZE);
      });
      return actions;
    },
    /** True when a transition is the last of its episode. */
    isLast: (row: number): boolean => ((transitions.member[row] ?? 0) & IS_LAST) > 0,
    episodeIdOf: (row: number): number => observations.episode[transitions.observation[row] ?? 0] ?? 0,

    /** `chunk`: K of the action chunks; 0 = none. */
    createBatch: (size: number, chunk = 0): TransitionBatch => createBatch(options, size, chunk),
    /** Draws `count` transitions uniformly, with replacement, into the rows of the batch from `offset` on. */
    sampleBatch(rng: Rng, count: number, source: PoolSource, batch: TransitionBatch, offset = 0): void {
      const candidates = rowsOf(source);
      if (candidates.length === 0) throw new RangeError(`Nothing to draw from '${source}': it has no transitions.`);
      for (let index = 0; index < count; index++)
        readTransition(candidates[rng.integer(candidates.length)] ?? 0, batch, offset + index, rng);
    },
    /** Counts a batch's transitions that a person drove: corrections of a policy, and demonstrations. */
    drivenByPeople(batch: TransitionBatch): { readonly corrections: number; readonly demonstrations: number } {
      let [corrections, demonstrations] = [0, 0];
      for (let at = 0; at < batch.size; at++) {
        if (!batch.human[at]) continue;
        if ((transitions.member[batch.rows[at] ?? 0] ?? 0) & IN_RL) corrections++;
        else demonstrations++;
      }
      return { corrections, demonstrations };
    },
  };
}
