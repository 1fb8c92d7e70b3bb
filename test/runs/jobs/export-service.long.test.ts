/**
 * Exports as a window asks for them, with a real project and the real process: progress, one at a time, refusals,
 * cancelling.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForWriting } from '../../../data/database.ts';
import { validateLerobot } from '../../../data/export/lerobot-validate.ts';
import { createRng } from '../../../main/api/rng.ts';
import type { ExportProgress } from '../../../main/engine/services.ts';
import { startExport } from '../../../main/runs/jobs/export-process.ts';
import { createExportService } from '../../../main/runs/jobs/export-service.ts';
import { holdTarget } from '../../data/export-holder.ts';
import { inFolder, openWriter, recordEpisode } from '../../data/fixture.ts';
import { virtualClock } from '../fake-trainer.ts';

const ACTORS = ['policy', 'mixed', 'human', 'policy'] as const;
const SIZE = { sizePx: 32, taxels: 4, embeddingSize: 6 };

async function project(folder: string, episodes: number) {
  const writer = await openWriter(folder);
  const rng = createRng(5);
  const ids = Array.from({ length: episodes }, () => recordEpisode(writer, rng, ACTORS, { size: SIZE }));
  if (ids[1] !== undefined) writer.discardEpisode(ids[1]);
  await writer.drained();
  await writer.close();
  const service = createExportService({ projectFolder: folder, clock: virtualClock() });
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
    const leftOut = 'left out: 1 discarded';
    assert.deepEqual(first, { kind: 'done', value: { exportId: 1, directory, episodes: 2, leftOut } });
    assert.equal((await service.start(request)).kind, 'refused');
    assert.deepEqual(await ended, {
      ...{ exportId: 1, directory, state: 'finished', fraction: 1, message: `2 episodes, 8 frames; ${leftOut}` },
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
    const { service, told } = await project(folder, 2);
    const directory = join(folder, 'mine');
    mkdirSync(directory);
    writeFileSync(join(directory, 'letter.txt'), 'dear');
    const refusal = await service.start({ format: 'lerobot-v3', directory, includeDiscarded: true });
    assert.ok(refusal.kind === 'refused');
    assert.match(refusal.message, /mine is not an empty folder \(letter\.txt is in it\)/);
    assert.match(refusal.remedy, /Choose another folder/);
    assert.deepEqual(told, [], 'a refusal is told once, in the answer');
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
    await service.close();
    assert.equal((await ended).state, 'failed');
    assert.equal(started.kind === 'done' && existsSync(started.value.directory), false);
  }));

test('what was discarded in the same moment is not exported', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const rng = createRng(6);
    for (let episode = 0; episode < 3; episode++) recordEpisode(writer, rng, ACTORS, { size: SIZE });
    await writer.drained();
    const service = createExportService({
      ...{ projectFolder: folder, clock: virtualClock() },
      stored: () => writer.drained(),
    });
    const ended = new Promise<ExportProgress>((resolve) =>
      service.onProgress((progress) => {
        if (progress.state !== 'running') resolve(progress);
      }),
    );
    writer.discardEpisode(2);
    await service.start({ format: 'lerobot-v3', directory: join(folder, 'out'), includeDiscarded: false });
    assert.equal((await ended).message, '2 episodes, 8 frames; left out: 1 discarded');
  }));

test('a choice travels to the process; what it does not choose is counted in the answer and at the end', () =>
  inFolder(async (folder) => {
    const { service, ended } = await project(folder, 3);
    const choice = {
      task: 'insert',
      buffer: 'rl',
      observation: 'pixels',
      outcome: 'success',
      episodes: [[2, 3]],
    } as const;
    const started = await service.start({
      format: 'lerobot-v3',
      directory: undefined,
      includeDiscarded: false,
      choice,
    });
    assert.ok(started.kind === 'done');
    assert.equal(started.value.leftOut, 'left out: 1 not chosen, 1 discarded');
    assert.equal((await ended).message, '1 episode, 4 frames; left out: 1 not chosen, 1 discarded');
    const none = await service.start({
      ...{ format: 'lerobot-v3', directory: undefined, includeDiscarded: false },
      choice: { task: 'lift' },
    });
    assert.ok(none.kind === 'refused');
    assert.match(none.message, /No episode is left to export \(left out: 3 not chosen\)\.$/);
    assert.match(none.remedy, /Data tab, or with --task, --observation, --buffer, --outcome and --episodes/);
  }));

test('how an export ended is told to a listener that comes later', () =>
  inFolder(async (folder) => {
    await project(folder, 1);
    const clock = virtualClock();
    const service = createExportService({ projectFolder: folder, clock });
    const started = await service.start({ format: 'lerobot-v3', directory: undefined, includeDiscarded: false });
    assert.equal(started.kind, 'done');
    await service.close();
    const told: ExportProgress[] = [];
    service.onProgress((progress) => told.push(progress));
    assert.deepEqual(
      told.map(({ state }) => state),
      ['failed'],
    );
    service.onProgress(() => assert.fail('it is told once'));
  }));

test('a project may have more episodes than the arguments of a process can name', () =>
  inFolder(async (folder) => {
    const { service, ended } = await project(folder, 3);
    const database = openForWriting(folder);
    const more = 30_000;
    database.exec(`WITH RECURSIVE number (id) AS (SELECT 4 UNION ALL SELECT id + 1 FROM number WHERE id < ${more + 3})
      INSERT INTO episode SELECT number.id, session_id, task, mode, observation, seed, policy, policy_is_candidate,
        acting_noise_std, period_ms, started_at_ms, encoder_sha256, success_by FROM number, episode WHERE episode.id = 1`);
    database.exec(`INSERT INTO verdict (sequence, kind, episode_id, outcome, judge, at_ms)
      SELECT 1000 + id, 'end', id, 'success', 'human', 0 FROM episode WHERE id > 3`);
    database.close();
    const started = await service.start({ format: 'lerobot-v3', directory: undefined, includeDiscarded: true });
    assert.equal(started.kind, 'done');
    assert.equal((await ended).message, `3 episodes, 12 frames; left out: ${more} without steps`);
  }));

test('an export whose process is stopped does not keep the engine from closing: it is killed after a bounded wait', () =>
  inFolder(async (folder) => {
    await project(folder, 1);
    const clock = virtualClock();
    const request = { projectFolder: folder, format: 'lerobot-v3', outFolder: join(folder, 'out') };
    const job = startExport(request, clock, ({ kind }) => assert.fail(`it says ${kind} and should be stopped`));
    assert.ok(job.pid !== undefined);
    process.kill(job.pid, 'SIGSTOP');
    job.cancel();
    job.cancel();
    assert.ok(clock.nextDueMs() <= 5000, 'a bounded wait');
    clock.advanceToMs(clock.nextDueMs());
    const end = await job.ended;
    assert.equal(end.kind, 'failed');
    assert.match(end.kind === 'failed' ? end.message : '', /the export ended \(SIGKILL\)/);
    assert.equal(clock.nextDueMs(), Number.POSITIVE_INFINITY, 'nothing waits any more');
  }));

test('what a killed export leaves is removed as soon as it has ended, and a dead engine’s when the next one starts', () =>
  inFolder(async (folder) => {
    await project(folder, 30);
    const out = join(folder, 'exports', 'dataset');
    let pid: number | undefined;
    let work: readonly string[] = [];
    const request = { projectFolder: folder, format: 'lerobot-v3', outFolder: out };
    const job = startExport(request, virtualClock(), ({ kind }) => {
      if (kind !== 'chosen' || pid === undefined) return;
      work = readdirSync(join(folder, 'exports'));
      process.kill(pid, 'SIGKILL');
    });
    pid = job.pid;
    assert.equal((await job.ended).kind, 'failed');
    assert.equal(work.length, 1, 'it had begun');
    assert.deepEqual(readdirSync(join(folder, 'exports')), []);

    const living = await holdTarget(join(folder, 'exports', 'living'));
    const dead = await holdTarget(join(folder, 'exports', 'dead'));
    await dead.kill();
    createExportService({ projectFolder: folder, clock: virtualClock() });
    assert.equal(existsSync(dead.work), false);
    assert.equal(existsSync(living.work), true);
    await living.kill();
  }));
