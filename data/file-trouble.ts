/**
 * Finds out why a project folder cannot be opened: a busy lock, a read-only folder, a full disk, a missing folder or a
 * damaged file. SQLite and the system give an error code. Where the code is vague ("unable to open database file",
 * "disk I/O error"), the folder itself is checked.
 */
import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode, errorText, StoreError } from './store-error.ts';

/** Smallest free space: SQLite needs room for a journal or for shared memory, even to read. */
const LEAST_FREE_BYTES = 64 * 1024;
const ANOTHER_FOLDER = 'Choose another project folder.';

/** True when another process holds the file. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(errorCode(error) ?? '');
}

export function isFull(error: unknown): boolean {
  return ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

function isDamaged(error: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(errorCode(error) ?? '');
}

/** True when files can be created in a folder. For root, the file system decides and not the permissions. */
export function mayWriteTo(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasNoRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < LEAST_FREE_BYTES;
  } catch {
    // The folder cannot be checked, so another cause is reported.
    return false;
  }
}

/** Returns the nearest existing folder above a path. */
function existingAbove(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Returns the reason why work on a project folder failed. `doing` completes "… cannot be …", for example "opened". */
export function troubleWith(projectFolder: string, doing: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const folder = resolve(projectFolder);
  const what = `The project folder ${folder} cannot be ${doing}`;
  const said = errorText(error);
  const code = errorCode(error) ?? '';
  if (isBusy(error))
    return new StoreError('locked', `${what}: another process holds it (${said}).`, 'Try again in a moment.', error);
  if (isFull(error) || (code.startsWith('SQLITE_IOERR') && hasNoRoom(folder)))
    return new StoreError('disk-full', `${what}: its disk is full (${said}).`, 'Free some disk space.', error);
  if (isDamaged(error))
    return new StoreError(
      'corrupt',
      `${what}: its file is damaged (${said}).`,
      'Move it away, or put a backup copy in its place.',
      error,
    );
  const there = existingAbove(folder);
  if (!statSync(there).isDirectory())
    return new StoreError('io', `${what}: ${there} is a file, not a folder.`, ANOTHER_FOLDER, error);
  const forbidden = code.startsWith('SQLITE_READONLY') || ['EACCES', 'EPERM', 'EROFS'].includes(code);
  if (forbidden || !mayWriteTo(there))
    return new StoreError(
      'read-only',
      `${what}: ${mayWriteTo(there) ? `a file in ${there}` : there} may only be read (${said}).`,
      'Choose a folder that you may write to, or copy the project into one.',
      error,
    );
  if (!existsSync(folder))
    return new StoreError(
      'missing',
      `${what}: it is not there (${said}).`,
      'Check the path, or make the folder.',
      error,
    );
  return new StoreError('io', `${what}: ${said}.`, 'Check the disk: the folder should be on a local one.', error);
}

/** Creates a project folder if it does not exist. Throws a `StoreError` that says why it cannot. */
export function makeProjectFolder(folder: string): void {
  try {
    mkdirSync(resolve(folder), { recursive: true });
  } catch (error) {
    throw troubleWith(folder, 'made', error);
  }
}
