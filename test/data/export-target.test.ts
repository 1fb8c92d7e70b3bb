/**
 * The target of an export: an empty folder is filled from within, two exports do not collide, and foreign files are
 * never deleted.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { claimTarget, type ExportTarget, removeLeftovers } from '../../data/export/target.ts';
import { writeProblem } from '../../data/export/write-problem.ts';
import { StoreError } from '../../data/store-error.ts';
import { errorInWords } from '../../main/api/error-words.ts';
import { holdTarget } from './export-holder.ts';
import { inFolder, saying } from './fixture.ts';

/** A dataset of two files, enough for the folder's part of an export. */
function fill(target: ExportTarget, words: string): void {
  for (const name of ['data', 'meta']) {
    mkdirSync(join(target.dataset, name));
    writeFileSync(join(target.dataset, name, 'file'), words);
  }
}

const entries = (folder: string): readonly string[] => readdirSync(folder).sort();
const inode = (folder: string): number => statSync(folder).ino;

test('a folder that does not exist appears whole; its missing parents are made, and removed again when the export fails', () =>
  inFolder((folder) => {
    const out = join(folder, 'a', 'b', 'dataset');
    const first = claimTarget(out);
    fill(first, 'one');
    assert.equal(existsSync(out), false, 'not there before it is whole');
    first.abandon();
    assert.deepEqual(entries(folder), []);
    const second = claimTarget(out);
    fill(second, 'two');
    second.finish();
    assert.deepEqual(entries(out), ['data', 'meta']);
    assert.deepEqual(entries(dirname(out)), ['dataset'], 'no work folder is left');
    assert.equal(statSync(out).mode & 0o777, statSync(join(folder, 'a')).mode & 0o777, 'others may read it as usual');
  }));

test('an existing empty folder stays the same folder and is filled from within; what the disk itself keeps there does not count', () =>
  inFolder((folder) => {
    const out = join(folder, 'mounted');
    mkdirSync(join(out, 'lost+found'), { recursive: true });
    const before = inode(out);
    const target = claimTarget(out);
    assert.ok(target.dataset.startsWith(`${out}/`), 'on the same disk');
    assert.deepEqual(entries(folder), ['mounted'], 'nothing is made beside it');
    fill(target, 'one');
    target.finish();
    assert.deepEqual(entries(out), ['data', 'lost+found', 'meta']);
    assert.equal(inode(out), before);
  }));

test('a link to an empty folder stays a link; a broken link and a file are refused and left alone', () =>
  inFolder((folder) => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const target = claimTarget(join(folder, 'link'));
    fill(target, 'one');
    target.finish();
    assert.deepEqual(entries(join(folder, 'real')), ['data', 'meta']);
    symlinkSync('nowhere', join(folder, 'broken'));
    writeFileSync(join(folder, 'file'), 'mine');
    for (const name of ['broken', 'file'])
      assert.throws(
        () => claimTarget(join(folder, name)),
        saying(/is a file or a broken link, not a folder\. Choose another/),
      );
    assert.deepEqual(entries(folder), ['broken', 'file', 'link', 'real']);
  }));

test('the second export to one folder is refused at once, and the first ends whole; so for a new and for an empty folder', () =>
  inFolder((folder) => {
    for (const name of ['new', 'empty']) {
      const out = join(folder, name);
      if (name === 'empty') mkdirSync(out);
      const first = claimTarget(out);
      assert.throws(
        () => claimTarget(out),
        (error) => error instanceof StoreError && /is taken: another export is writing to it/.test(error.message),
      );
      const other = claimTarget(`${out}-2`);
      other.abandon();
      fill(first, 'first');
      first.finish();
      assert.deepEqual(entries(out), ['data', 'meta']);
      assert.throws(() => claimTarget(out), saying(/is not an empty folder/));
    }
    assert.deepEqual(entries(folder), ['empty', 'new']);
  }));

test('what somebody puts there while an export works is kept, and the export is refused', () =>
  inFolder((folder) => {
    const beside = claimTarget(join(folder, 'new'));
    fill(beside, 'ours');
    mkdirSync(join(folder, 'new'));
    assert.throws(() => beside.finish(), saying(/is taken/));
    beside.abandon();
    writeFileSync(join(folder, 'new', 'letter.txt'), 'dear'); // The folder itself has not been replaced.
    mkdirSync(join(folder, 'empty'));
    const within = claimTarget(join(folder, 'empty'));
    fill(within, 'ours');
    writeFileSync(join(folder, 'empty', 'letter.txt'), 'dear');
    assert.throws(() => within.finish(), saying(/is not an empty folder \(letter\.txt is in it\)/));
    within.abandon();
    for (const name of ['new', 'empty']) assert.deepEqual(entries(join(folder, name)), ['letter.txt']);
  }));

