/**
 * What the recorder keeps in memory, and how it is read back from the file: counters per episode, the number of the next
 * event, and the actions that can be undone. Everything here follows from the stored rows.
 */
import type { BufferCounts, Mode } from '../main/api/episode.ts';
import type { TaskId } from '../main/api/task.ts';
import type { Database } from './database.ts';

export interface Tally {
  readonly mode: Mode;
  readonly task: TaskId;
  readonly steps: number;
  readonly rl: number;
  readonly demo: number;
  readonly human: number;
  readonly ended: boolean;
  readonly discarded: boolean;
}

export const EMPTY_TALLY: Tally = {
  mode: 'run',
  task: 'insert',
  steps: 0,
  rl: 0,
  demo: 0,
  human: 0,
  ended: false,
  discarded: false,
};

export interface UndoableAction {
  readonly kind: 'discard' | 'relabel';
  readonly sequence: number;
  readonly episodeId: number;
  readonly words: string;
}

export interface RecorderState {
  counts: BufferCounts;
  nextSequence: number;
  readonly nextEpisodeId: number;
  readonly tallies: Map<number, Tally>;
  readonly undoable: UndoableAction[];
}

const NO_COUNTS: BufferCounts = {
  rlTransitions: 0,
  demoTransitions: 0,
  demonstrations: 0,
  interventionSteps: 0,
  episodes: 0,
};

/** What one episode adds to the counters: nothing while it is discarded; it counts as an episode once it has ended. */
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

/** The counters after one episode's tally changed from `before` to `next`. */
export function tallied(counts: BufferCounts, before: Tally, next: Tally): BufferCounts {
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

interface TallyRow {
  readonly id: number;
  readonly mode: Mode;
  readonly task: TaskId;
  readonly steps: number;
  readonly human: number;
  readonly rl: number;
  readonly demo: number;
  readonly ended: number;
  readonly discarded: number;
}

const TALLIES = `
WITH steps AS (SELECT episode_id, count(*) AS steps, sum(actor = 'human') AS human FROM "transition" GROUP BY episode_id),
rl AS (SELECT episode_id, sum(end_step - first_step) AS added FROM rl_buffer WHERE kind = 'add' GROUP BY episode_id),
demo AS (SELECT episode_id, sum(end_step - first_step) AS added FROM demo_buffer WHERE kind = 'add' GROUP BY episode_id),
ended AS (SELECT DISTINCT episode_id FROM verdict WHERE kind = 'end'),
newest AS (SELECT episode_id, kind, max(sequence) FROM rl_buffer WHERE kind <> 'add' GROUP BY episode_id)
SELECT episode.id AS id, episode.mode AS mode, episode.task AS task,
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

function loadTallies(database: Database): Map<number, Tally> {
  const tallies = new Map<number, Tally>();
  for (const { id, ended, discarded, ...rest } of database.prepare<[], TallyRow>(TALLIES).all())
    tallies.set(id, { ...rest, ended: ended === 1, discarded: discarded === 1 });
  return tallies;
}

function countAll(tallies: Iterable<Tally>): BufferCounts {
  let counts = NO_COUNTS;
  for (const tally of tallies) counts = tallied(counts, EMPTY_TALLY, tally);
  return counts;
}

export function loadCounts(database: Database): BufferCounts {
  return countAll(loadTallies(database).values());
}

const UNDOABLE = `
SELECT sequence, 'discard' AS kind, episode_id AS episodeId, NULL AS outcome FROM rl_buffer
WHERE kind = 'discard' AND sequence NOT IN (SELECT refers_to FROM rl_buffer WHERE refers_to IS NOT NULL)
UNION ALL
SELECT sequence, 'relabel', episode_id, outcome FROM verdict
WHERE kind = 'relabel' AND sequence NOT IN (SELECT refers_to FROM verdict WHERE refers_to IS NOT NULL)
ORDER BY sequence`;

export function newestSequence(database: Database): number {
  const newest = database
    .prepare<[], number>(
      `SELECT max(coalesce((SELECT max(sequence) FROM rl_buffer), 0), coalesce((SELECT max(sequence) FROM demo_buffer), 0),
       coalesce((SELECT max(sequence) FROM verdict), 0))`,
    )
    .pluck()
    .get();
  return newest ?? 0;
}

export function loadState(database: Database): RecorderState {
  const tallies = loadTallies(database);
  const undoable = database
    .prepare<
      [],
      {
        readonly sequence: number;
        readonly kind: 'discard' | 'relabel';
        readonly episodeId: number;
        readonly outcome: string | null;
      }
    >(UNDOABLE)
    .all()
    .map(({ sequence, kind, episodeId, outcome }) => ({
      kind,
      sequence,
      episodeId,
      words:
        kind === 'discard' ? `discard of episode ${episodeId}` : `verdict ${outcome ?? ''} on episode ${episodeId}`,
    }));
  return {
    counts: countAll(tallies.values()),
    nextSequence: newestSequence(database) + 1,
    nextEpisodeId: Math.max(0, ...tallies.keys()) + 1,
    tallies,
    undoable,
  };
}
