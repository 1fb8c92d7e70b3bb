/** The commands that annotate what is stored: verdicts, discards, labels, and undo. Each adds events; no row changes. */
import type { Undone } from '../records.ts';
import { StoreError } from '../store-error.ts';
import type { LabelCommand } from './commands.ts';
import type { RecorderContext } from './episode-commands.ts';
import { describeUndone, pushLabel } from './undoable.ts';

export function relabel(context: RecorderContext, episodeId: number, outcome: 'success' | 'failure'): void {
  const { statements, memory, wallTimeMs } = context;
  if (!memory.tallyOf(episodeId).ended)
    throw new StoreError('out-of-order', `Episode ${episodeId} has not ended.`, 'Give the verdict when it has.');
  const sequence = memory.takeSequence();
  statements.insertVerdict({ sequence, kind: 'relabel', episodeId, outcome, judge: 'human', atMs: wallTimeMs() });
  memory.undoable().push({ kind: 'relabel', sequence, episodeId, outcome });
}

export function discard(context: RecorderContext, episodeId: number): void {
  const { memory } = context;
  if (memory.tallyOf(episodeId).discarded) return;
  const sequence = insertInBoth(context, 'discard', episodeId, undefined);
  memory.undoable().push({ kind: 'discard', sequence, episodeId, outcome: null });
}

/** Writes the event to both tables, so that each can be read without the other. Returns the number of the first row. */
function insertInBoth(
  { statements, memory, wallTimeMs }: RecorderContext,
  kind: 'discard' | 'restore',
  episodeId: number,
  refersTo: number | undefined,
): number {
  const tally = memory.tallyOf(episodeId);
  const sequence = memory.takeSequence();
  const range = { kind, episodeId, firstStep: 0, endStep: tally.steps, refersTo, atMs: wallTimeMs() };
  statements.insertRlEvent({ sequence, ...range });
  statements.insertDemoEvent({ sequence: memory.takeSequence(), ...range });
  memory.recountLabels();
  memory.setTally(episodeId, { ...tally, discarded: kind === 'discard' });
  return sequence;
}

export function label(context: RecorderContext, command: LabelCommand): void {
  const { statements, memory, wallTimeMs } = context;
  const { episodeId, index, label } = command;
  if (statements.standingLabel(episodeId, index) === label) return;
  const sequence = memory.takeSequence();
  statements.insertLabel(sequence, command, wallTimeMs());
  pushLabel(memory.undoable(), { sequence, episodeId, index, label });
  memory.recountLabels();
}

/** Takes back the newest action. Returns what it was. */
export function undo(context: RecorderContext): Undone | undefined {
  const { statements, memory, wallTimeMs } = context;
  const action = memory.undoable().pop();
  if (!action) return undefined;
  if (action.kind === 'labels')
    for (const row of action.rows.toReversed())
      statements.withdrawLabel(memory.takeSequence(), row.sequence, wallTimeMs());
  else if (action.kind === 'discard') insertInBoth(context, 'restore', action.episodeId, action.sequence);
  else {
    const event = { kind: 'withdraw', episodeId: action.episodeId, judge: 'human', refersTo: action.sequence } as const;
    statements.insertVerdict({ sequence: memory.takeSequence(), ...event, atMs: wallTimeMs() });
  }
  memory.recountLabels();
  return describeUndone(action);
}
