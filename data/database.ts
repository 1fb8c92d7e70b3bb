/**
 * Opens a project folder's `takeover.sqlite`. No other file imports better-sqlite3. A file that is damaged, foreign or
 * newer than this program is refused with a remedy and left as it is. The folder's lock is an SQLite write lock on a file
 * of its own. The operating system releases it when the holder dies; the locks of lock libraries can go stale instead.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { isBusy, makeProjectFolder, mayWriteTo, troubleWith } from './file-trouble.ts';
import { migrate } from './migrations/migrate.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts';
import { copyForReading } from './read-only-copy.ts';
import { errorCode, errorText, StoreError } from './store-error.ts';

export type Database = Sqlite.Database;

/** The letters 'TKOV'. They mark an SQLite file as a project. */
export const APPLICATION_ID = 0x544b4f56;
const FILE_NAME = 'takeover.sqlite';
const LOCK_NAME = 'takeover.lock';
const BUSY_TIMEOUT_MS = 5000;
/** Largest file whose blobs are checked at opening. Reading gigabytes would delay the start by minutes. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;
const SMALL_TABLES = 'session episode transition rl_buffer demo_buffer verdict reward_label run checkpoint'.split(' ');

export function projectFile(folder: string): string {
  return join(resolve(folder), FILE_NAME);
}

/**
 * Refuses a file that is not a healthy project of this version or an older one. It only reads. `name`: the file's name
 * in error texts.
 */
function inspect(file: string, checkIntegrity: boolean, name = file): void {
  const restore = 'Move it away, or put a backup copy in its place; the file has not been changed.';
  let probe: Database | undefined;
  try {
    probe = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    const applicationId = Number(probe.pragma('application_id', { simple: true }));
    const version = Number(probe.pragma('user_version', { simple: true }));
    const tables = Number(probe.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get());
    if (applicationId !== APPLICATION_ID && (tables > 0 || applicationId !== 0))
      throw new StoreError(
        'foreign',
        `${name} is an SQLite file of another program (application id ${applicationId}); expected a Takeover project (${APPLICATION_ID}).`,
        'Choose another project folder; the file has not been changed.',
      );
    if (version > SCHEMA_VERSION)
      throw new StoreError(
        'too-new',
        `${name} has schema version ${version}; this program knows versions up to ${SCHEMA_VERSION}.`,
        'Open it with the newer Takeover that wrote it; the file has not been changed.',
      );
    if (checkIntegrity && tables > 0) {
      const small = statSync(file).size <= FULL_CHECK_BYTES;
      const checks = small ? ['quick_check(5)'] : SMALL_TABLES.map((table) => `quick_check("${table}")`);
      for (const check of checks) {
        const result = probe.pragma(check, { simple: true });
        if (result !== 'ok')
          throw new StoreError('corrupt', `${name} is damaged: ${String(result)}; expected a healthy file.`, restore);
      }
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = errorCode(error) ?? '';
    if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
      throw new StoreError(
        'corrupt',
        `${name} is no readable project file (${errorText(error)}); expected a Takeover project in SQLite format.`,
        restore,
        error,
      );
    throw troubleWith(dirname(name), 'opened', error);
  } finally {
    probe?.close();
  }
}

function configure(database: Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('foreign_keys = ON');
  database.pragma('wal_autocheckpoint = 2000');
}

/** Opens a project for writing. Makes the folder and the file when they are missing, and brings the schema up to date. */
export function openForWriting(folder: string, options: { readonly checkIntegrity?: boolean } = {}): Database {
  const file = projectFile(folder);
  makeProjectFolder(folder);
  if (existsSync(file)) inspect(file, options.checkIntegrity ?? true);
  let database: Database | undefined;
  try {
    const opened = new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
    database = opened;
    migrate(opened, APPLICATION_ID, MIGRATIONS, () => configure(opened));
    return opened;
  } catch (error) {
    database?.close();
    throw troubleWith(folder, 'opened for writing', error);
  }
}

/** Throws a `missing` error when the folder holds no project. Makes nothing. */
export function expectProject(folder: string): void {
  const file = projectFile(folder);
  if (existsSync(file)) return;
  throw new StoreError(
    'missing',
    `There is no project file ${file}.`,
    'Name the folder of an existing project, or record an episode there first.',
  );
}

/**
 * Opens a project for reading. The file must exist and be a project of this version. SQLite needs a second file beside
 * the project's, even to read. A project in a read-only folder is therefore read from a temporary copy, unless a
 * running engine has made that file.
 */
export function openForReading(folder: string): Database {
  expectProject(folder);
  const file = projectFile(folder);
  if (mayWriteTo(dirname(file))) return openHealthy(file, folder);
  try {
    return openHealthy(file, folder);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'read-only') throw error;
  }
  const copy = copyForReading(file);
  try {
    // The copy has no log beside it, so it needs no other file.
    const whole = new Sqlite(copy.file);
    whole.pragma('journal_mode = DELETE');
    whole.close();
    return openHealthy(copy.file, folder);
  } finally {
    // The open connection keeps the removed copy readable. Nothing is left behind, however the process ends.
    copy.remove();
  }
}

