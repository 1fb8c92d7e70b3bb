/** Why a project cannot be opened: every cause is named and has its own remedy, and only a busy lock is "in use". */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { troubleWith } from '../../data/file-trouble.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { StoreError, type StoreErrorKind } from '../../data/store-error.ts';
import { errorInWords, RemediedError } from '../../main/api/error-words.ts';
import { inFolder } from './fixture.ts';

const withCode = (code: string) => Object.assign(new Error(`something about ${code}`), { code });

test('codes of SQLite and the system are told as what they mean', () =>
  inFolder((folder) => {
    mkdirSync(join(folder, 'there'));
    writeFileSync(join(folder, 'file'), '');
    const table: readonly [where: string, code: string, kind: StoreErrorKind, words: RegExp][] = [
      ['there', 'SQLITE_BUSY', 'locked', /another process holds it/],
      ['there', 'SQLITE_BUSY_RECOVERY', 'locked', /another process holds it/],
      ['there', 'SQLITE_LOCKED_SHAREDCACHE', 'locked', /another process holds it/],
      ['there', 'SQLITE_FULL', 'disk-full', /its disk is full/],
      ['there', 'ENOSPC', 'disk-full', /its disk is full/],
      ['there', 'EDQUOT', 'disk-full', /its disk is full/],
      ['there', 'SQLITE_READONLY', 'read-only', /may only be read/],
      ['there', 'EROFS', 'read-only', /may only be read/],
      ['new', 'EACCES', 'read-only', /may only be read/],
      ['there', 'SQLITE_CORRUPT_VTAB', 'corrupt', /damaged/],
      ['there', 'SQLITE_IOERR_READ', 'io', /something about/],
      ['there', 'SQLITE_CANTOPEN', 'io', /something about/],
      ['gone/deeper', 'SQLITE_CANTOPEN', 'missing', /it is not there/],
      ['file/inside', 'ENOTDIR', 'io', /file is a file, not a folder/],
      ['file', 'EEXIST', 'io', /file is a file, not a folder/],
    ];
    for (const [where, code, kind, words] of table) {
      const error = troubleWith(join(folder, where), 'opened', withCode(code));
      assert.deepEqual([error.kind, error.name], [kind, 'StoreError'], code);
      assert.match(error.message, words);
      assert.ok(error.message.includes(join(folder, where)), 'the folder is named');
      assert.ok(error.remedy.length > 10 && !error.message.includes(error.remedy));
      if (kind !== 'locked') assert.doesNotMatch(error.message, /in use|holds it/);
    }
    const known = new StoreError('foreign', 'Said before.', 'Do it.');
    assert.equal(troubleWith(folder, 'opened', known), known, 'what is told already is not told anew');
  }));

test('a remedy is kept apart from the message, and printed once', () => {
  const error = new StoreError('missing', 'There is no project.', 'Record one first.');
  assert.equal(error.message, 'There is no project.');
  assert.equal(errorInWords(error), 'There is no project. Record one first.');
  assert.equal(errorInWords(new Error('It failed')), 'It failed');
  assert.equal(errorInWords('thrown text'), 'thrown text');
  assert.equal(errorInWords(new RemediedError('it failed', 'Retry.')), 'it failed. Retry.');
});

/** Holds the folder's lock, and writes `pid` as its holder. */
function heldBy(folder: string, pid: number): { readonly release: () => void } {
  const lock = new Sqlite(join(folder, 'takeover.lock'));
  lock.exec('CREATE TABLE holder (pid INTEGER, since_ms REAL)');
  lock.prepare('INSERT INTO holder VALUES (?, 0)').run(pid);
  lock.exec('BEGIN IMMEDIATE');
  return { release: () => lock.close() };
}

test('a dead process is not named as the one that holds the folder, a living one is', () =>
  inFolder(async (folder) => {
    const dead = spawnSync(process.execPath, ['--eval', '0']).pid;
    mkdirSync(join(folder, 'a'));
    const byDead = heldBy(join(folder, 'a'), dead);
    const held = await openStoreWriter({ folder: join(folder, 'a') }).catch(errorInWords);
    assert.match(String(held), /is in use by another engine\. Close that one first/);
    byDead.release();
    await (await openStoreWriter({ folder: join(folder, 'a'), reserveBytes: 0 })).close();

    mkdirSync(join(folder, 'b'));
    const byLiving = heldBy(join(folder, 'b'), process.ppid);
    const named = await openStoreWriter({ folder: join(folder, 'b') }).catch(errorInWords);
    assert.match(String(named), new RegExp(`in use by another engine \\(process ${process.ppid}\\)\\.`));
    byLiving.release();
  }));

test('a project folder that is a file is refused with that reason', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'file');
    writeFileSync(file, 'text');
    for (const where of [file, join(file, 'project')])
      await assert.rejects(openStoreWriter({ folder: where }), (error) => {
        assert.ok(error instanceof StoreError);
        assert.match(error.message, /file is a file, not a folder/);
        return true;
      });
  }));
