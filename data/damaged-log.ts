/**
 * Keeps a damaged write-ahead log. SQLite ignores what follows the damage and overwrites it with the next commit, so the log is copied
 * before anything is written; whoever can read the frames behind the damage still has them then.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Extent } from './committed-note.ts';
import { openForReading, projectFile } from './database.ts';
import { newestSequence } from './mark.ts';

/** Call it before the project is opened for writing. Returns the name of the copy; undefined where nothing was missing or kept. */
export function keepDamagedLog(folder: string, noted: Extent | undefined): string | undefined {
  const log = `${projectFile(folder)}-wal`;
  if (!noted || !existsSync(log) || storedSequence(folder) >= noted.sequence) return undefined;
  const copy = `${log}.damaged`;
  try {
    copyFileSync(log, copy);
    return basename(copy);
  } catch {
    // The loss itself is told by the recorder; only the copy is missing, for want of space.
    return undefined;
  }
}

/** 0 where the tables themselves were in the log. */
function storedSequence(folder: string): number {
  try {
    const database = openForReading(folder);
    try {
      return newestSequence(database);
    } finally {
      database.close();
    }
  } catch {
    // Why the project cannot be opened is told by whoever opens it for writing, next.
    return 0;
  }
}
