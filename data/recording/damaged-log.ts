/**
 * Keeps a damaged write-ahead log. SQLite ignores the part after the damage and overwrites it with the next commit. The
 * log is therefore copied before anything is written, so that the frames after the damage can still be recovered.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { basename } from 'node:path';
import { openForReading, projectFile } from '../database.ts';
import { newestSequence } from '../mark.ts';
import type { Extent } from './committed-note.ts';

/**
 * Call it before the project is opened for writing. Returns the name of the copy, or `undefined` when nothing was
 * missing or no copy was kept.
 */
export function keepDamagedLog(folder: string, noted: Extent | undefined): string | undefined {
  const log = `${projectFile(folder)}-wal`;
  if (!noted || !existsSync(log) || storedSequence(folder) >= noted.sequence) return undefined;
  const copy = `${log}.damaged`;
  try {
    copyFileSync(log, copy);
    return basename(copy);
  } catch {
    // The recorder reports the loss itself. Only the copy is missing, because the disk has no room for it.
    return undefined;
  }
}

/** Returns 0 when the tables themselves were in the log. */
function storedSequence(folder: string): number {
  try {
    const database = openForReading(folder);
    try {
      return newestSequence(database);
    } finally {
      database.close();
    }
  } catch {
    // The writer opens the project next and reports why it cannot be opened.
    return 0;
  }
}
