/** Refusals: corrupt, foreign, newer and locked projects, and a full disk. Nothing is lost silently. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openForReading, openForWriting, projectFile } from '../../data/database.ts';
import { type Migration, migrate } from '../../data/migrations/migrate.ts';
import { MIGRATIONS, SCHEMA_VERSION } from '../../data/migrations.ts';
import { createQueries } from '../../data/reading/queries.ts';
import { openStoreReader } from '../../data/reading/reader.ts';
import type { Command } from '../../data/recording/commands.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import type { StepRecord } from '../../data/records.ts';
import { StoreError, type StoreErrorKind } from '../../data/store-error.ts';
import { createRng } from '../../main/api/rng.ts';
import { inFolder, openWriter, recordEpisode, start, step } from './fixture.ts';

function refused(kind: StoreErrorKind, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, words);
    assert.ok(error.remedy.length > 10);
    return true;
  };
}

test('a damaged file is refused, named and left as it is', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    recordEpisode(writer, createRng(1), ['policy', 'human']);
    await writer.close();
    const file = projectFile(folder);
    const healthy = readFileSync(file);
    const damaged = Buffer.from(healthy);
    damaged.fill(0xaa, 8192, 16_384);
    const cases: readonly [string, Buffer, StoreErrorKind][] = [
      ['text', Buffer.from('not a database at all, but long enough to be read as one'.repeat(30)), 'corrupt'],
      ['truncated', healthy.subarray(0, healthy.length / 2), 'corrupt'],
      ['overwritten page', damaged, 'corrupt'],
    ];
    for (const [name, bytes, kind] of cases) {
      writeFileSync(file, bytes);
      await assert.rejects(
        openStoreWriter({ folder }),
        refused(kind, /takeover\.sqlite .*(damaged|no readable)/),
        name,
      );
      assert.ok(readFileSync(file).equals(bytes), `${name}: the file is left as it is`);
    }
    writeFileSync(file, healthy);
    await (await openWriter(folder)).close();
  }));

test('foreign, newer, missing and locked projects are refused with the remedy', () =>
  inFolder(async (folder) => {
    const make = (name: string, change: string) => {
      const where = `${folder}/${name}`;
      const database = openForWriting(where);
      database.exec(change);
      database.close();
      return where;
    };
    const foreign = make('foreign', 'PRAGMA application_id = 1');
    await assert.rejects(openStoreWriter({ folder: foreign }), refused('foreign', /another program/));
    const newer = make('newer', 'PRAGMA user_version = 99');
    await assert.rejects(openStoreWriter({ folder: newer }), refused('too-new', /schema version 99/));
    mkdirSync(`${folder}/empty`);
    await assert.rejects(openStoreReader(`${folder}/empty`), /There is no project file/);
    const held = await openWriter(`${folder}/held`);
    const mine = new RegExp(`in use by another engine \\(process ${process.pid}\\)`);
    await assert.rejects(openStoreWriter({ folder: `${folder}/held` }), refused('locked', mine));
    await held.close();
    await (await openWriter(`${folder}/held`)).close();
  }));

test('migrations run in order, each in one transaction, and keep what is stored', () =>
  inFolder((folder) => {
    const database = openForWriting(folder);
    database.exec('INSERT INTO session VALUES (1, 5)');
    const next: Migration = {
      version: SCHEMA_VERSION + 1,
      name: 'next',
      sql: 'ALTER TABLE session ADD COLUMN note TEXT',
    };
    const broken: Migration = {
      version: SCHEMA_VERSION + 2,
      name: 'broken',
      sql: 'CREATE TABLE half (x INTEGER); NONSENSE',
    };
    assert.deepEqual(
      MIGRATIONS.map(({ version }) => version),
      MIGRATIONS.map((_, index) => index + 1),
    );
    assert.throws(() => migrate(database, 1, [...MIGRATIONS, next, broken]), /NONSENSE/);
    assert.equal(
      database.pragma('user_version', { simple: true }),
      SCHEMA_VERSION + 1,
      'the broken one left nothing behind',
    );
    assert.deepEqual(database.prepare('SELECT * FROM session').all(), [{ id: 1, started_at_ms: 5, note: null }]);
    assert.equal(database.prepare(`SELECT name FROM sqlite_schema WHERE name = 'half'`).get(), undefined);
    database.close();
  }));

test('at the reserve recording stops: what was handed over is kept, what comes after is named', () =>
  inFolder((folder) => {
    const database = openForWriting(folder);
    let free = 1000;
    const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => free, reserveBytes: 500 });
    const rng = createRng(1);
    const send = (...commands: Command[]) => recorder.apply(commands).problems.map(({ message }) => message);
    const append = (index: number): Command => ({ kind: 'step', episodeId: 1, step: step(rng, index) });
    assert.deepEqual(send({ kind: 'begin', episodeId: 1, start: start(rng) }, append(0)), []);
    free = 400;
    assert.match(send(append(1))[0] ?? '', /Recording stops: 400 bytes are free .* 500 are kept in reserve/);
    assert.equal(recorder.state().full, true);
    const end: Command = { kind: 'end', episodeId: 1, end: { outcome: 'truncated', judge: 'engine' }, lostSteps: 0 };
    assert.deepEqual(send(append(2), end), [], 'the steps under way fit into the reserve');
    assert.match(send({ kind: 'begin', episodeId: 2, start: start(rng) })[0] ?? '', /Not stored: begin of episode 2/);
    assert.equal(createQueries(database).episode(1)?.steps, 3);
    free = 1000;
    assert.equal(recorder.checkDisk().changed, true);
    assert.deepEqual(send({ kind: 'begin', episodeId: 3, start: start(rng) }), []);
    database.close();
  }));

test('a disk that is full in the middle of an episode: every lost step is named, the file stays sound', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder, { maxFileBytes: 1_000_000 });
    const problems: { readonly message: string; readonly fatal: boolean }[] = [];
    writer.onProblem((problem) => problems.push(problem));
    const rng = createRng(1);
    const size = { sizePx: 64, taxels: 8, embeddingSize: 16 };
    const episodeId = writer.beginEpisode(start(rng, 'run', size));
    const steps: StepRecord[] = Array.from({ length: 200 }, (_, index) => step(rng, index, 'policy', size));
    for (const one of steps) writer.appendStep(episodeId, one);
    await writer.drained();
    assert.equal(writer.pressure().full, true);
    writer.endEpisode(episodeId, { outcome: 'success', judge: 'simulator' });
    await writer.drained();
    await writer.close();
    assert.match(problems[0]?.message ?? '', /Step \d+ of episode 1 and those after it are not stored: .*full/);
    const first = Number(/Step (\d+)/.exec(problems[0]?.message ?? '')?.[1]);
    const summed = problems.find(({ message }) => /steps lost/.test(message));
    assert.match(summed?.message ?? '', new RegExp(`${200 - first} steps lost, from step ${first} to step 199`));
    assert.ok(problems.every(({ fatal }) => fatal));
    const database = openForReading(folder);
    assert.equal(database.pragma('integrity_check', { simple: true }), 'ok');
    assert.equal(createQueries(database).episode(1)?.steps, first);
    database.close();
    const again = await openWriter(folder);
    await again.close();
  }));
