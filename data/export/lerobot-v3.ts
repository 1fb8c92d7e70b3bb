/**
 * LeRobotDataset v3.0 (lerobot codebase version "v3.0"): one row group per episode, one MP4 per episode and camera, and
 * metadata in the form of lerobot's own writer. It is written into a work folder and moved into place only when it is
 * complete.
 */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNotFinite } from '../../main/api/finite.ts';
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import { TASKS, type TaskId } from '../../main/api/task.ts';
import type { EpisodeRow, Queries } from '../reading/queries.ts';
import { StoreError } from '../store-error.ts';
import { chooseEpisodes } from './choice.ts';
import type { DatasetFormat, ExportOptions, ExportResult } from './format.ts';
import {
  dataColumns,
  dataRows,
  episodeValues,
  featuresJson,
  type Layout,
  LEAVE_OUT,
  layoutOf,
} from './lerobot-features.ts';
import { validateLerobot } from './lerobot-validate.ts';
import { type Cell, type ColumnSpec, createParquetFile, type ParquetFile, type Row } from './parquet.ts';
import {
  combineStatistics,
  createPictureStatistics,
  STATISTIC_NAMES,
  type Statistics,
  sampledIndices,
  statisticsOf,
} from './statistics.ts';
import { surveyEpisodes } from './survey.ts';
import { claimTarget } from './target.ts';
import { writeVideo } from './video.ts';
import { writeProblem } from './write-problem.ts';

export const DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet';
export const VIDEO_PATH = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4';
const CHUNK_FILES = 1000;
const DATA_FILE_MB = 100;
const VIDEO_FILE_MB = 200;

interface EpisodeMeta {
  readonly episodeId: number;
  readonly task: string;
  readonly length: number;
  readonly firstIndex: number;
  readonly dataFile: number;
  readonly statistics: ReadonlyMap<string, Statistics>;
}

function numbered(folder: string, number: number, extension: string): string {
  const three = (value: number) => String(value).padStart(3, '0');
  const chunk = join(folder, `chunk-${three(Math.floor(number / CHUNK_FILES))}`);
  mkdirSync(chunk, { recursive: true });
  return join(chunk, `file-${three(number % CHUNK_FILES)}.${extension}`);
}

/** Pictures of one episode, one after another; the last observation has no action and is not part of the dataset. */
function* cameraFrames(queries: Queries, row: EpisodeRow, length: number, camera: string): Generator<CameraFrame> {
  for (let index = 0; index < length; index++) {
    const frame = queries.pictures(row.id, index)?.frames.find((candidate) => candidate.camera === camera);
    if (!frame)
      throw new StoreError(
        'export',
        `Observation ${index} of episode ${row.id} has no picture of camera ${camera}.`,
        LEAVE_OUT,
      );
    yield frame;
  }
}

async function writeVideos(
  queries: Queries,
  row: EpisodeRow,
  episodeIndex: number,
  length: number,
  layout: Layout,
  work: string,
  statistics: Map<string, Statistics>,
): Promise<void> {
  const sampled = sampledIndices(length);
  for (const { key, camera, widthPx, heightPx } of layout.videos) {
    const gathered = createPictureStatistics();
    const watch = function* () {
      let index = 0;
      for (const frame of cameraFrames(queries, row, length, camera)) {
        if (frame.widthPx !== widthPx || frame.heightPx !== heightPx)
          throw new StoreError(
            'export',
            `Camera ${camera} changes its size to ${frame.widthPx}×${frame.heightPx} in episode ${row.id}.`,
            LEAVE_OUT,
          );
        if (sampled.has(index++)) gathered.add(frame.rgb);
        yield frame;
      }
    };
    await writeVideo(numbered(join(work, 'videos', key), episodeIndex, 'mp4'), watch(), layout.fps);
    statistics.set(key, gathered.result());
  }
}

async function write(queries: Queries, options: ExportOptions): Promise<ExportResult> {
  const { chosen, leftOut } = chooseEpisodes(
    queries.catalogue(),
    options.choice ?? {},
    options.includeDiscarded ?? false,
  );
  const target = claimTarget(options.outFolder);
  try {
    options.onChosen?.({ episodes: chosen.length, leftOut });
    const fps = surveyEpisodes(chosen, queries.contents);
    const rows = chosen.map(({ id }) => episodeRow(queries, id));
    const { metas, layout } = await writeEpisodes(queries, rows, fps, target.dataset, options);
    writeMetadata(target.dataset, layout, metas);
    const frames = metas.reduce((sum, meta) => sum + meta.length, 0);
    const bytes = folderBytes(target.dataset);
    throwIfCancelled(options);
    target.finish();
    return { format: lerobotV3.name, out: target.folder, episodes: metas.length, frames, bytes, leftOut };
  } catch (error) {
    target.abandon();
    throw writeProblem(target.folder, error);
  }
}

