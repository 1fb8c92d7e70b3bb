/**
 * The writer's thread. It takes commands from the port in order, stores a batch in one transaction, and reports after
 * each commit. It holds the project folder's lock for as long as it lives.
 */
import { statfsSync, statSync } from 'node:fs';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { every, systemClock } from '../../main/api/clock.ts';
import { lockFolder, openForWriting, projectFile } from '../database.ts';
import { troubleWith } from '../file-trouble.ts';
import type { Problem } from '../records.ts';
import { errorText, StoreError } from '../store-error.ts';
import type { Command, Report } from './commands.ts';
import { keepDamagedLog, openCommittedNote } from './committed-note.ts';
import { createStoreRecorder } from './store-recorder.ts';

export interface WriterThreadSettings {
  readonly folder: string;
  readonly reserveBytes: number;
  /** Largest size of the project file. SQLite refuses to grow beyond it, as on a full disk. */
  readonly maxFileBytes: number | undefined;
}

/** Bounds the time to the next commit: 16 steps with two frames each take about 10 ms. */
const BATCH_COMMANDS = 16;
const DISK_CHECK_MS = 1000;

function openFolder({ folder, maxFileBytes }: WriterThreadSettings) {
  const unlock = lockFolder(folder, { pid: process.pid, sinceMs: systemClock.wallTimeMs() });
  try {
    const committed = openNote(folder);
    const keptLog = keepDamagedLog(folder, committed.read());
    const database = openForWriting(folder);
    if (maxFileBytes !== undefined) {
      const pageBytes = Number(database.pragma('page_size', { simple: true }));
      database.pragma(`max_page_count = ${Math.floor(maxFileBytes / pageBytes)}`);
    }
    return { database, committed, keptLog, unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Returns the free space of the project's disk. Throws when the folder has moved, or holds another file than the open
 * one. Data written after that could not be found under the project's name.
 */
function diskOf(folder: string): () => number {
  const file = projectFile(folder);
  const opened = statSync(file);
  return () => {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.ino !== opened.ino || there.dev !== opened.dev)
      throw new Error(`${file} is ${there ? 'not the file that was opened' : 'not there'}`);
    const disk = statfsSync(folder);
    return disk.bavail * disk.bsize;
  };
}

function openNote(folder: string) {
  try {
    return openCommittedNote(folder);
  } catch (error) {
    throw troubleWith(folder, 'opened for writing', error);
  }
}

function serve(port: MessagePort, settings: WriterThreadSettings): void {
  const report = (message: Report) => port.postMessage(message);
  const { database, committed, keptLog, unlock } = openFolder(settings);
  const recorder = createStoreRecorder(database, {
    wallTimeMs: systemClock.wallTimeMs,
    freeBytes: diskOf(settings.folder),
    reserveBytes: settings.reserveBytes,
    committed,
    keptLog,
  });
  report({
    kind: 'ready',
    sessionId: recorder.sessionId,
    nextEpisodeId: recorder.nextEpisodeId,
    state: recorder.state(),
    problems: recorder.found,
  });
  const tellState = (problems: readonly Problem[]) =>
    report({ kind: 'done', steps: 0, state: recorder.state(), problems, answers: [] });
  const stopChecking = every(
    systemClock,
    DISK_CHECK_MS,
    () => {
      const { changed, problems } = recorder.checkDisk();
      if (changed) tellState(problems);
    },
    (error) => {
      const message = `The project's disk could not be looked at: ${errorText(error)}.`;
      tellState([{ message, remedy: 'It is looked at again every second.', fatal: false }]);
    },
  );
  const finish = () => {
    stopChecking();
    try {
      database.close();
      committed.close();
      report({ kind: 'closed', problems: [] });
    } catch (error) {
      const message = `The project file could not be closed: ${errorText(error)}.`;
      const remedy = 'Open the project again: it repairs itself.';
      report({ kind: 'closed', problems: [{ message, remedy, fatal: false }] });
    } finally {
      unlock();
      port.close();
    }
  };
  port.on('message', (firstCommand: Command) => {
    const batch = [firstCommand];
    while (batch.length < BATCH_COMMANDS) {
      const received: { message: Command } | undefined = receiveMessageOnPort(port);
      if (!received) break;
      batch.push(received.message);
    }
    const result = recorder.apply(batch);
    report({ kind: 'done', ...result, state: recorder.state() });
    if (batch.some((command) => command.kind === 'close')) finish();
  });
}

if (parentPort) {
  // The sender is this program's own writer.ts.
  const settings: WriterThreadSettings = workerData;
  try {
    serve(parentPort, settings);
  } catch (error) {
    const known = error instanceof StoreError;
    const refusal: Report = {
      kind: 'refused',
      errorKind: known ? error.kind : 'io',
      message: errorText(error),
      remedy: known ? error.remedy : 'Check the project folder and its disk.',
    };
    parentPort.postMessage(refusal);
    parentPort.close();
  }
}
