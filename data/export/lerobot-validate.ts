/**
 * Reads a LeRobotDataset v3.0 again and lists the faults that would trouble a reader. It checks counts, row order, row
 * groups and times, the video frames, the statistics, and the pandas index of the task table.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText } from '../store-error.ts';
import { type ParquetFacts, readParquet } from './parquet.ts';
import { STATISTIC_NAMES } from './statistics.ts';
import { inspectVideo } from './video.ts';

/** Tolerance between a frame's time and the time asked for, as in lerobot. */
const TOLERANCE_SEC = 1e-4;

const infoSchema = z.object({
  codebase_version: z.literal('v3.0'),
  fps: z.int().positive(),
  total_episodes: z.int(),
  total_frames: z.int(),
  total_tasks: z.int(),
  data_path: z.string(),
  video_path: z.string().nullable(),
  splits: z.object({ train: z.string() }),
  features: z.record(
    z.string(),
    z.object({
      dtype: z.string(),
      shape: z.array(z.int()),
      names: z.array(z.string()).nullable(),
    }),
  ),
});
type Info = z.infer<typeof infoSchema>;

const DEFAULT_FEATURES = ['timestamp', 'frame_index', 'episode_index', 'index', 'task_index'];

type Complain = (message: string) => void;

export async function validateLerobot(folder: string): Promise<readonly string[]> {
  const problems: string[] = [];
  const complain: Complain = (message) => problems.push(message);
  try {
    const info = infoSchema.parse(JSON.parse(readFileSync(join(folder, 'meta/info.json'), 'utf8')));
    checkFeatures(info, complain);
    await checkTasks(folder, info, complain);
    checkStatistics(folder, info, complain);
    const rows: EpisodeRow[] = [];
    for (const file of parquetFiles(join(folder, 'meta/episodes'))) rows.push(...(await readParquet(file)).rows);
    checkEpisodeStatistics(rows, complain);
    if (rows.length !== info.total_episodes)
      complain(`info.json counts ${info.total_episodes} episodes; the episode table has ${rows.length}`);
    if (info.splits.train !== `0:${info.total_episodes}`)
      complain(`splits.train is ${info.splits.train}; expected 0:${info.total_episodes}`);
    await checkData(folder, info, rows, complain);
    await checkVideos(folder, info, rows, complain);
  } catch (error) {
    complain(`cannot be read: ${errorText(error)}`);
  }
  return problems;
}

function checkFeatures(info: Info, complain: Complain): void {
  for (const key of DEFAULT_FEATURES) if (!info.features[key]) complain(`the default feature ${key} is missing`);
  for (const [key, { dtype, shape, names }] of Object.entries(info.features)) {
    if (key.includes('/')) complain(`the feature name ${key} contains a slash`);
    if (dtype === 'video' && (shape.length !== 3 || names?.length !== 3))
      complain(`${key}: a video needs a shape and names of three`);
    else if (names && dtype !== 'video' && names.length !== shape[0])
      complain(`${key}: ${names.length} names for a shape of ${shape.join('×')}`);
  }
}

async function checkTasks(folder: string, info: Info, complain: Complain): Promise<void> {
  const tasks = await readParquet(join(folder, 'meta/tasks.parquet'));
  if (tasks.rows.length !== info.total_tasks)
    complain(`info.json counts ${info.total_tasks} tasks; tasks.parquet has ${tasks.rows.length}`);
  const pandas = z
    .object({ index_columns: z.array(z.string()) })
    .safeParse(JSON.parse(tasks.metadata['pandas'] ?? 'null'));
  if (!pandas.success || pandas.data.index_columns[0] !== 'task')
    complain("tasks.parquet does not name 'task' as the pandas index");
  tasks.rows.forEach((row, index) => {
    if (Number(row['task_index']) !== index || typeof row['task'] !== 'string')
      complain(`row ${index} of tasks.parquet is no task with this index`);
  });
}

function checkStatistics(folder: string, info: Info, complain: Complain): void {
  const stats: unknown = JSON.parse(readFileSync(join(folder, 'meta/stats.json'), 'utf8'));
  const table = z.record(z.string(), z.record(z.string(), z.array(z.unknown()))).parse(stats);
  for (const [key, { dtype, shape }] of Object.entries(info.features)) {
    const entry = table[key];
    const expected = dtype === 'video' ? 3 : (shape[0] ?? 1);
    if (!entry) complain(`stats.json has nothing on ${key}`);
    else if (entry['count']?.length !== 1) complain(`stats.json: the count of ${key} is not one number`);
    else
      for (const name of STATISTIC_NAMES)
        if (entry[name]?.length !== expected) complain(`stats.json: ${name} of ${key} has not ${expected} entries`);
        else if (!onlyFinite(entry[name])) complain(`stats.json: ${name} of ${key} is not a finite number`);
  }
}

/** True when the numbers of a cell, in lists of any depth, are all finite. JSON writes `null` for one that is not. */
function onlyFinite(cell: unknown): boolean {
  return Array.isArray(cell) ? cell.every(onlyFinite) : Number.isFinite(typeof cell === 'bigint' ? Number(cell) : cell);
}

/** Checks the statistics of each episode, which readers combine. */
function checkEpisodeStatistics(rows: readonly EpisodeRow[], complain: Complain): void {
  for (const [index, row] of rows.entries()) {
    const bad = Object.keys(row).find((key) => key.startsWith('stats/') && !onlyFinite(row[key]));
    if (bad !== undefined) complain(`episode ${index}: ${bad} is not a finite number`);
  }
}

function parquetFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

type EpisodeRow = Readonly<Record<string, unknown>>;

async function checkData(
  folder: string,
  info: Info,
  episodes: readonly EpisodeRow[],
  complain: Complain,
): Promise<void> {
  const lengths = episodes.map((row) => Number(row['length']));
  const numbers = Object.entries(info.features).filter(([, { dtype }]) => dtype !== 'video');
  const groups: number[] = [];
  let index = 0;
  let episodeIndex = 0;
  let frame = 0;
  // The files are read one by one, because a dataset need not fit into memory.
  for (const path of parquetFiles(join(folder, 'data'))) {
    const file = await readParquet(path);
    groups.push(...file.rowGroupSizes);
    checkColumns(file, numbers, complain);
    for (const row of file.rows) {
      const place = ['index', 'episode_index', 'frame_index'].map((key) => Number(row[key]));
      if (place.join() !== [index, episodeIndex, frame].join())
        complain(`row ${index} says index, episode, frame ${place.join(', ')}`);
      if (Math.abs(Number(row['timestamp']) - frame / info.fps) > TOLERANCE_SEC)
        complain(`row ${index}: timestamp ${String(row['timestamp'])}; expected ${frame / info.fps}`);
      if (Number(row['task_index']) >= info.total_tasks) complain(`row ${index}: there is no such task`);
      checkShapes(row, index, numbers, complain);
      index++;
      frame++;
      if (frame < (lengths[episodeIndex] ?? 0)) continue;
      episodeIndex++;
      frame = 0;
    }
  }
  if (groups.join() !== lengths.join())
    complain(`row groups of ${groups.join(', ')} rows; expected one per episode: ${lengths.join(', ')}`);
  if (index !== info.total_frames) complain(`info.json counts ${info.total_frames} frames; the data has ${index} rows`);
  checkRanges(episodes, lengths, complain);
}

function checkRanges(episodes: readonly EpisodeRow[], lengths: readonly number[], complain: Complain): void {
  let from = 0;
  for (const [index, episode] of episodes.entries()) {
    const range = [Number(episode['dataset_from_index']), Number(episode['dataset_to_index'])];
    const to = from + (lengths[index] ?? 0);
    if (range.join() !== [from, to].join())
      complain(`episode ${index} claims rows ${range.join(' to ')}; expected ${from} to ${to}`);
    from = to;
  }
}

function checkColumns(
  file: ParquetFacts,
  features: readonly (readonly [string, Info['features'][string]])[],
  complain: Complain,
): void {
  const missing = features.filter(([key]) => !file.columns.includes(key)).map(([key]) => key);
  const extra = file.columns.filter((column) => !features.some(([key]) => key === column));
  if (missing.length + extra.length > 0)
    complain(`data columns: missing ${missing.join(', ') || 'none'}, not in features ${extra.join(', ') || 'none'}`);
}

function checkShapes(
  row: EpisodeRow,
  index: number,
  features: readonly (readonly [string, Info['features'][string]])[],
  complain: Complain,
): void {
  for (const [key, { shape }] of features) {
    const cell = row[key];
    const length = Array.isArray(cell) ? cell.length : 1;
    if (cell === undefined || cell === null || length !== (shape[0] ?? 1))
      complain(`row ${index}: ${key} has ${length} numbers; expected ${shape.join('×')}`);
  }
}

async function checkVideos(
  folder: string,
  info: Info,
  episodes: readonly EpisodeRow[],
  complain: Complain,
): Promise<void> {
  const three = (value: unknown) => String(Number(value)).padStart(3, '0');
  for (const [key, { dtype, shape }] of Object.entries(info.features)) {
    if (dtype !== 'video') continue;
    for (const [episodeIndex, row] of episodes.entries()) {
      const at = (name: string) => row[`videos/${key}/${name}`];
      const file = `videos/${key}/chunk-${three(at('chunk_index'))}/file-${three(at('file_index'))}.mp4`;
      if (!existsSync(join(folder, file))) {
        complain(`${file} is missing`);
        continue;
      }
      const { timesSec, widthPx, heightPx, durationSec } = await inspectVideo(join(folder, file));
      const length = Number(row['length']);
      if (timesSec.length !== length)
        complain(`${file} has ${timesSec.length} frames; episode ${episodeIndex} has ${length} rows`);
      if (heightPx !== shape[0] || widthPx !== shape[1]) complain(`${file} is ${widthPx}×${heightPx}`);
      const off = timesSec.findIndex((time, frame) => Math.abs(time - frame / info.fps) > TOLERANCE_SEC);
      if (off >= 0) complain(`${file}: frame ${off} is at ${timesSec[off]} s; expected ${off / info.fps}`);
      if (Math.abs(durationSec - length / info.fps) > TOLERANCE_SEC)
        complain(
          `${file} lasts ${durationSec} s; expected ${length / info.fps}, or its average rate is not ${info.fps}`,
        );
      if (Math.abs(Number(at('to_timestamp')) - length / info.fps) > TOLERANCE_SEC)
        complain(`episode ${episodeIndex}: to_timestamp of ${key} is ${String(at('to_timestamp'))}`);
    }
  }
}
