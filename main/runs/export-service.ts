/** Exports as the engine sees them: one at a time, in a process of its own, told to every window. */
import { join } from 'node:path';
import type { StoreReader } from '../../data/records.ts';
import type { Clock } from '../api/clock.ts';
import { done, type ExportProgress, type ExportService, refused } from '../engine/services.ts';
import { type RunningExport, startExport } from './export-process.ts';

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
  let nextId = 1;
  const tell = (progress: ExportProgress) => {
    for (const listener of listeners) listener(progress);
  };
  return {
    start: async ({ format, directory, includeDiscarded }) => {
      if (running) return refused('An export is going on.', 'Wait until it has finished.');
      const episodes = await reader.listEpisodes({ limit: ALL_EPISODES });
      const chosen = episodes.filter(
        (episode) => episode.outcome !== undefined && (includeDiscarded || !episode.discarded),
      );
      if (chosen.length === 0) return refused('There is no finished episode to export.', 'Record one first.');
      const exportId = nextId++;
      const stamp = new Date(clock.wallTimeMs()).toISOString().slice(0, 19).replaceAll(':', '-');
      const outFolder = directory ?? join(projectFolder, 'exports', `${format}-${stamp}`);
      const about = { exportId, directory: outFolder } as const;
      const job = startExport({
        projectFolder,
        format,
        outFolder,
        episodeIds: chosen.map((episode) => episode.id).reverse(),
        onLine: (line) => {
          if (line.kind === 'progress')
            tell({ ...about, state: 'running', fraction: line.doneEpisodes / Math.max(1, line.totalEpisodes) });
          if (line.kind === 'warning') tell({ ...about, state: 'running', fraction: 0, message: line.message });
        },
      });
      running = job;
      tell({ ...about, state: 'running', fraction: 0 });
      void job.ended.then((end) => {
        running = undefined;
        if (end.kind === 'failed')
          return tell({ ...about, state: 'failed', fraction: 0, message: `${end.message} ${end.remedy}` });
        const problem = end.problems[0];
        if (problem !== undefined)
          return tell({
            ...about,
            state: 'failed',
            fraction: 1,
            message: `The dataset was written but does not read back as it should: ${problem}`,
          });
        return tell({
          ...about,
          state: 'finished',
          fraction: 1,
          message: `${end.episodes} episodes, ${end.frames} frames`,
        });
      });
      return done(about);
    },
    onProgress: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => running?.cancel(),
  };
}