test('folders with a name of the old kind, or with anything else in them, are never deleted', () =>
  inFolder((folder) => {
    const partial = join(folder, '.dataset.partial');
    mkdirSync(partial);
    writeFileSync(join(partial, 'notes.txt'), 'a');
    const target = claimTarget(join(folder, 'dataset'));
    fill(target, 'one');
    target.finish();
    assert.deepEqual(entries(partial), ['notes.txt']);
  }));

test('the next export removes the work folder of a killed export, and never that of a living one', () =>
  inFolder(async (folder) => {
    for (const name of ['new', 'empty']) {
      const out = join(folder, name);
      if (name === 'empty') mkdirSync(out);
      const { work, kill } = await holdTarget(out);
      try {
        removeLeftovers(out);
        assert.throws(() => claimTarget(out), saying(/is taken/));
        assert.ok(existsSync(work), 'it is still at work');
      } finally {
        await kill();
      }
      const other = join(dirname(work), `${basename(work).slice(0, -6)}abcdef`);
      mkdirSync(join(other, 'thesis'), { recursive: true });
      removeLeftovers(out);
      assert.equal(existsSync(work), false, 'its owner is dead');
      assert.ok(existsSync(join(other, 'thesis')), 'something that no export puts there is kept');
      rmSync(other, { recursive: true });
      const target = claimTarget(out);
      fill(target, name);
      target.finish();
      assert.deepEqual(entries(out), ['data', 'meta']);
    }
  }));

test('a process with the number of a dead owner, and an owner on another computer, are told apart', () =>
  inFolder((folder) => {
    const target = claimTarget(join(folder, 'dataset'));
    const own = basename(dirname(target.dataset));
    target.abandon();
    const parts = own.split('-');
    const [place, pid, begun] = parts.slice(-4, -1);
    const name = (parts: readonly (string | undefined)[]) =>
      [...own.split('-').slice(0, -4), ...parts, 'abcdef'].join('-');
    const living = name([place, pid, begun]);
    const reused = name([place, pid, '01234567']);
    const elsewhere = name(['01234567', '999999999', begun]);
    const dead = name([place, '999999999', begun]);
    for (const one of [living, reused, elsewhere, dead]) mkdirSync(join(folder, one, 'dataset'), { recursive: true });
    removeLeftovers(join(folder, 'dataset'));
    const kept = process.platform === 'linux' ? [living, elsewhere] : [living, reused, elsewhere];
    assert.deepEqual(entries(folder), kept.sort());
  }));

test('a target that cannot be written to is answered with what is wrong and what to do, never as a bug', () =>
  inFolder((folder) => {
    for (const code of [
      'EACCES',
      'EPERM',
      'EROFS',
      'ENOSPC',
      'EDQUOT',
      'ENOTDIR',
      'ENAMETOOLONG',
      'EIO',
      'EBUSY',
      'EXYZ',
    ]) {
      const told = writeProblem('/mnt/x', Object.assign(new Error(`${code}: raw`), { code }));
      assert.ok(told instanceof StoreError, code);
      assert.match(errorInWords(told), /^\/mnt\/x cannot be written to: .+\(E[A-Z]+\)\. .*(folder|path|disk)/);
      assert.doesNotMatch(errorInWords(told), /bug/);
    }
    const bug = new TypeError('x is not a function');
    assert.equal(writeProblem('/mnt/x', bug), bug, 'a bug stays one');
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => claimTarget(join(folder, 'file', 'dataset')),
      saying(/cannot be written to: a part of its path is a file/),
    );
    assert.throws(() => claimTarget(join(folder, 'x'.repeat(300))), saying(/its path is too long/));
    assert.deepEqual(entries(folder), ['file']);
  }));

test('a folder without permission is refused in words', { skip: process.platform === 'win32' }, () =>
  inFolder((folder) => {
    // Root may write anywhere but into the kernel's own folders.
    const closed = process.getuid?.() === 0 ? '/sys' : join(folder, 'closed');
    if (closed !== '/sys') mkdirSync(closed, { mode: 0o500 });
    assert.throws(
      () => claimTarget(join(closed, 'dataset')),
      saying(
        /dataset cannot be written to: (you have no permission to write there|its disk may only be read) \((EACCES|EPERM|EROFS)\)\. Choose a folder/,
      ),
    );
  }),
);