function throwIfCancelled({ signal }: ExportOptions): void {
  if (signal?.aborted) throw new StoreError('cancelled', 'The export was cancelled.', 'Start it again when you like.');
}

function episodeRow(queries: Queries, id: number): EpisodeRow {
  const row = queries.episodeRow(id);
  if (!row) throw new StoreError('export', `Episode ${id} has gone.`, 'Export again.');
  return row;
}

async function writeEpisodes(
  queries: Queries,
  rows: readonly EpisodeRow[],
  fps: number,
  work: string,
  options: ExportOptions,
): Promise<{ readonly metas: readonly EpisodeMeta[]; readonly layout: Layout }> {
  const metas: EpisodeMeta[] = [];
  const tasks = tasksOf(rows);
  let layout: Layout | undefined;
  let data: ParquetFile | undefined;
  let dataFile = -1;
  let frames = 0;
  for (const [episodeIndex, row] of rows.entries()) {
    throwIfCancelled(options);
    const observations = queries.observations(row.id);
    const transitions = queries.transitions(row);
    const tactile: (readonly TactileFrame[])[] = [];
    for (let index = 0; index < transitions.length; index++) tactile.push(queries.tactile(row.id, index));
    const [first] = observations;
    const summary = queries.episode(row.id);
    if (!first || !summary) throw new StoreError('export', `Episode ${row.id} has gone.`, 'Export again.');
    layout ??= layoutOf(fps, first, queries.pictures(row.id, 0)?.frames ?? [], tactile[0] ?? []);
    if (!data || data.bytes() > DATA_FILE_MB * 1e6) {
      data?.finish();
      dataFile++;
      data = createParquetFile(numbered(join(work, 'data'), dataFile, 'parquet'), dataColumns(layout));
    }
    const place = { episodeIndex, firstIndex: frames, taskIndex: tasks.indexOf(row.task) };
    const values = episodeValues(layout, { summary, observations, transitions, tactile }, place);
    refuseNotFinite(row.id, layout, values);
    data.writeGroup(dataRows(layout, values));
    const statistics = new Map<string, Statistics>();
    await writeVideos(queries, row, episodeIndex, transitions.length, layout, work, statistics);
    for (const [column, { key }] of layout.numbers.entries())
      statistics.set(key, statisticsOf(values.map((value) => value[column] ?? [])));
    metas.push({
      ...{ episodeId: row.id, dataFile, statistics },
      task: TASKS[row.task].instruction,
      length: transitions.length,
      firstIndex: frames,
    });
    frames += transitions.length;
    options.onProgress?.({ doneEpisodes: metas.length, totalEpisodes: rows.length, doneFrames: frames });
    // Lets a cancel that has arrived meanwhile be heard.
    await new Promise((proceed) => setImmediate(proceed));
  }
  data?.finish();
  if (!layout) throw new StoreError('export', 'There is nothing to export.', 'Record an episode first.');
  return { metas, layout };
}

/**
 * Refuses numbers that are not finite. Readers normalise by a dataset's statistics, and one such number would spoil all
 * of them.
 */
function refuseNotFinite(episodeId: number, layout: Layout, values: readonly (readonly ArrayLike<number>[])[]): void {
  for (const [index, row] of values.entries()) {
    const found = findNotFinite(layout.numbers.map(({ key }, column) => [key, row[column] ?? []]));
    if (found)
      throw new StoreError(
        'not-finite',
        `Observation ${index} of episode ${episodeId} holds ${found.value} in ${found.name}; expected finite numbers.`,
        `Open episode ${episodeId} in the Data tab and discard it, then export again.`,
      );
  }
}

function tasksOf(rows: readonly EpisodeRow[]): TaskId[] {
  return [...new Set(rows.map((row) => row.task))];
}

