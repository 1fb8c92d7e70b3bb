/** Exports as a window asks for them, with a real project and the real process: progress, one at a time, refusals, cancelling. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateLerobot } from '../../data/export/lerobot-validate.ts';
import { readingAfter } from '../../data/read-after-write.ts';
import { createRng } from '../../main/api/rng.ts';
import type { ExportProgress } from '../../main/engine/services.ts';
import { createExportService } from '../../main/runs/export-service.ts';
import { inFolder, openReader, openWriter, recordEpisode } from '../data/fixture.ts';
import { virtualClock } from './fake-trainer.ts';

const ACTORS = ['policy', 'mixed', 'human', 'policy'] as const;
const SIZE = { sizePx: 32, taxels: 4, embeddingSize: 6 };

async function project(folder: string, episodes: number) {
  const writer = await openWriter(folder);
  const rng = createRng(5);
  const ids = Array.from({ length: episodes }, () => recordEpisode(writer, rng, ACTORS, { size: SIZE }));
  if (ids[1] !== undefined) writer.discardEpisode(ids[1]);
  await writer.drained();
  await writer.close();
  const reader = await openReader(folder);
  const service = createExportService({ projectFolder: folder, reader, clock: virtualClock() });
  const told: ExportProgress[] = [];
  const ended = Promise.withResolvers<ExportProgress>();
  service.onProgress((progress) => {
    told.push(progress);
    if (progress.state !== 'running') ended.resolve(progress);
  });
  return { service, told, ended: ended.promise };
}

test('the finished episodes that are not discarded, into a folder named by the time; told from start to end', () =>
  inFolder(async (folder) => {
    const { service, told, ended } = await project(folder, 3);
    const request = { format: 'lerobot-v3', directory: undefined, includeDiscarded: false } as const;
    const [first, second] = await Promise.all([service.start(request), service.start(request)]);
    assert.equal(second.kind, 'refused', 'one at a time, also in the same moment');
    const directory = join(folder, 'exports', 'lerobot-v3-2023-11-14T22-13-20');
    assert.deepEqual(first, { kind: 'done', value: { exportId: 1, directory } });
    assert.equal((await service.start(request)).kind, 'refused');
    assert.deepEqual(await ended, {
      ...{ exportId: 1, directory, state: 'finished', fraction: 1, message: '2 episodes, 8 frames' },
    });
    const fractions = told.map(({ fraction }) => fraction);
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
      'the bar never goes back',
    );
    assert.deepEqual(await validateLerobot(directory), []);
  }));

test('discarded episodes on demand; a folder that is in use is refused and left as it was', () =>
  inFolder(async (folder) => {
    const { service, ended } = await project(folder, 2);
    const directory = join(folder, 'mine');
    mkdirSync(directory);
    writeFileSync(join(directory, 'letter.txt'), 'dear');
    const started = await service.start({ format: 'lerobot-v3', directory, includeDiscarded: true });
    assert.equal(started.kind, 'done');
    const end = await ended;
    assert.equal(end.state, 'failed');
    assert.match(end.message ?? '', /mine/);
    assert.ok(existsSync(join(directory, 'letter.txt')));
    const again = await project(folder, 0);
    await again.service.start({ format: 'lerobot-v3', directory: join(folder, 'all'), includeDiscarded: true });
    assert.equal((await again.ended).message, '2 episodes, 8 frames');
  }));

test('nothing to export is said; closing cancels and leaves no folder behind', () =>
  inFolder(async (folder) => {
    const empty = await project(join(folder, 'empty'), 0);
    const request = { format: 'lerobot-v3', directory: undefined, includeDiscarded: false } as const;
    const answer = await empty.service.start(request);
    assert.match(answer.kind === 'refused' ? answer.message : '', /no finished episode/);

    const { service, ended } = await project(join(folder, 'some'), 1);
    const started = await service.start(request);
    service.close();
    assert.equal((await ended).state, 'failed');
    assert.equal(started.kind === 'done' && existsSync(started.value.directory), false);
  }));

test('what was discarded in the same moment is not exported', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const rng = createRng(6);
    for (let episode = 0; episode < 3; episode++) recordEpisode(writer, rng, ACTORS, { size: SIZE });
    await writer.drained();
    const reader = readingAfter(writer, await openReader(folder));
    const service = createExportService({ projectFolder: folder, reader, clock: virtualClock() });
    const ended = new Promise<ExportProgress>((resolve) =>
      service.onProgress((progress) => {
        if (progress.state !== 'running') resolve(progress);
      }),
    );
    writer.discardEpisode(2);
    await service.start({ format: 'lerobot-v3', directory: join(folder, 'out'), includeDiscarded: false });
    assert.equal((await ended).message, '2 episodes, 8 frames');
  }));
