/** The actions that can be undone: discards, verdicts given after the end, and labels. */
import type { Database } from '../database.ts';
import { type LabelRow, loadUndoableLabels } from '../learning/reward-labels.ts';
import type { Undone } from '../records.ts';

interface EpisodeAction {
  readonly kind: 'discard' | 'relabel';
  readonly sequence: number;
  readonly episodeId: number;
  readonly outcome: string | null;
}

/** The same label on observations in a row, as a key held down gives it. They are taken back together. */
interface LabelsAction {
  readonly kind: 'labels';
  readonly sequence: number;
  readonly rows: readonly [LabelRow, ...LabelRow[]];
}

export type UndoableAction = EpisodeAction | LabelsAction;

export function describeUndone(action: UndoableAction): Undone {
  if (action.kind !== 'labels') {
    const what = action.kind === 'discard' ? 'discard of' : `verdict ${action.outcome ?? ''} on`;
    return { words: `${what} episode ${action.episodeId}`, episodeId: action.episodeId };
  }
  const [{ label, episodeId }] = action.rows;
  const count = action.rows.length;
  return { words: `${count} ${label} label${count === 1 ? '' : 's'} in episode ${episodeId}`, episodeId };
}

/** Adds a label to the newest action when it continues that action's row of labels; otherwise as an action of its own. */
export function pushLabel(undoable: UndoableAction[], row: LabelRow): void {
  const newest = undoable.at(-1);
  const last = newest?.kind === 'labels' ? newest.rows.at(-1) : undefined;
  const goesOn = last && last.episodeId === row.episodeId && last.label === row.label && last.index + 1 === row.index;
  if (goesOn && newest?.kind === 'labels') undoable[undoable.length - 1] = { ...newest, rows: [...newest.rows, row] };
  else undoable.push({ kind: 'labels', sequence: row.sequence, rows: [row] });
}

const DISCARDS_AND_VERDICTS = `
SELECT sequence, 'discard' AS kind, episode_id AS episodeId, NULL AS outcome FROM rl_buffer
WHERE kind = 'discard' AND sequence NOT IN (SELECT refers_to FROM rl_buffer WHERE refers_to IS NOT NULL)
UNION ALL
SELECT sequence, 'relabel', episode_id, outcome FROM verdict
WHERE kind = 'relabel' AND sequence NOT IN (SELECT refers_to FROM verdict WHERE refers_to IS NOT NULL)
ORDER BY sequence`;

/** Reads the actions back from the file, oldest first. */
export function loadUndoable(database: Database): UndoableAction[] {
  const rows = [...database.prepare<[], EpisodeAction>(DISCARDS_AND_VERDICTS).all(), ...loadUndoableLabels(database)];
  const undoable: UndoableAction[] = [];
  for (const row of rows.sort((a, b) => a.sequence - b.sequence))
    if ('kind' in row) undoable.push(row);
    else pushLabel(undoable, row);
  return undoable;
}
