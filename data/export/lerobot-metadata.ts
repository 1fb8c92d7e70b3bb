/** The metadata of a LeRobotDataset v3.0, in the form of lerobot's own writer, and the names of its numbered files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { featuresJson, type Layout } from './lerobot-features.ts';
import { type Cell, type ColumnSpec, createParquetFile, type Row } from './parquet.ts';
import { combineStatistics, STATISTIC_NAMES, type Statistics } from './statistics.ts';

const DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet';
const VIDEO_PATH = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4';
const CHUNK_FILES = 1000;
export const DATA_FILE_MB = 100;
const VIDEO_FILE_MB = 200;

export interface EpisodeMeta {
  readonly episodeId: number;
  readonly task: string;
  readonly length: number;
  readonly firstIndex: number;
  readonly dataFile: number;
  readonly statistics: ReadonlyMap<string, Statistics>;
}

/** Returns the path of a numbered file, and makes its folder. */
export function numbered(folder: string, number: number, extension: string): string {
  const three = (value: number) => String(value).padStart(3, '0');
  const chunk = join(folder, `chunk-${three(Math.floor(number / CHUNK_FILES))}`);
  mkdirSync(chunk, { recursive: true });
  return join(chunk, `file-${three(number % CHUNK_FILES)}.${extension}`);
}

export function writeMetadata(work: string, layout: Layout, metas: readonly EpisodeMeta[]): void {
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

/** The pandas metadata names the task's text as the index. Without it readers get a number where they expect words. */
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

/** The statistics of a picture have the shape (3, 1, 1). */
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
      ...STATISTIC_NAMES.map((name) => `stats/${key}/${name}`).map(
        (name): ColumnSpec => ({ name, type: 'DOUBLE', depth: pictures.has(key) ? 3 : 1 }),
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
