/** LeRobotDataset v3.0 exports: golden metadata, values to the bit, checks that notice damage, refusals and cancelling. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForReading } from '../../data/database.ts';
import type { ExportOptions } from '../../data/export/format.ts';
import { lerobotV3 } from '../../data/export/lerobot-v3.ts';
import { createParquetFile, readParquet } from '../../data/export/parquet.ts';
import { combineStatistics, statisticsOf } from '../../data/export/statistics.ts';
import { i420FromRgb, writeVideo } from '../../data/export/video.ts';
import { createQueries } from '../../data/reading/queries.ts';
import { createRng } from '../../main/api/rng.ts';
import { decodeLuma } from './decode-luma.ts';
import { inFolder, openWriter, type PictureSize, recordEpisode } from './fixture.ts';

const SIZE: PictureSize = { sizePx: 32, taxels: 4, embeddingSize: 6 };
const GOLDEN = new URL('./golden/lerobot-v3.json', import.meta.url);

/** Two exported episodes around a discarded one: a corrected run that failed, and a demonstration. */
async function record(folder: string): Promise<void> {
  const rng = createRng(1);
  const writer = await openWriter(folder);
  recordEpisode(writer, rng, ['policy', 'mixed', 'human', 'human', 'policy'], {
    size: SIZE,
    end: { outcome: 'truncated', judge: 'time-limit' },
  });
  writer.discardEpisode(recordEpisode(writer, rng, ['policy', 'policy'], { size: SIZE }));
  recordEpisode(writer, rng, ['human', 'human', 'human'], {
    size: SIZE,
    mode: 'demonstrate',
    start: { task: 'lift' },
  });
  await writer.drained();
  await writer.close();
}

async function exported<T>(
  body: (dataset: string, folder: string, queries: ReturnType<typeof createQueries>) => Promise<T>,
): Promise<T> {
  return inFolder(async (folder) => {
    await record(folder);
    const database = openForReading(folder);
    const queries = createQueries(database);
    const outFolder = join(folder, 'out', 'dataset');
    await lerobotV3.write(queries, options(outFolder));
    const result = await body(outFolder, folder, queries);
    database.close();
    return result;
  });
}

function options(outFolder: string): ExportOptions {
  return { outFolder, reporter: { warn: (message) => assert.fail(message) } };
}

test('the metadata is as agreed, and nothing is wrong with the dataset', () =>
  exported(async (dataset, folder) => {
    assert.deepEqual(await lerobotV3.validate(dataset), []);
    assert.deepEqual(readdirSync(join(folder, 'out')), ['dataset'], 'no work folder is left');
    const files = readdirSync(dataset, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(dataset.length + 1))
      .sort();
    const data = await readParquet(join(dataset, 'data/chunk-000/file-000.parquet'));
    const tasks = await readParquet(join(dataset, 'meta/tasks.parquet'));
    const episodes = await readParquet(join(dataset, 'meta/episodes/chunk-000/file-000.parquet'));
    const readable = (rows: readonly unknown[]): unknown =>
      JSON.parse(JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)));
    const flags = ['next.reward', 'next.done', 'next.truncated', 'next.success', 'intervention'];
    const golden = {
      files,
      info: JSON.parse(readFileSync(join(dataset, 'meta/info.json'), 'utf8')),
      tasks: { rows: readable(tasks.rows), pandas: JSON.parse(tasks.metadata['pandas'] ?? '') },
      dataColumns: data.columns,
      rowGroups: data.rowGroupSizes,
      flags: data.rows.map((row) => flags.map((key) => Number(row[key]))),
      episodeColumns: episodes.columns.filter((name) => !/^stats\/(?!action|observation\.images\.wrist)/.test(name)),
      episodes: readable(
        episodes.rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !key.startsWith('stats')))),
      ),
    };
    const text = `${JSON.stringify(golden, undefined, 2)}\n`;
    if (process.env['UPDATE_GOLDEN']) {
      mkdirSync(new URL('.', GOLDEN), { recursive: true });
      writeFileSync(GOLDEN, text);
    }
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(GOLDEN, 'utf8')));
  }));

test('rows hold what was recorded, and videos show it', () =>
  exported(async (dataset, _folder, queries) => {
    const { rows } = await readParquet(join(dataset, 'data/chunk-000/file-000.parquet'));
    const episode = queries.episodeRow(1)!;
    const observations = queries.observations(1);
    queries.transitions(episode).forEach((step, index) => {
      const row = rows[index] ?? {};
      assert.deepEqual(row['action'], [...step.action]);
      assert.deepEqual(row['observation.proprioception'], [...(observations[index]?.proprioception ?? [])]);
      assert.deepEqual(row['observation.tactile.left'], [...(queries.tactile(1, index)[0]?.forceN ?? [])]);
      const state = row['observation.state'];
      assert.ok(Array.isArray(state) && state.length === 27);
      assert.equal(state[2], Math.fround(observations[index]?.baseFromTool.positionM[2] ?? 0));
    });
    const decoded = await decodeLuma(join(dataset, 'videos/observation.images.side/chunk-000/file-000.mp4'));
    assert.equal(decoded.length, 5);
    const wanted = i420FromRgb(queries.pictures(1, 4)!.frames[1]!);
    const difference = decoded[4]!.reduce((sum, value, at) => sum + Math.abs(value - (wanted[at] ?? 0)), 0);
    assert.ok(difference / decoded[4]!.length < 12);
  }));

