/**
 * Counters for each episode: its steps, how many of them are in each buffer, and whether it has ended or is discarded.
 * They follow from the stored rows; the buffers' counters are their sums.
 */
import type { BufferCounts, Mode } from '../../main/api/episode.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Database } from '../database.ts';

export interface Tally {
  readonly task: TaskId;
  readonly mode: Mode;
  readonly steps: number;
  readonly rl: number;
  readonly demo: number;
  readonly human: number;
  readonly ended: boolean;
  readonly discarded: boolean;
}

/** Counters of all episodes together, and of the episodes of each task that has any. */
export interface Totals {
  readonly all: BufferCounts;
  readonly byTask: Readonly<Partial<Record<TaskId, BufferCounts>>>;
}

/** The tally of an episode before its first row. Its task and mode do not count, because all its numbers are zero. */
export const EMPTY_TALLY: Tally = {
  task: 'insert',
  mode: 'run',
  steps: 0,
  rl: 0,
  demo: 0,
  human: 0,
  ended: false,
  discarded: false,
};

export const NO_COUNTS: BufferCounts = {
  rlTransitions: 0,
  demoTransitions: 0,
  demonstrations: 0,
  interventionSteps: 0,
  episodes: 0,
};

/** Returns one episode's part of the counters. A discarded one adds nothing, and one that runs is not counted as an episode. */
function share(tally: Tally): BufferCounts {
  if (tally.discarded) return NO_COUNTS;
  return {
    rlTransitions: tally.rl,
    demoTransitions: tally.demo,
    demonstrations: tally.ended && tally.mode === 'demonstrate' ? 1 : 0,
    interventionSteps: tally.mode === 'run' ? tally.human : 0,
    episodes: tally.ended ? 1 : 0,
  };
}

/** Returns the counters after one episode's tally has changed from `before` to `next`. */
function changed(counts: BufferCounts, before: Tally, next: Tally): BufferCounts {
  const old = share(before);
  const now = share(next);
  return {
    rlTransitions: counts.rlTransitions - old.rlTransitions + now.rlTransitions,
    demoTransitions: counts.demoTransitions - old.demoTransitions + now.demoTransitions,
    demonstrations: counts.demonstrations - old.demonstrations + now.demonstrations,
    interventionSteps: counts.interventionSteps - old.interventionSteps + now.interventionSteps,
    episodes: counts.episodes - old.episodes + now.episodes,
  };
}

/** Returns the totals after one episode's tally has changed from `before` to `next`. An episode keeps its task. */
export function tallied({ all, byTask }: Totals, before: Tally, next: Tally): Totals {
  const own = changed(byTask[next.task] ?? NO_COUNTS, before, next);
  return { all: changed(all, before, next), byTask: { ...byTask, [next.task]: own } };
}

type TallyRow = Omit<Tally, 'ended' | 'discarded'> & {
  readonly id: number;
  readonly ended: number;
  readonly discarded: number;
};

const TALLIES = `
WITH steps AS (SELECT episode_id, count(*) AS steps, sum(actor = 'human') AS human FROM "transition" GROUP BY episode_id),
rl AS (SELECT episode_id, sum(end_step - first_step) AS added FROM rl_buffer WHERE kind = 'add' GROUP BY episode_id),
demo AS (SELECT episode_id, sum(end_step - first_step) AS added FROM demo_buffer WHERE kind = 'add' GROUP BY episode_id),
ended AS (SELECT DISTINCT episode_id FROM verdict WHERE kind = 'end'),
newest AS (SELECT episode_id, kind, max(sequence) FROM rl_buffer WHERE kind <> 'add' GROUP BY episode_id)
SELECT episode.id AS id, episode.task AS task, episode.mode AS mode,
  coalesce(steps.steps, 0) AS steps, coalesce(steps.human, 0) AS human,
  coalesce(rl.added, 0) AS rl, coalesce(demo.added, 0) AS demo,
  ended.episode_id IS NOT NULL AS ended, coalesce(newest.kind = 'discard', 0) AS discarded
FROM episode
LEFT JOIN steps ON steps.episode_id = episode.id
LEFT JOIN rl ON rl.episode_id = episode.id
LEFT JOIN demo ON demo.episode_id = episode.id
LEFT JOIN ended ON ended.episode_id = episode.id
LEFT JOIN newest ON newest.episode_id = episode.id
ORDER BY episode.id`;

/** Returns the tallies in order of episode. */
export function loadTallies(database: Database): Map<number, Tally> {
  const rows = database.prepare<[], TallyRow>(TALLIES).all();
  return new Map(
    rows.map(({ id, ...row }) => [id, { ...row, ended: row.ended === 1, discarded: row.discarded === 1 }]),
  );
}

export function countAll(tallies: Iterable<Tally>): Totals {
  let totals: Totals = { all: NO_COUNTS, byTask: {} };
  for (const tally of tallies) totals = tallied(totals, EMPTY_TALLY, tally);
  return totals;
}

export function loadCounts(database: Database): BufferCounts {
  return countAll(loadTallies(database).values()).all;
}
