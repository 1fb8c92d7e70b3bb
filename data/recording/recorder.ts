/**
 * The synchronous heart of the writer: applies commands to the database, a batch in one transaction. Does no queueing and
 * knows no thread. A batch that fails is rolled back and tried again command by command, so that one bad command never
 * takes others with it; what is lost after all is a problem that names it.
 */

import type { Database } from '../database.ts';
import { isBusy, isFull } from '../file-trouble.ts';
import { loadLabelCounts } from '../learning/reward-labels.ts';
import type { EpisodeEnd, EpisodeStart, StepRecord, Undone } from '../records.ts';
import { membership } from '../rules.ts';
import { errorText, StoreError } from '../store-error.ts';
import type { Command, Problem, WriterState } from './commands.ts';
import type { CommittedNote } from './committed-note.ts';
import { FREE_SPACE, watchDisk } from './disk-watch.ts';
import { refuseNotFiniteEmbedding, refuseNotFiniteStart, refuseNotFiniteStep } from './finite-records.ts';
import {
  describeUndone,
  EMPTY_TALLY,
  extentOf,
  loadState,
  lossOfCommitted,
  pushLabel,
  type RecorderState,
  type Tally,
  tallied,
  withoutReuse,
} from './recorder-state.ts';
import { createRecorderStatements } from './recorder-statements.ts';

export interface RecorderOptions {
  /** Unix time for labels. */
  readonly wallTimeMs: () => number;
  /** Throws when the project's folder cannot be reached. */
  readonly freeBytes: () => number;
  /** Recording stops when less than this is free. */
  readonly reserveBytes: number;
  /** Note outside the store that records how far the store had come. */
  readonly committed?: Pick<CommittedNote, 'read' | 'write'>;
  /** Name of the copy of a damaged log, if one was kept. */
  readonly keptLog?: string | undefined;
}

export interface BatchResult {
  readonly steps: number;
  readonly problems: readonly Problem[];
  readonly answers: readonly { readonly request: number; readonly undone: Undone | undefined }[];
}

export interface Recorder {
  readonly sessionId: number;
  readonly nextEpisodeId: number;
  /** Problems found at opening: episodes that a crash cut short, and committed data that is missing. */
  readonly found: readonly Problem[];
  apply(commands: readonly Command[]): BatchResult;
  state(): WriterState;
  /** Checks the disk again and reports what has changed. */
  checkDisk(): { readonly changed: boolean; readonly problems: readonly Problem[] };
}

