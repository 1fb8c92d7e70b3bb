/** Starts an export as a process of its own and tells how it goes; what it prints is the contract (`data/export/export-process.ts`). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExportJobMessage, ExportLine } from '../../data/export/export-process.ts';
import { removeLeftovers } from '../../data/export/target.ts';
import type { Clock } from '../api/clock.ts';
import type { EpisodeChoice, LeftOut } from '../api/export.ts';

const ENTRY = fileURLToPath(new URL('../../data/export/export-process.ts', import.meta.url));
/** A cancelled export that still lives after this is killed: it is stopped, or deep in one episode. */
const KILL_AFTER_MS = 2000;

export interface ExportJob {
  readonly projectFolder: string;
  readonly format: 'lerobot-v3';
  readonly outFolder: string;
  /** All finished episodes when it is absent. */
  readonly choice?: EpisodeChoice | undefined;
  readonly includeDiscarded?: boolean | undefined;
  readonly clock: Clock;
  readonly onLine: (line: ExportLine) => void;
}

export type ExportEnd =
  | {
      readonly kind: 'done';
      readonly episodes: number;
      readonly frames: number;
      readonly bytes: number;
      readonly leftOut: LeftOut;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };

export interface RunningExport {
  readonly pid: number | undefined;
  /** Never rejects. Whatever the process left behind is removed by then. */
  readonly ended: Promise<ExportEnd>;
  /** Asks it to end; kills it when it does not within `KILL_AFTER_MS`. */
  cancel(): void;
}

export function startExport(job: ExportJob): RunningExport {
  const { clock, onLine, choice, includeDiscarded, ...rest } = job;
  const child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'pipe', 'pipe'] });
  let end: ExportEnd | undefined;
  let lastWords = '';
  let stopWaiting = () => {};
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('{')) return; // a library that speaks on standard output
    const line = JSON.parse(text) as ExportLine; // own child, same version
    if (line.kind === 'done') end = line;
    if (line.kind === 'error') end = { kind: 'failed', message: line.message, remedy: line.remedy };
    onLine(line);
  });
  // A process that died before it read the job is told by 'close', with its last words.
  child.stdin.on('error', () => {});
  const message: ExportJobMessage = {
    ...rest,
    ...(choice ? { choice } : {}),
    ...(includeDiscarded === undefined ? {} : { includeDiscarded }),
  };
  child.stdin.end(JSON.stringify(message));
  const ended = new Promise<ExportEnd>((resolve) => {
    const over = (why: string) => {
      stopWaiting();
      removeLeftovers(job.outFolder);
      const words = lastWords.trim();
      const died = `The export ended early (${why})${words === '' ? '' : `: ${words}`}.`;
      resolve(end ?? { kind: 'failed', message: died, remedy: 'Export again.' });
    };
    child.once('error', (error) => over(error.message));
    child.once('close', (code, signal) => over(signal ?? `code ${code}`));
  });
  const cancel = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    stopWaiting();
    stopWaiting = clock.at(clock.nowMs() + KILL_AFTER_MS, () => child.kill('SIGKILL'));
  };
  return { pid: child.pid, ended, cancel };
}
