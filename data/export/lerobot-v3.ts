/**
 * Writes a LeRobotDataset v3.0 (lerobot codebase version "v3.0"): one row group per episode, one MP4 per episode and
 * camera, and the metadata. The dataset grows in a work folder, which is moved into place only when it is complete.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findNotFinite } from '../../main/api/finite.ts';
import type { TactileFrame } from '../../main/api/observation.ts';
import { TASKS, type TaskId } from '../../main/api/task.ts';
import type { EpisodeRow, Queries } from '../reading/queries.ts';
import { StoreError } from '../store-error.ts';
import { chooseEpisodes } from './choice.ts';
import type { DatasetFormat, ExportOptions, ExportResult } from './format.ts';
import {
  dataColumns,
  dataRows,
  episodeValues,
  type Layout,
  LEAVE_OUT,
  layoutOf,
  type VideoFeature,
} from './lerobot-features.ts';
import { DATA_FILE_MB, type EpisodeMeta, numbered, writeMetadata } from './lerobot-metadata.ts';
import { validateLerobot } from './lerobot-validate.ts';
import { createParquetFile, type ParquetFile } from './parquet.ts';
import { createPictureStatistics, type Statistics, sampledIndices, statisticsOf } from './statistics.ts';
import { surveyEpisodes } from './survey.ts';
import { claimTarget } from './target.ts';
import { writeVideo } from './video.ts';
import { writeProblem } from './write-problem.ts';

/** Yields the pictures of one episode. The last observation has no action and is not part of the dataset. */
function* cameraFrames(
  queries: Queries,
  episodeId: number,
  length: number,
  { camera, widthPx, heightPx }: VideoFeature,
) {
  const refuse = (what: string) => new StoreError('export', what, LEAVE_OUT);
  for (let index = 0; index < length; index++) {
    const frame = queries.pictures(episodeId, index)?.frames.find((candidate) => candidate.camera === camera);
    if (!frame) throw refuse(`Observation ${index} of episode ${episodeId} has no picture of camera ${camera}.`);
    const size = `${frame.widthPx}×${frame.heightPx}`;
    if (size !== `${widthPx}×${heightPx}`)
      throw refuse(`Camera ${camera} changes its size to ${size} in episode ${episodeId}.`);
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
  for (const video of layout.videos) {
    const gathered = createPictureStatistics();
    const watch = function* () {
      let index = 0;
      for (const frame of cameraFrames(queries, row.id, length, video)) {
        if (sampled.has(index++)) gathered.add(frame.rgb);
        yield frame;
      }
    };
    await writeVideo(numbered(join(work, 'videos', video.key), episodeIndex, 'mp4'), watch(), layout.fps);
    statistics.set(video.key, gathered.result());
  }
}

async function write(queries: Queries, options: ExportOptions): Promise<ExportResult> {
  const { choice = {}, includeDiscarded = false } = options;
  const { chosen, leftOut } = chooseEpisodes(queries.catalogue(), choice, includeDiscarded);
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
  const tasks: readonly TaskId[] = [...new Set(rows.map(({ task }) => task))];
  let layout: Layout | undefined;
  let data: ParquetFile | undefined;
  let dataFile = -1;
  let frames = 0;
  for (const [episodeIndex, row] of rows.entries()) {
    throwIfCancelled(options);
    const observations = queries.observations(row.id);
    const transitions = queries.transitions(row);
    const tactile = transitions.map((_, index): readonly TactileFrame[] => queries.tactile(row.id, index));
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
    const task = TASKS[row.task].instruction;
    metas.push({ episodeId: row.id, dataFile, statistics, task, length: transitions.length, firstIndex: frames });
    frames += transitions.length;
    options.onProgress?.({ doneEpisodes: metas.length, totalEpisodes: rows.length, doneFrames: frames });
    // Gives a cancel that has arrived meanwhile the chance to be handled.
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

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export const lerobotV3: DatasetFormat = {
  name: 'lerobot-v3',
  write,
  validate: validateLerobot,
};