function writeMetadata(work: string, layout: Layout, metas: readonly EpisodeMeta[]): void {
  const meta = join(work, 'meta');
  mkdirSync(meta, { recursive: true });
  const tasks = [...new Set(metas.map(({ task }) => task))];
  writeTasks(join(meta, 'tasks.parquet'), tasks);
  writeEpisodeTable(numbered(join(meta, 'episodes'), 0, 'parquet'), layout, metas);
  const features = [...layout.videos, ...layout.numbers].map(({ key }) => key);
  const videoKeys = new Set(layout.videos.map(({ key }) => key));
  const whole = features.map((key): [string, unknown] => {
    const parts = metas.flatMap(({ statistics }) => statistics.get(key) ?? []);
    return [key, statisticsCells(combineStatistics(parts), videoKeys.has(key))];
  });
  writeJson(join(meta, 'stats.json'), Object.fromEntries(whole));
  writeJson(join(meta, 'info.json'), {
    codebase_version: 'v3.0',
    robot_type: 'takeover_cell',
    total_episodes: metas.length,
    total_frames: metas.reduce((sum, { length }) => sum + length, 0),
    total_tasks: tasks.length,
    chunks_size: CHUNK_FILES,
    data_files_size_in_mb: DATA_FILE_MB,
    video_files_size_in_mb: VIDEO_FILE_MB,
    fps: layout.fps,
    splits: { train: `0:${metas.length}` },
    data_path: DATA_PATH,
    video_path: layout.videos.length > 0 ? VIDEO_PATH : null,
    features: featuresJson(layout),
  });
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 4)}\n`);
}

/** pandas must find the task's text as the index of the table, or readers get a number where they expect words. */
function writeTasks(file: string, tasks: readonly string[]): void {
  const pandas = {
    index_columns: ['task'],
    column_indexes: [
      { name: null, field_name: null, pandas_type: 'unicode', numpy_type: 'object', metadata: { encoding: 'UTF-8' } },
    ],
    columns: [
      { name: 'task_index', field_name: 'task_index', pandas_type: 'int64', numpy_type: 'int64', metadata: null },
      { name: 'task', field_name: 'task', pandas_type: 'unicode', numpy_type: 'object', metadata: null },
    ],
    creator: { library: 'takeover', version: '1' },
    pandas_version: '2.2.0',
  };
  const columns: ColumnSpec[] = [
    { name: 'task_index', type: 'INT64' },
    { name: 'task', type: 'STRING' },
  ];
  const table = createParquetFile(file, columns, { pandas: JSON.stringify(pandas) });
  table.writeGroup(tasks.map((task, index) => ({ task_index: BigInt(index), task })));
  table.finish();
}

/** A picture's statistics have the shape (3, 1, 1). */
function statisticsCells(statistics: Statistics, picture: boolean): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const name of STATISTIC_NAMES)
    cells[name] = picture ? statistics[name].map((value) => [[value]]) : statistics[name];
  return { ...cells, count: [statistics.count] };
}

function writeEpisodeTable(file: string, layout: Layout, metas: readonly EpisodeMeta[]): void {
  const int = (name: string): ColumnSpec => ({ name, type: 'INT64' });
  const videos = layout.videos.map(({ key }) => `videos/${key}`);
  const pictures = new Set(layout.videos.map(({ key }) => key));
  const columns: ColumnSpec[] = [
    int('episode_index'),
    { name: 'tasks', type: 'STRING', depth: 1 },
    ...['length', 'data/chunk_index', 'data/file_index', 'dataset_from_index', 'dataset_to_index'].map(int),
    ...videos.flatMap((key): ColumnSpec[] => [
      int(`${key}/chunk_index`),
      int(`${key}/file_index`),
      { name: `${key}/from_timestamp`, type: 'DOUBLE' },
      { name: `${key}/to_timestamp`, type: 'DOUBLE' },
    ]),
    ...[...layout.videos, ...layout.numbers].flatMap(({ key }): ColumnSpec[] => [
      ...STATISTIC_NAMES.map(
        (name): ColumnSpec => ({
          name: `stats/${key}/${name}`,
          type: 'DOUBLE',
          depth: pictures.has(key) ? 3 : 1,
        }),
      ),
      { name: `stats/${key}/count`, type: 'INT64', depth: 1 },
    ]),
    ...['meta/episodes/chunk_index', 'meta/episodes/file_index', 'takeover_episode_id'].map(int),
  ];
  const table = createParquetFile(file, columns);
  table.writeGroup(
    metas.map((meta, episodeIndex): Row => {
      const cells: Record<string, Cell> = {
        episode_index: BigInt(episodeIndex),
        tasks: [meta.task],
        length: BigInt(meta.length),
        'data/chunk_index': BigInt(Math.floor(meta.dataFile / CHUNK_FILES)),
        'data/file_index': BigInt(meta.dataFile % CHUNK_FILES),
        dataset_from_index: BigInt(meta.firstIndex),
        dataset_to_index: BigInt(meta.firstIndex + meta.length),
        'meta/episodes/chunk_index': 0n,
        'meta/episodes/file_index': 0n,
        takeover_episode_id: BigInt(meta.episodeId),
      };
      for (const key of videos) {
        cells[`${key}/chunk_index`] = BigInt(Math.floor(episodeIndex / CHUNK_FILES));
        cells[`${key}/file_index`] = BigInt(episodeIndex % CHUNK_FILES);
        cells[`${key}/from_timestamp`] = 0;
        cells[`${key}/to_timestamp`] = meta.length / layout.fps;
      }
      for (const [key, statistics] of meta.statistics)
        for (const [name, cell] of Object.entries(statisticsCells(statistics, pictures.has(key))))
          cells[`stats/${key}/${name}`] = name === 'count' ? [BigInt(statistics.count)] : cell;
      return cells;
    }),
  );
  table.finish();
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export const lerobotV3: DatasetFormat = {
  name: 'lerobot-v3',
  description: 'LeRobotDataset v3.0: Parquet, H.264 video, statistics',
  write,
  validate: validateLerobot,
};
