/**
 * The synchronous heart of the writer: applies commands to the database, a batch in one transaction. It does no queueing
 * and knows no thread.
 */
import type { Database } from '../database.ts';
import { isFull } from '../file-trouble.ts';
import type { Problem, Undone } from '../records.ts';
import { discard, label, relabel, undo } from './annotation-commands.ts';
import type { Command, WriterState } from './commands.ts';
import { type CommittedNote, createNoting, lossSince } from './committed-note.ts';
import { type DiskWatch, watchDisk } from './disk-watch.ts';
import { addEmbedding, appendStep, begin, closeOpenEpisodes, end, type RecorderContext } from './episode-commands.ts';
import { createLosses, type Losses } from './losses.ts';
import { createRecorderMemory } from './recorder-memory.ts';
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

export function createStoreRecorder(database: Database, options: RecorderOptions) {
  const { committed, keptLog, wallTimeMs } = options;
  const noted = committed?.read();
  const memory = createRecorderMemory(database, noted);
  const context = { statements: createRecorderStatements(database), memory, wallTimeMs };
  const disk = watchDisk(options);
  const losses = createLosses();
  const note = createNoting(committed);

  const stored = memory.extent();
  const cutShort = memory.tallies().get(stored.episodeId)?.ended === false;
  const earlierProblems = [...disk.check().problems, lossSince(noted, stored, { cutShort, keptLog })];
  const { sessionId, closed } = memory.transact(() => {
    const closed = closeOpenEpisodes(context);
    return { closed, sessionId: context.statements.insertSession(wallTimeMs()) };
  });
  const found = present([...earlierProblems, ...closed, note(memory.extent())]);

  const recording = { ...context, disk, losses, sessionId };
  /** Returns what was taken back, when the command is an undo. */
  const run = (command: Command): Undone | undefined => {
    if (command.kind === 'undo') return undo(context);
    runCommand(recording, command);
    return undefined;
  };
  const store = (commands: readonly Command[]): readonly Outcome[] => {
    try {
      return memory.transact(() => commands.map((command) => ({ undone: run(command) })));
    } catch {
      // One command failed, so each is stored in a transaction of its own: a bad one takes no other with it.
      return commands.map((command): Outcome => {
        try {
          return { undone: memory.transact(() => run(command)) };
        } catch (error) {
          if (isFull(error)) disk.setFull();
          return { problem: losses.report(command, error) };
        }
      });
    }
  };

  return {
    sessionId,
    nextEpisodeId: memory.nextEpisodeId(),
    /** Problems found at opening: episodes that a crash cut short, and committed data that is missing. */
    found,
    apply(commands: readonly Command[]) {
      const before = disk.beforeBatch();
      const outcomes = store(commands);
      const after = note(memory.extent());
      disk.afterBatch();
      const gaps = commands.map((command) => losses.sumUp(command, (id) => memory.tallies().has(id)));
      return {
        steps: commands.filter(({ kind }) => kind === 'step').length,
        problems: present([...before, ...outcomes.map(({ problem }) => problem), after, ...gaps]),
        answers: commands.flatMap((command, index) => {
          if (command.kind !== 'undo' && command.kind !== 'drain') return [];
          return [{ request: command.request, undone: outcomes[index]?.undone }];
        }),
      };
    },
    checkDisk: disk.check,
    state: (): WriterState => ({ ...memory.state(), ...disk.state() }),
  };
}

interface Outcome {
  readonly undone?: Undone | undefined;
  readonly problem?: Problem | undefined;
}

const present = (problems: readonly (Problem | undefined)[]): Problem[] =>
  problems.filter((problem) => problem !== undefined);

interface CommandContext extends RecorderContext {
  readonly disk: DiskWatch;
  readonly losses: Losses;
  readonly sessionId: number;
}

function runCommand(context: CommandContext, command: Exclude<Command, { kind: 'undo' }>) {
  switch (command.kind) {
    case 'begin':
      context.disk.expectRoom();
      return begin(context, context.sessionId, command.episodeId, command.start);
    case 'step':
      return appendStep(context, command.episodeId, command.step);
    case 'end': {
      const lostSteps = context.losses.lostSteps(command.episodeId) + command.lostSteps;
      return end(context, command.episodeId, command.end, lostSteps);
    }
    case 'relabel':
      return relabel(context, command.episodeId, command.verdict);
    case 'discard':
      return discard(context, command.episodeId);
    case 'embedding':
      return addEmbedding(context, command);
    case 'label':
      return label(context, command);
    case 'drain':
    case 'close':
      return;
    default:
      return command satisfies never;
  }
}
