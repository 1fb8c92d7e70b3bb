/** Starts an export as a process of its own and tells how it goes; what it prints is the contract (`data/export/export-process.ts`). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExportLine } from '../../data/export/export-process.ts';
import { type ChildEnd, endWords } from './child-end.ts';

const ENTRY = fileURLToPath(new URL('../../data/export/export-process.ts', import.meta.url));

export interface ExportJob {
  readonly projectFolder: string;
  readonly format: 'lerobot-v3';
  readonly outFolder: string;
  readonly episodeIds?: readonly number[] | undefined;
  readonly onLine: (line: ExportLine) => void;
}

export type ExportEnd =
  | {
      readonly kind: 'done';
      readonly episodes: number;
      readonly frames: number;
      readonly bytes: number;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };

export interface RunningExport {
  readonly ended: Promise<ExportEnd>;
  cancel(): void;
}

export function startExport(job: ExportJob): RunningExport {
  const episodes = job.episodeIds ? [job.episodeIds.join(',')] : [];
  const child = spawn(process.execPath, [ENTRY, job.projectFolder, job.format, job.outFolder, ...episodes], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let end: ExportEnd | undefined;
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('{')) return; // a library that speaks on standard output
    const line = JSON.parse(text) as ExportLine; // own child, same version
    if (line.kind === 'done') end = line;
    if (line.kind === 'error') end = { kind: 'failed', message: line.message, remedy: line.remedy };
    job.onLine(line);
  });
  const ended = new Promise<ExportEnd>((resolve) => {
    const died = (how: Omit<ChildEnd, 'lastWords'>) =>
      resolve(end ?? { kind: 'failed', ...endWords('the export', { ...how, lastWords }, 'export fewer episodes') });
    child.once('error', (error) => {
      lastWords = error.message;
      died({ code: undefined, signal: undefined });
    });
    child.once('close', (code, signal) => died({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  return { ended, cancel: () => child.kill('SIGTERM') };
}
