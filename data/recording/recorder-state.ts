/**
 * What the recorder keeps in memory, and how it is read back from the file: counters per episode, the number of the next
 * event, and the actions that can be undone. Everything here follows from the stored rows.
 */

import type { LabelCounts } from '../../main/api/classifier.ts';
import type { BufferCounts, Mode } from '../../main/api/episode.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { Database } from '../database.ts';
import { type LabelRow, loadLabelCounts, loadUndoableLabels } from '../learning/reward-labels.ts';
import { newestSequence } from '../mark.ts';
import type { Undone } from '../records.ts';
import type { Problem } from './commands.ts';
import { type Extent, lossSince } from './committed-note.ts';

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

export type UndoableAction =
  | {
      readonly kind: 'discard' | 'relabel';
      readonly sequence: number;
      readonly episodeId: number;
      readonly words: string;
    }
  /** The same label on observations in a row, as from a key held down: taken back at once. */
  | { readonly kind: 'labels'; readonly sequence: number; readonly rows: readonly [LabelRow, ...LabelRow[]] };

export function describeUndone(action: UndoableAction): Undone {
  if (action.kind !== 'labels') return { words: action.words, episodeId: action.episodeId };
  const [{ label, episodeId }] = action.rows;
  const count = action.rows.length;
  return { words: `${count} ${label} label${count === 1 ? '' : 's'} in episode ${episodeId}`, episodeId };
}

/** Adds a label to the newest action when it goes on with it, else as an action of its own. */
export function pushLabel(undoable: UndoableAction[], row: LabelRow): void {
  const newest = undoable.at(-1);
  const last = newest?.kind === 'labels' ? newest.rows.at(-1) : undefined;
  const goesOn = last && last.episodeId === row.episodeId && last.label === row.label && last.index + 1 === row.index;
  if (goesOn && newest?.kind === 'labels') undoable[undoable.length - 1] = { ...newest, rows: [...newest.rows, row] };
  else undoable.push({ kind: 'labels', sequence: row.sequence, rows: [row] });
}

export interface RecorderState {
  counts: BufferCounts;
  labels: LabelCounts;
  newestSequence: number;
  nextSequence: number;
  readonly nextEpisodeId: number;
  newestEpisodeId: number;
  /** Number of transitions of all episodes together. */
  steps: number;
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

/** Returns how far a store has come, for the note outside it. */
export function extentOf(state: RecorderState): Extent {
  const { newestSequence: sequence, newestEpisodeId: episodeId, steps } = state;
  return {
    ...{ sequence, steps, episodeId, episodeSteps: state.tallies.get(episodeId)?.steps ?? 0 },
    givenSequence: state.nextSequence - 1,
    givenEpisodeId: Math.max(state.nextEpisodeId - 1, episodeId),
  };
}

/** Returns the problem when a store lacks committed data that the note mentions. */
export function lossOfCommitted(
  state: RecorderState,
  noted: Extent | undefined,
  keptLog: string | undefined,
): Problem | undefined {
  const cutShort = state.tallies.get(state.newestEpisodeId)?.ended === false;
  return lossSince(noted, extentOf(state), { cutShort, keptLog });
}

/** Returns the same state, with counters that give no earlier number again. */
export function withoutReuse(state: RecorderState, noted: Extent | undefined): RecorderState {
  return {
    ...state,
    nextSequence: Math.max(state.nextSequence, (noted?.givenSequence ?? 0) + 1),
    nextEpisodeId: Math.max(state.nextEpisodeId, (noted?.givenEpisodeId ?? 0) + 1),
  };
}

export function loadState(database: Database): RecorderState {
  const tallies = loadTallies(database);
  const verdictsAndDiscards = database
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
    .map(
      ({ sequence, kind, episodeId, outcome }): UndoableAction => ({
        kind,
        sequence,
        episodeId,
        words:
          kind === 'discard' ? `discard of episode ${episodeId}` : `verdict ${outcome ?? ''} on episode ${episodeId}`,
      }),
    );
  const undoable: UndoableAction[] = [];
  const inOrder = [...verdictsAndDiscards, ...loadUndoableLabels(database)].sort((a, b) => a.sequence - b.sequence);
  for (const one of inOrder) {
    if ('kind' in one) undoable.push(one);
    else pushLabel(undoable, one);
  }
  const newest = newestSequence(database);
  let [steps, newestEpisodeId] = [0, 0];
  for (const [id, tally] of tallies) {
    steps += tally.steps;
    newestEpisodeId = Math.max(newestEpisodeId, id);
  }
  return {
    counts: countAll(tallies.values()),
    labels: loadLabelCounts(database),
    newestSequence: newest,
    nextSequence: newest + 1,
    nextEpisodeId: newestEpisodeId + 1,
    newestEpisodeId,
    steps,
    tallies,
    undoable,
  };
}