function openHealthy(file: string, folder: string): Database {
  inspect(file, false, projectFile(folder));
  let database: Database | undefined;
  try {
    database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version >= SCHEMA_VERSION) return database;
    throw new StoreError(
      'too-old',
      `${projectFile(folder)} has schema version ${version}; expected ${SCHEMA_VERSION}.`,
      'Open the project once with the engine: it brings the file up to date.',
    );
  } catch (error) {
    database?.close();
    throw troubleWith(folder, 'opened', error);
  }
}

/** Number of attempts at the lock, because two processes may write their names at the same time. */
const LOCK_ATTEMPTS = 5;

/**
 * Takes the project folder for this process and returns a function that releases it. Throws a `locked` error that names
 * the holder, or says what else kept the lock from being taken.
 */
export function lockFolder(folder: string, holder: { readonly pid: number; readonly sinceMs: number }): () => void {
  makeProjectFolder(folder);
  let lock: Database | undefined;
  try {
    lock = new Sqlite(join(resolve(folder), LOCK_NAME), { timeout: 100 });
    take(lock, holder);
    const held = lock;
    return () => held.close();
  } catch (error) {
    const pid = lock && isBusy(error) ? holderPid(lock) : undefined;
    lock?.close();
    if (!isBusy(error)) throw troubleWith(folder, 'taken for this engine', error);
    throw new StoreError(
      'locked',
      `The project folder ${resolve(folder)} is in use by another engine${pid === undefined ? '' : ` (process ${pid})`}.`,
      'Close that one first, or choose another folder.',
      error,
    );
  }
}

/**
 * Takes the lock. Other processes can read the holder's name only after a commit. The name is therefore written first,
 * and checked again under the lock that stays.
 */
function take(lock: Database, holder: { readonly pid: number; readonly sinceMs: number }): void {
  lock.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER, since_ms REAL)');
  for (let attempt = 1; ; attempt++) {
    lock.exec('BEGIN IMMEDIATE');
    lock.exec('DELETE FROM holder');
    lock.prepare<[number, number]>('INSERT INTO holder VALUES (?, ?)').run(holder.pid, holder.sinceMs);
    lock.exec('COMMIT');
    lock.exec('BEGIN IMMEDIATE');
    if (attempt === LOCK_ATTEMPTS || holderPid(lock) === holder.pid) return;
    lock.exec('ROLLBACK');
  }
}

/** Returns the process that holds the lock, or `undefined` when it cannot be read or has ended. */
function holderPid(lock: Database): number | undefined {
  try {
    const pid = lock.prepare<[], number>('SELECT pid FROM holder').pluck().get();
    if (pid === undefined) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM means that the process exists and belongs to another user. After other errors the message names no process.
    return errorCode(error) === 'EPERM' ? lock.prepare<[], number>('SELECT pid FROM holder').pluck().get() : undefined;
  }
}
