/**
 * A project folder that disappears and comes back. Each change is reported once, no episode begins meanwhile, and
 * recording continues afterwards.
 */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForReading, openForWriting } from '../../data/database.ts';
import { createQueries } from '../../data/reading/queries.ts';
import type { Command } from '../../data/recording/commands.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import type { Problem } from '../../data/records.ts';
import { createRng } from '../../main/api/rng.ts';
import { inFolder, openWriter, recordEpisode, start, step } from './fixture.ts';

test('a disk that cannot be asked: the episode under way is stored, none is begun, and it is told once', () =>
  inFolder((folder) => {
    const database = openForWriting(folder);
    let free: number | undefined = 1000;
    const freeBytes = () => {
      if (free === undefined) throw new Error('ENOENT: it is not there');
      return free;
    };
    const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes, reserveBytes: 500 });
    const rng = createRng(1);
    const told = (problems: readonly Problem[]) => problems.map(({ message, fatal }) => `${fatal} ${message}`);
    const send = (...commands: Command[]) => told(recorder.apply(commands).problems);
    const append = (episodeId: number, index: number): Command => ({ kind: 'step', episodeId, step: step(rng, index) });
    const end: Command = { kind: 'end', episodeId: 1, end: { outcome: 'truncated', judge: 'engine' }, lostSteps: 0 };
    assert.deepEqual(send({ kind: 'begin', episodeId: 1, start: start(rng) }, append(1, 0)), []);
    free = undefined;
    const gone = recorder.checkDisk();
    assert.equal(gone.changed, true);
    assert.deepEqual(told(gone.problems), [
      "true Recording stops: the project's folder cannot be reached: ENOENT: it is not there.",
    ]);
    assert.deepEqual(recorder.checkDisk(), { changed: false, problems: [] }, 'told once');
    assert.equal(recorder.state().unreachable, true);
    assert.equal(recorder.state().full, false, 'the disk is not blamed');
    assert.deepEqual(send(append(1, 1), end), []);
    assert.match(
      send({ kind: 'begin', episodeId: 2, start: start(rng) })[0] ?? '',
      /begin of episode 2: .*cannot be reached/,
    );
    free = 1000;
    assert.deepEqual(told(recorder.checkDisk().problems), ["false The project's folder is back."]);
    assert.equal(recorder.state().unreachable, false);
    assert.deepEqual(send({ kind: 'begin', episodeId: 3, start: start(rng) }, append(3, 0)), []);
    const queries = createQueries(database);
    assert.deepEqual([queries.episode(1)?.steps, queries.episode(3)?.steps], [2, 1]);
    database.close();
  }));

test('a disk that cannot be asked when the project is opened is told too', () =>
  inFolder((folder) => {
    const database = openForWriting(folder);
    const freeBytes = () => {
      throw new Error('EIO');
    };
    const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes, reserveBytes: 500 });
    assert.match(recorder.found[0]?.message ?? '', /cannot be reached: EIO/);
    assert.equal(recorder.state().unreachable, true);
    database.close();
  }));

test('the folder is renamed away under a running writer, and renamed back', () =>
  inFolder(async (root) => {
    const [folder, elsewhere] = [join(root, 'project'), join(root, 'elsewhere')];
    const writer = await openWriter(folder);
    const rng = createRng(2);
    const waiting: ((problem: Problem) => void)[] = [];
    const told: Problem[] = [];
    writer.onProblem((problem) => {
      told.push(problem);
      waiting.shift()?.(problem);
    });
    const nextProblem = () => new Promise<Problem>((resolve) => waiting.push(resolve));
    recordEpisode(writer, rng, ['policy', 'human']);
    await writer.drained();
    const gone = nextProblem();
    renameSync(folder, elsewhere);
    assert.match((await gone).message, /Recording stops: .*takeover\.sqlite is not there/);
    assert.equal(writer.pressure().unreachable, true);

    // Another folder in its place is not the project.
    mkdirSync(folder);
    openForWriting(folder).close();
    await writer.drained();
    assert.equal(writer.pressure().unreachable, true);
    renameSync(folder, join(root, 'impostor'));

    const back = nextProblem();
    renameSync(elsewhere, folder);
    assert.match((await back).message, /folder is back/);
    assert.deepEqual([writer.pressure().unreachable, writer.pressure().stopped], [false, false]);
    const episodeId = recordEpisode(writer, rng, ['policy', 'human', 'human']);
    await writer.drained();
    assert.equal(told.length, 2, told.map(({ message }) => message).join('\n'));
    await writer.close();
    const database = openForReading(folder);
    assert.equal(createQueries(database).episode(episodeId)?.steps, 3);
    database.close();
  }));
