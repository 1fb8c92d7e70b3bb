/**
 * The recorder's memory: the counters, the numbers to be given next, and the actions that can be undone. It follows from
 * the stored rows and changes together with them, in `transact`.
 */
import type { Database } from '../database.ts';
import { loadLabelCounts } from '../learning/reward-labels.ts';
import { newestSequence } from '../mark.ts';
import { StoreError } from '../store-error.ts';
import type { Extent } from './committed-note.ts';
import { countAll, EMPTY_TALLY, loadTallies, type Tally, tallied } from './tallies.ts';
import { loadUndoable } from './undoable.ts';

/**
 * Numbers that the note says were given, but whose rows are lost, are not given again: a run's record or a policy's
 * statistics may refer to them.
 */
function loadState(database: Database, noted: Extent | undefined) {
  const tallies = loadTallies(database);
  const sequence = newestSequence(database);
  const newestEpisodeId = [...tallies.keys()].at(-1) ?? 0;
  return {
    totals: countAll(tallies.values()),
    labelsByTask: loadLabelCounts(database),
    newestSequence: sequence,
    nextSequence: Math.max(sequence, noted?.givenSequence ?? 0) + 1,
    nextEpisodeId: Math.max(newestEpisodeId, noted?.givenEpisodeId ?? 0) + 1,
    newestEpisodeId,
    /** Number of transitions of all episodes together. */
    steps: [...tallies.values()].reduce((sum, { steps }) => sum + steps, 0),
    tallies,
    undoable: loadUndoable(database),
  };
}

export type RecorderMemory = ReturnType<typeof createRecorderMemory>;

/** `noted`: how far the store had come when it was last open, if that is known. */
export function createRecorderMemory(database: Database, noted: Extent | undefined) {
  let state = loadState(database, noted);
  let written = { bytes: 0, steps: 0 };
  return {
    tallies: (): ReadonlyMap<number, Tally> => state.tallies,
    undoable: () => state.undoable,
    nextEpisodeId: () => state.nextEpisodeId,
    state: () => ({
      counts: state.totals.all,
      countsByTask: state.totals.byTask,
      labelsByTask: state.labelsByTask,
      newestSequence: state.newestSequence,
      bytesWritten: written.bytes,
      stepsWritten: written.steps,
    }),
    /** Returns how far the store has come, for the note outside it. */
    extent: (): Extent => ({
      sequence: state.newestSequence,
      steps: state.steps,
      episodeId: state.newestEpisodeId,
      episodeSteps: state.tallies.get(state.newestEpisodeId)?.steps ?? 0,
      givenSequence: state.nextSequence - 1,
      givenEpisodeId: Math.max(state.nextEpisodeId - 1, state.newestEpisodeId),
    }),

    tallyOf(episodeId: number): Tally {
      const tally = state.tallies.get(episodeId);
      if (!tally)
        throw new StoreError('out-of-order', `Episode ${episodeId} is not stored.`, 'Name an episode of this project.');
      return tally;
    },
    setTally(episodeId: number, next: Tally): void {
      const before = state.tallies.get(episodeId) ?? EMPTY_TALLY;
      state.totals = tallied(state.totals, before, next);
      state.tallies.set(episodeId, next);
      state.steps += next.steps - before.steps;
      state.newestEpisodeId = Math.max(state.newestEpisodeId, episodeId);
    },
    /** Gives the next event its number. */
    takeSequence(): number {
      state.newestSequence = state.nextSequence++;
      return state.newestSequence;
    },
    recountLabels(): void {
      state.labelsByTask = loadLabelCounts(database);
    },
    addWritten(bytes: number, steps: number): void {
      written = { bytes: written.bytes + bytes, steps: written.steps + steps };
    },

    /** Runs `work` in one transaction. When it fails, nothing of it is stored, and the memory is read back from the file. */
    transact<Result>(work: () => Result): Result {
      const writtenBefore = written;
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.inTransaction) database.exec('ROLLBACK');
        state = loadState(database, noted);
        written = writtenBefore;
        throw error;
      }
    },
  };
}
