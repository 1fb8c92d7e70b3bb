/**
 * Opening a project folder's `takeover.sqlite`; the only importer of better-sqlite3. A file that is damaged, foreign or newer
 * than this program is refused with the remedy and left as it is. The folder's lock is an SQLite write lock on a file beside
 * the project's: the operating system lets go of it when its holder dies, so there is no stale lock to clean up.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { MIGRATIONS, migrate, SCHEMA_VERSION } from './migrations.ts';
import { errorCode, errorText, StoreError } from './store-error.ts';

export type Database = Sqlite.Database;

/** 'TKOV': tells a project file from any other SQLite file. */
export const APPLICATION_ID = 0x544b4f56;
const FILE_NAME = 'takeover.sqlite';
const LOCK_NAME = 'takeover.lock';
const BUSY_TIMEOUT_MS = 5000;
/** Above this size the check at opening leaves out the tables of blobs: reading gigabytes would delay the start by minutes. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;
const SMALL_TABLES = [
  ...['session', 'episode', 'transition', 'rl_buffer', 'demo_buffer', 'verdict', 'reward_label'],
  ...['run', 'checkpoint'],
];

export function projectFile(folder: string): string {
  return join(resolve(folder), FILE_NAME);
}

/** Refuses a file that is not a healthy project file of this version or an older one. Reads only. */
function inspect(file: string, checkIntegrity: boolean): void {
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
        `${file} is an SQLite file of another program (application id ${applicationId}); expected a Takeover project (${APPLICATION_ID}).`,
        'Choose another project folder; the file has not been changed.',
      );
    if (version > SCHEMA_VERSION)
      throw new StoreError(
        'too-new',
        `${file} has schema version ${version}; this program knows versions up to ${SCHEMA_VERSION}.`,
        'Open it with the newer Takeover that wrote it; the file has not been changed.',
      );
    if (checkIntegrity && tables > 0) {
      const small = statSync(file).size <= FULL_CHECK_BYTES;
      const checks = small ? ['quick_check(5)'] : SMALL_TABLES.map((table) => `quick_check("${table}")`);
      for (const check of checks) {
        const result = probe.pragma(check, { simple: true });
        if (result !== 'ok')
          throw new StoreError('corrupt', `${file} is damaged: ${String(result)}; expected a healthy file.`, restore);
      }
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = errorCode(error) ?? '';
    if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
      throw new StoreError(
        'corrupt',
        `${file} is no readable project file (${errorText(error)}); expected a Takeover project in SQLite format.`,
        restore,
        error,
      );
    throw new StoreError(
      'io',
      `${file} cannot be opened: ${errorText(error)}.`,
      'Check that the folder exists and that its permissions allow reading and writing.',
      error,
    );
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

/** Opens for writing; makes the folder and the file when they are missing, and brings the schema up to date. */
export function openForWriting(folder: string, options: { readonly checkIntegrity?: boolean } = {}): Database {
  const file = projectFile(folder);
  try {
    mkdirSync(resolve(folder), { recursive: true });
  } catch (error) {
    throw new StoreError(
      'io',
      `The project folder ${resolve(folder)} cannot be made: ${errorText(error)}.`,
      'Choose a folder that you may write to.',
      error,
    );
  }
  if (existsSync(file)) inspect(file, options.checkIntegrity ?? true);
  let database: Database | undefined;
  try {
    const opened = new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
    database = opened;
    migrate(opened, APPLICATION_ID, MIGRATIONS, () => configure(opened));
    return opened;
  } catch (error) {
    database?.close();
    const full = errorCode(error) === 'SQLITE_FULL' || errorCode(error) === 'ENOSPC';
    throw new StoreError(
      full ? 'disk-full' : 'io',
      `${file} cannot be opened for writing: ${errorText(error)}.`,
      full ? 'Free some disk space.' : 'Check that the folder is on a local disk and that you may write to it.',
      error,
    );
  }
}

/** Opens for reading; the file must exist and be a project of this version. */
export function openForReading(folder: string): Database {
  const file = projectFile(folder);
  if (!existsSync(file))
    throw new StoreError(
      'missing',
      `There is no project file ${file}.`,
      'Name the folder of an existing project, or record an episode there first.',
    );
  inspect(file, false);
  const database = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version < SCHEMA_VERSION) {
    database.close();
    throw new StoreError(
      'too-new',
      `${file} has schema version ${version}; expected ${SCHEMA_VERSION}.`,
      'Open the project once with the engine: it brings the file up to date.',
    );
  }
  return database;
}

/** Takes the project folder for this process. Returns what lets go of it; throws a `locked` error that names the holder. */
export function lockFolder(folder: string, holder: { readonly pid: number; readonly sinceMs: number }): () => void {
  mkdirSync(resolve(folder), { recursive: true });
  const file = join(resolve(folder), LOCK_NAME);
  const lock = new Sqlite(file, { timeout: 100 });
  try {
    lock.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER, since_ms REAL)');
    lock.transaction(() => {
      lock.exec('DELETE FROM holder');
      lock.prepare<[number, number]>('INSERT INTO holder VALUES (?, ?)').run(holder.pid, holder.sinceMs);
    })();
    lock.exec('BEGIN IMMEDIATE');
  } catch (error) {
    const pid = holderPid(lock);
    lock.close();
    throw new StoreError(
      'locked',
      `The project folder ${resolve(folder)} is in use by another engine${pid === undefined ? '' : ` (process ${pid})`}.`,
      'Close that one first, or choose another folder.',
      error,
    );
  }
  return () => lock.close();
}

function holderPid(lock: Database): number | undefined {
  try {
    return lock.prepare<[], number>('SELECT pid FROM holder').pluck().get();
  } catch {
    // Only makes the message less exact: the lock itself is reported by the caller.
    return undefined;
  }
}
