/**
 * A mark limits what a reader that learns or counts can see. The reader takes it when it starts: every verdict,
 * discard, undo and relabel stored until then counts. A running episode has no end event, so it is left out.
 */
import type { Database } from './database.ts';

export interface StoreMark {
  /** Sequence number of the newest event. A reader that follows the mark reads nothing newer. */
  readonly sequence: number;
  /** Id of the newest episode that has ended; 0 = none. */
  readonly newestEpisodeId: number;
}

export function newestSequence(database: Database): number {
  const newest = database
    .prepare<[], number>(
      `SELECT max(coalesce((SELECT max(sequence) FROM rl_buffer), 0), coalesce((SELECT max(sequence) FROM demo_buffer), 0),
       coalesce((SELECT max(sequence) FROM verdict), 0), coalesce((SELECT max(sequence) FROM reward_label), 0))`,
    )
    .pluck()
    .get();
  return newest ?? 0;
}

/** Reads both numbers at the same instant. */
export function takeMark(database: Database): StoreMark {
  const newestEnded = database
    .prepare<[], number | null>(`SELECT max(episode_id) FROM verdict WHERE kind = 'end'`)
    .pluck();
  return database.transaction(() => ({
    sequence: newestSequence(database),
    newestEpisodeId: newestEnded.get() ?? 0,
  }))();
}