export function createRecorder(database: Database, options: RecorderOptions): Recorder {
  const statements = createRecorderStatements(database);
  const noted = options.committed?.read();
  /** Lost numbers are not given again, because a run's record or a policy's statistics may refer to them. */
  const load = (): RecorderState => withoutReuse(loadState(database), noted);
  let memory = loadState(database);
  const loss = lossOfCommitted(memory, noted, options.keptLog);
  memory = withoutReuse(memory, noted);
  let bytesWritten = 0;
  let stepsWritten = 0;
  const disk = watchDisk(options);
  let noteFails = false;
  /** By episode: the first step that was lost, and how many since. */
  const lost = new Map<number, { readonly first: number; count: number }>();

  const setTally = (episodeId: number, next: Tally) => {
    const before = memory.tallies.get(episodeId) ?? EMPTY_TALLY;
    memory.counts = tallied(memory.counts, before, next);
    memory.tallies.set(episodeId, next);
    memory.steps += next.steps - before.steps;
    memory.newestEpisodeId = Math.max(memory.newestEpisodeId, episodeId);
  };
  const tallyOf = (episodeId: number): Tally => {
    const tally = memory.tallies.get(episodeId);
    if (!tally)
      throw new StoreError('out-of-order', `Episode ${episodeId} is not stored.`, 'Name an episode of this project.');
    return tally;
  };
  const sequence = () => {
    memory.newestSequence = memory.nextSequence++;
    return memory.newestSequence;
  };

  const begin = (episodeId: number, start: EpisodeStart) => {
    disk.expectRoom();
    // An earlier episode whose end could not be written, for want of space, is closed now that there is some.
    for (const [openId, tally] of memory.tallies)
      if (!tally.ended) writeEnd(openId, { outcome: 'aborted', judge: 'engine' });
    refuseNotFiniteStart(episodeId, start);
    statements.insertEpisode(episodeId, sessionId, start);
    bytesWritten += statements.insertObservation(episodeId, 0, start.first);
    setTally(episodeId, { ...EMPTY_TALLY, mode: start.mode, task: start.task });
  };

  const step = (episodeId: number, record: StepRecord) => {
    const tally = tallyOf(episodeId);
    if (tally.ended || record.index !== tally.steps)
      throw new StoreError(
        'out-of-order',
        `Step ${record.index} of episode ${episodeId} came ${tally.ended ? 'after its end' : `where step ${tally.steps} was expected`}.`,
        'Hand over steps in order, once each.',
      );
    refuseNotFiniteStep(episodeId, record);
    statements.insertTransition(episodeId, record);
    bytesWritten += statements.insertObservation(episodeId, record.index + 1, record.next);
    const { rl, demo } = membership(tally.mode, record.actor);
    const atMs = options.wallTimeMs();
    if (rl) statements.rlEvent(sequence(), 'add', episodeId, record.index, record.index + 1, undefined, atMs);
    if (demo) statements.demoEvent(sequence(), 'add', episodeId, record.index, record.index + 1, undefined, atMs);
    setTally(episodeId, {
      ...tally,
      steps: tally.steps + 1,
      rl: tally.rl + (rl ? 1 : 0),
      demo: tally.demo + (demo ? 1 : 0),
      human: tally.human + (record.actor === 'human' ? 1 : 0),
    });
    stepsWritten++;
  };

  const writeEnd = (episodeId: number, end: EpisodeEnd) => {
    const tally = tallyOf(episodeId);
    if (tally.ended) return;
    statements.verdictEvent(sequence(), 'end', episodeId, end.outcome, end.judge, undefined, options.wallTimeMs());
    setTally(episodeId, { ...tally, ended: true });
  };

  const end = (episodeId: number, wanted: EpisodeEnd, lostSteps: number) => {
    // With steps missing, the last stored one is not the one that the outcome was about.
    const gap = (lost.get(episodeId)?.count ?? 0) + lostSteps;
    // Its beginning was refused, and that has been told.
    if (gap > 0 && !memory.tallies.has(episodeId)) return;
    writeEnd(episodeId, gap > 0 ? { outcome: 'aborted', judge: 'engine' } : wanted);
  };

  const relabel = (episodeId: number, outcome: 'success' | 'failure') => {
    if (!tallyOf(episodeId).ended)
      throw new StoreError('out-of-order', `Episode ${episodeId} has not ended.`, 'Give the verdict when it has.');
    const number = sequence();
    statements.verdictEvent(number, 'relabel', episodeId, outcome, 'human', undefined, options.wallTimeMs());
    memory.undoable.push({
      kind: 'relabel',
      sequence: number,
      episodeId,
      words: `verdict ${outcome} on episode ${episodeId}`,
    });
  };

  /** Written to both tables, so that each can be read without the other. Returns the number of the first row. */
  const inBoth = (kind: 'discard' | 'restore', episodeId: number, refersTo: number | undefined) => {
    const { steps } = tallyOf(episodeId);
    const number = sequence();
    const atMs = options.wallTimeMs();
    statements.rlEvent(number, kind, episodeId, 0, steps, refersTo, atMs);
    statements.demoEvent(sequence(), kind, episodeId, 0, steps, refersTo, atMs);
    memory.labels = loadLabelCounts(database);
    setTally(episodeId, { ...tallyOf(episodeId), discarded: kind === 'discard' });
    return number;
  };

  const discard = (episodeId: number) => {
    if (tallyOf(episodeId).discarded) return;
    const number = inBoth('discard', episodeId, undefined);
    memory.undoable.push({ kind: 'discard', sequence: number, episodeId, words: `discard of episode ${episodeId}` });
  };

  const label = ({ episodeId, index, label, source }: Extract<Command, { kind: 'label' }>) => {
    if (statements.standingLabel(episodeId, index) === label) return;
    const number = sequence();
    statements.insertLabel(number, episodeId, index, label, source, options.wallTimeMs());
    pushLabel(memory.undoable, { sequence: number, episodeId, index, label });
    memory.labels = loadLabelCounts(database);
  };

  const undo = (): Undone | undefined => {
    const action = memory.undoable.pop();
    if (!action) return undefined;
    if (action.kind === 'labels')
      for (const row of action.rows.toReversed())
        statements.withdrawLabel(sequence(), row.sequence, options.wallTimeMs());
    else if (action.kind === 'discard') inBoth('restore', action.episodeId, action.sequence);
    else
      statements.verdictEvent(
        sequence(),
        'withdraw',
        action.episodeId,
        undefined,
        'human',
        action.sequence,
        options.wallTimeMs(),
      );
    memory.labels = loadLabelCounts(database);
    return describeUndone(action);
  };

  const run = (command: Command): Undone | undefined => {
    switch (command.kind) {
      case 'begin':
        begin(command.episodeId, command.start);
        return undefined;
      case 'step':
        step(command.episodeId, command.step);
        return undefined;
      case 'end':
        end(command.episodeId, command.end, command.lostSteps);
        return undefined;
      case 'relabel':
        relabel(command.episodeId, command.verdict);
        return undefined;
      case 'discard':
        discard(command.episodeId);
        return undefined;
      case 'embedding':
        refuseNotFiniteEmbedding(command.episodeId, command.index, command.embedding);
        bytesWritten += statements.insertEmbedding(command.episodeId, command.index, command.embedding);
        return undefined;
      case 'label':
        label(command);
        return undefined;
      case 'undo':
        return undo();
      case 'drain':
      case 'close':
        return undefined;
      default:
        return command satisfies never;
    }
  };

  /** All or nothing; on failure memory is read back from the file. */
  const transact = (commands: readonly Command[]): (Undone | undefined)[] => {
    const written = { bytesWritten, stepsWritten };
    database.exec('BEGIN IMMEDIATE');
    try {
      const answers = commands.map(run);
      database.exec('COMMIT');
      return answers;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      memory = load();
      ({ bytesWritten, stepsWritten } = written);
      throw error;
    }
  };

  const lossOf = (command: Command, error: unknown): Problem | undefined => {
    const outOfSpace = isFull(error);
    if (outOfSpace) disk.setFull();
    const remedy = outOfSpace
      ? FREE_SPACE
      : error instanceof StoreError
        ? error.remedy
        : isBusy(error)
          ? 'Close the other program that holds the project file.'
          : 'Check the disk of the project.';
    const why = error instanceof StoreError ? error.message : `${errorText(error)}.`;
    if (command.kind === 'step') {
      const known = lost.get(command.episodeId);
      if (known) {
        known.count++;
        return undefined;
      }
      lost.set(command.episodeId, { first: command.step.index, count: 1 });
      return {
        message: `Step ${command.step.index} of episode ${command.episodeId} and those after it are not stored: ${why}`,
        remedy,
        fatal: true,
      };
    }
    const what = 'episodeId' in command ? `${command.kind} of episode ${command.episodeId}` : command.kind;
    return {
      message: `Not stored: ${what}: ${why}`,
      remedy,
      fatal: command.kind === 'begin' || command.kind === 'end',
    };
  };

  const sumUp = (command: Command): Problem | undefined => {
    if (command.kind !== 'end') return undefined;
    const gap = lost.get(command.episodeId);
    lost.delete(command.episodeId);
    if (!gap) return undefined;
    if (!memory.tallies.has(command.episodeId))
      return { message: `Episode ${command.episodeId} is lost, ${gap.count} steps.`, remedy: FREE_SPACE, fatal: true };
    return {
      message: `Episode ${command.episodeId} ended with ${gap.count} steps lost, from step ${gap.first} to step ${gap.first + gap.count - 1}; it is kept up to there, as aborted.`,
      remedy: 'Discard the episode if the rest is of no use.',
      fatal: true,
    };
  };

  /** Without the note a later loss could not be detected. A failed note loses no data by itself. */
  const noteCommitted = (): Problem | undefined => {
    try {
      options.committed?.write(extentOf(memory));
      noteFails = false;
      return undefined;
    } catch (error) {
      if (noteFails) return undefined;
      noteFails = true;
      return {
        message: `How far the project is stored could not be noted: ${errorText(error)}.`,
        remedy: "Check the project's disk; what is recorded is stored all the same.",
        fatal: false,
      };
    }
  };

  const apply = (commands: readonly Command[]): BatchResult => {
    const problems: Problem[] = [];
    const undone: (Undone | undefined)[] = [];
    const note = (problem: Problem | undefined) => {
      if (problem) problems.push(problem);
    };
    note(disk.look());
    const { full, diskFreeBytes } = disk.state();
    if (!full && disk.reserveReached()) {
      // What was handed over before the reserve was reached still fits into it.
      note({
        message: `Recording stops: ${diskFreeBytes} bytes are free on the project's disk; ${options.reserveBytes} are kept in reserve.`,
        remedy: FREE_SPACE,
        fatal: true,
        about: 'disk',
      });
    }
    try {
      undone.push(...transact(commands));
    } catch {
      // Told command by command, below.
      for (const command of commands) {
        try {
          undone.push(...transact([command]));
        } catch (error) {
          undone.push(undefined);
          note(lossOf(command, error));
        }
      }
    }
    note(noteCommitted());
    if (disk.reserveReached()) disk.setFull();
    for (const command of commands) note(sumUp(command));
    const answers = commands.flatMap((command, index) =>
      command.kind === 'undo' || command.kind === 'drain' ? [{ request: command.request, undone: undone[index] }] : [],
    );
    return { steps: commands.filter((command) => command.kind === 'step').length, problems, answers };
  };

  const found: Problem[] = [];
  found.push(...disk.check().problems);
  if (loss) found.push(loss);
  const sessionId = database
    .transaction(() => {
      for (const [episodeId, tally] of memory.tallies) {
        if (tally.ended) continue;
        writeEnd(episodeId, { outcome: 'aborted', judge: 'engine' });
        found.push({
          message: `Episode ${episodeId} was cut short when the program ended; its ${tally.steps} stored steps are kept, as aborted.`,
          remedy: 'Discard the episode if they are of no use.',
          fatal: false,
        });
      }
      return Number(statements.insertSession(options.wallTimeMs()));
    })
    .immediate();
  const unnoted = noteCommitted();
  if (unnoted) found.push(unnoted);

  return {
    sessionId,
    nextEpisodeId: memory.nextEpisodeId,
    found,
    apply,
    checkDisk: disk.check,
    state: () => ({
      counts: memory.counts,
      labels: memory.labels,
      newestSequence: memory.newestSequence,
      bytesWritten,
      stepsWritten,
      ...disk.state(),
    }),
  };
}