test('the check notices what readers stumble over', () =>
  exported(async (dataset, _folder, queries) => {
    const info = join(dataset, 'meta/info.json');
    const text = readFileSync(info, 'utf8');
    writeFileSync(info, text.replace('"total_frames": 8', '"total_frames": 9'));
    assert.match((await lerobotV3.validate(dataset)).join('\n'), /counts 9 frames; the data has 8 rows/);
    writeFileSync(info, text);

    const video = join(dataset, 'videos/observation.images.wrist/chunk-000/file-001.mp4');
    const frames = [0, 1].map((index) => queries.pictures(3, index)!.frames[0]!);
    await writeVideo(video, frames, 10);
    assert.match((await lerobotV3.validate(dataset)).join('\n'), /2 frames; episode 1 has 3 rows/);
    rmSync(video);
    assert.match((await lerobotV3.validate(dataset)).join('\n'), /file-001\.mp4 is missing/);

    const tasks = createParquetFile(join(dataset, 'meta/tasks.parquet'), [
      { name: 'task_index', type: 'INT64' },
      { name: 'task', type: 'STRING' },
    ]);
    tasks.writeGroup([{ task_index: 0n, task: 'x' }]);
    tasks.finish();
    assert.match((await lerobotV3.validate(dataset)).join('\n'), /2 tasks; tasks\.parquet has 1/);
    rmSync(join(dataset, 'meta'), { recursive: true });
    assert.match((await lerobotV3.validate(dataset)).join('\n'), /cannot be read: .*info\.json/);
  }));

test('a folder with something in it is refused; cancelling leaves nothing behind', () =>
  exported(async (dataset, folder, queries) => {
    const refusal = { message: /is not an empty folder \(data is in it\)\.$/, remedy: /^Choose another/ };
    await assert.rejects(lerobotV3.write(queries, options(dataset)), refusal);
    const cancel = new AbortController();
    const outFolder = join(folder, 'cancelled');
    const seen: number[] = [];
    const cancelled = lerobotV3.write(queries, {
      ...options(outFolder),
      signal: cancel.signal,
      onProgress: ({ doneEpisodes }) => {
        seen.push(doneEpisodes);
        cancel.abort();
      },
    });
    await assert.rejects(cancelled, /cancelled/);
    assert.deepEqual(seen, [1]);
    assert.ok(!readdirSync(folder).some((name) => name.includes('cancelled')));
    const none = lerobotV3.write(queries, { ...options(outFolder), choice: { episodes: [[77, 77]] } });
    await assert.rejects(none, /There is no episode 77/);
  }));

test('an export is a process that prints JSON lines', () =>
  inFolder(async (folder) => {
    await record(folder);
    const program = new URL('../../data/export/export-process.ts', import.meta.url).pathname;
    const run = (format: string, outFolder: string) => {
      const input = JSON.stringify({ projectFolder: folder, format, outFolder });
      const { stdout, status } = spawnSync(process.execPath, [program], { encoding: 'utf8', input });
      const lines = stdout.trim().split('\n');
      return { status, lines: lines.map((line): Record<string, unknown> => JSON.parse(line)) };
    };
    const out = join(folder, 'dataset');
    const good = run('lerobot-v3', out);
    assert.equal(good.status, 0);
    assert.deepEqual(
      good.lines.map(({ kind, doneFrames }) => [kind, doneFrames]),
      [
        ['chosen', undefined],
        ['progress', 5],
        ['progress', 8],
        ['done', undefined],
      ],
    );
    const leftOut = { notChosen: 0, notEnded: 0, discarded: 1, withoutSteps: 0 };
    assert.deepEqual(good.lines[0], { kind: 'chosen', episodes: 2, leftOut });
    const { bytes, ...rest } = good.lines[3] ?? {};
    assert.deepEqual(rest, { kind: 'done', format: 'lerobot-v3', out, episodes: 2, frames: 8, leftOut, problems: [] });
    assert.ok(Number(bytes) > 10_000);
    const bad = run('rlds', join(folder, 'other'));
    assert.equal(bad.status, 1);
    const refusal = { message: "There is no format 'rlds'.", remedy: 'Choose one of: lerobot-v3.', cancelled: false };
    assert.deepEqual(bad.lines, [{ kind: 'error', ...refusal }]);
    assert.ok(!existsSync(join(folder, 'other')));
  }));

test('statistics: of rows as numpy has them, of the whole from its parts', () => {
  const rows = [[1], [2], [4], [8]];
  const whole = statisticsOf(rows);
  assert.deepEqual([whole.min, whole.max, whole.mean, whole.q50], [[1], [8], [3.75], [3]]);
  assert.ok(Math.abs((whole.q90[0] ?? 0) - 6.8) < 1e-12);
  const parts = combineStatistics([statisticsOf(rows.slice(0, 1)), statisticsOf(rows.slice(1))]);
  assert.deepEqual([parts.min, parts.max, parts.count], [[1], [8], 4]);
  assert.ok(Math.abs((parts.std[0] ?? 0) - (whole.std[0] ?? 0)) < 1e-12);
});
