/** Exports as the engine sees them: one at a time, in a process of its own, told to every window. */
import { join } from 'node:path';
import type { StoreReader } from '../../data/records.ts';
import type { Clock } from '../api/clock.ts';
import { done, type ExportProgress, type ExportService, refused } from '../engine/services.ts';
import { type ExportEnd, type RunningExport, startExport } from './export-process.ts';

export interface ExportServiceOptions {
  readonly projectFolder: string;
  readonly reader: StoreReader;
  readonly clock: Clock;
}

const ALL_EPISODES = 1_000_000;

export function createExportService({
  projectFolder,
  reader,
  clock,
}: ExportServiceOptions): ExportService & { close(): void } {
  const listeners = new Set<(progress: ExportProgress) => void>();
  let running: RunningExport | undefined;
  /** Its episodes are being looked up. */
  let starting = false;
  let nextId = 1;
  const tell = (progress: ExportProgress) => {
    for (const listener of listeners) listener(progress);
  };
  const begin: ExportService['start'] = async ({ format, directory, includeDiscarded }) => {
    const episodes = await reader.listEpisodes({ limit: ALL_EPISODES });
    const chosen = episodes.filter(
      (episode) => episode.outcome !== undefined && (includeDiscarded || !episode.discarded),
    );
    if (chosen.length === 0) return refused('There is no finished episode to export.', 'Record one first.');
    const exportId = nextId++;
    const stamp = new Date(clock.wallTimeMs()).toISOString().slice(0, 19).replaceAll(':', '-');
    const outFolder = directory ?? join(projectFolder, 'exports', `${format}-${stamp}`);
    const about = { exportId, directory: outFolder } as const;
    let fraction = 0;
    const job = startExport({
      projectFolder,
      format,
      outFolder,
      episodeIds: chosen.map((episode) => episode.id).reverse(),
      onLine: (line) => {
        if (line.kind === 'progress') {
          fraction = line.doneEpisodes / Math.max(1, line.totalEpisodes);
          tell({ ...about, state: 'running', fraction });
        }
        if (line.kind === 'warning') tell({ ...about, state: 'running', fraction, message: line.message });
      },
    });
    running = job;
    tell({ ...about, state: 'running', fraction });
    job.ended
      .then((end) => {
        running = undefined;
        tell({ ...about, ...endOf(end) });
      })
      .catch((error: unknown) => tell({ ...about, state: 'failed', fraction, message: String(error) }));
    return done(about);
  };
  return {
    start: async (request) => {
      if (running || starting) return refused('An export is going on.', 'Wait until it has finished.');
      starting = true;
      try {
        return await begin(request);
      } finally {
        starting = false;
      }
    },
    onProgress: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => running?.cancel(),
  };
}

function endOf(end: ExportEnd): Pick<ExportProgress, 'state' | 'fraction' | 'message'> {
  if (end.kind === 'failed') return { state: 'failed', fraction: 0, message: `${end.message} ${end.remedy}` };
  const problem = end.problems[0];
  return problem === undefined
    ? { state: 'finished', fraction: 1, message: `${end.episodes} episodes, ${end.frames} frames` }
    : {
        state: 'failed',
        fraction: 1,
        message: `The dataset was written but does not read back as it should: ${problem}`,
      };
}
