/** Exports for the engine: one at a time, in a process of its own, reported to every window. */
import { join } from 'node:path';
import { removeLeftovers } from '../../../data/export/target.ts';
import type { Clock } from '../../api/clock.ts';
import { type ExportLine, episodesText, leftOutText } from '../../api/processes/export.ts';
import type { ExportProgress, ExportRequest, ExportService, ExportStarted } from '../../engine/services.ts';
import { type Answer, done, refused } from '../../engine/services.ts';
import { type ExportEnd, type RunningExport, startExport } from './export-process.ts';

export interface ExportServiceOptions {
  readonly projectFolder: string;
  readonly clock: Clock;
  /** Resolves when everything handed to the store is committed. An export then sees a discard made just before it. */
  readonly stored?: () => Promise<void>;
}

/** The engine closes it last. A running process is then cancelled, and killed when it does not end. */
export function createExportService({
  projectFolder,
  clock,
  stored = async () => {},
}: ExportServiceOptions): ExportService & { close(): Promise<void> } {
  const usualFolder = join(projectFolder, 'exports');
  // A killed engine could not remove the work folder of its export.
  removeLeftovers(join(usualFolder, 'any'));
  const listeners = new Set<(progress: ExportProgress) => void>();
  let running: RunningExport | undefined;
  let beginning = false;
  let nextId = 1;
  /**
   * Newest progress of each export while there is no listener. The engine listens some seconds after a window may ask
   * for an export.
   */
  const untold = new Map<number, ExportProgress>();
  const tell = (progress: ExportProgress) => {
    if (listeners.size === 0) untold.set(progress.exportId, progress);
    for (const listener of listeners) listener(progress);
  };
  /**
   * Resolves when the process has chosen its episodes and claimed the folder, or has given the reason why it cannot.
   */
  const begin = ({ format, directory, includeDiscarded, choice }: ExportRequest): Promise<Answer<ExportStarted>> => {
    const stamp = new Date(clock.wallTimeMs()).toISOString().slice(0, 19).replaceAll(':', '-');
    const outFolder = directory ?? join(usualFolder, `${format}-${stamp}`);
    const answer = Promise.withResolvers<Answer<ExportStarted>>();
    let about: { readonly exportId: number; readonly directory: string } | undefined;
    let fraction = 0;
    const onLine = (line: ExportLine) => {
      if (line.kind === 'chosen') {
        about = { exportId: nextId++, directory: outFolder };
        answer.resolve(done({ ...about, episodes: line.episodes, leftOut: leftOutText(line.leftOut) }));
        tell({ ...about, state: 'running', fraction });
      }
      if (!about) return;
      if (line.kind === 'progress') {
        fraction = line.doneEpisodes / Math.max(1, line.totalEpisodes);
        tell({ ...about, state: 'running', fraction });
      }
      if (line.kind === 'warning') tell({ ...about, state: 'running', fraction, message: line.message });
    };
    const job = startExport({ projectFolder, format, outFolder, choice, includeDiscarded }, clock, onLine);
    running = job;
    job.ended
      .then((end) => {
        running = undefined;
        if (about) tell({ ...about, ...endOf(end) });
        else if (end.kind === 'failed') answer.resolve(refused(end.message, end.remedy));
      })
      // `ended` never rejects by contract. A bug there is reported to the window that asked.
      .catch(answer.reject);
    return answer.promise;
  };
  return {
    start: async (request) => {
      if (running || beginning) return refused('An export is going on.', 'Wait until it has finished.');
      beginning = true;
      try {
        await stored();
        return await begin(request);
      } finally {
        beginning = false;
      }
    },
    onProgress: (listener) => {
      listeners.add(listener);
      for (const progress of untold.values()) listener(progress);
      untold.clear();
      return () => listeners.delete(listener);
    },
    close: async () => {
      running?.cancel();
      await running?.ended;
    },
  };
}

function endOf(end: ExportEnd): Pick<ExportProgress, 'state' | 'fraction' | 'message'> {
  if (end.kind === 'failed') return { state: 'failed', fraction: 0, message: `${end.message} ${end.remedy}` };
  const problem = end.problems[0];
  const unreadable = `The dataset was written but does not read back as it should: ${problem}`;
  if (problem !== undefined) return { state: 'failed', fraction: 1, message: unreadable };
  const left = leftOutText(end.leftOut);
  const message = `${episodesText(end.episodes)}, ${end.frames} frames${left === undefined ? '' : `; ${left}`}`;
  return { state: 'finished', fraction: 1, message };
}
