/** Starts an export as a process of its own and tells how it goes; what it prints is the contract (`data/export/export-process.ts`). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExportJobMessage } from '../../data/export/export-process.ts';
import { removeLeftovers } from '../../data/export/target.ts';
import type { Clock } from '../api/clock.ts';
import { parseBoundedJson } from '../api/processes/bounded-json.ts';
import { type EpisodeChoice, type ExportLine, exportLineSchema, type LeftOut } from '../api/processes/export.ts';
import { type ChildEnd, endWords } from './launchers/child-end.ts';

const ENTRY = fileURLToPath(new URL('../../data/export/export-process.ts', import.meta.url));
/** Time after which a cancelled export is killed: it is suspended, or busy with one episode. */
const KILL_AFTER_MS = 2000;

export interface ExportJob {
  readonly projectFolder: string;
  readonly format: 'lerobot-v3';
  readonly outFolder: string;
  /** Default: all finished episodes. */
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
  /** Never rejects. When it resolves, everything that the process left behind has been removed. */
  readonly ended: Promise<ExportEnd>;
  /** Asks the process to end, and kills it after `KILL_AFTER_MS`. */
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
    const line = exportLine(text);
    if (!line) return; // cut short by a process that was killed: its end gives the reason
    if (line.kind === 'done') end = line;
    if (line.kind === 'error') end = { kind: 'failed', message: line.message, remedy: line.remedy };
    onLine(line);
  });
  // 'close' reports a process that died before it read the job, with its last lines.
  child.stdin.on('error', () => {});
  const message: ExportJobMessage = {
    ...rest,
    ...(choice ? { choice } : {}),
    ...(includeDiscarded === undefined ? {} : { includeDiscarded }),
  };
  child.stdin.end(JSON.stringify(message));
  const ended = new Promise<ExportEnd>((resolve) => {
    const died = (how: Omit<ChildEnd, 'lastWords'>) => {
      stopWaiting();
      removeLeftovers(job.outFolder);
      resolve(end ?? { kind: 'failed', ...endWords('the export', { ...how, lastWords }, 'export fewer episodes') });
    };
    child.once('error', (error) => {
      lastWords = error.message;
      died({ code: undefined, signal: undefined });
    });
    child.once('close', (code, signal) => died({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const cancel = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    stopWaiting();
    stopWaiting = clock.at(clock.nowMs() + KILL_AFTER_MS, () => child.kill('SIGKILL'));
  };
  return { pid: child.pid, ended, cancel };
}

function exportLine(text: string): ExportLine | undefined {
  const json = parseBoundedJson(text);
  return json.kind === 'value' ? exportLineSchema.safeParse(json.value).data : undefined;
}
