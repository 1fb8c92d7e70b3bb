/**
 * Runs an export in a process of its own and reports its progress. `data/export/export-process.ts` defines what it
 * prints.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExportJobMessage } from '../../../data/export/export-process.ts';
import { removeLeftovers } from '../../../data/export/target.ts';
import type { Clock } from '../../api/clock.ts';
import { parseBoundedJson } from '../../api/processes/bounded-json.ts';
import { type ExportLine, exportLineSchema } from '../../api/processes/export.ts';
import { signalChild } from '../../api/processes/signal-child.ts';
import { endOf, endWords } from '../launchers/child-end.ts';

const ENTRY = fileURLToPath(new URL('../../../data/export/export-process.ts', import.meta.url));
/** Time after which a cancelled export is killed: it is suspended, or busy with one episode. */
const KILL_AFTER_MS = 2000;

export type ExportEnd =
  | Extract<ExportLine, { kind: 'done' }>
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };

export type RunningExport = ReturnType<typeof startExport>;

export function startExport(job: ExportJobMessage, clock: Clock, onLine: (line: ExportLine) => void) {
  const child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'pipe', 'pipe'] });
  let end: ExportEnd | undefined;
  let stopWaiting = () => {};
  createInterface({ input: child.stdout }).on('line', (text) => {
    // Libraries print on standard output too.
    const json = text.startsWith('{') ? parseBoundedJson(text) : undefined;
    const line = json?.kind === 'value' ? exportLineSchema.safeParse(json.value).data : undefined;
    // A killed process leaves a cut line. Its end gives the reason.
    if (!line) return;
    if (line.kind === 'done') end = line;
    if (line.kind === 'error') end = { kind: 'failed', message: line.message, remedy: line.remedy };
    onLine(line);
  });
  // 'close' reports a process that died before it read the job, with its last lines.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(job));
  /** Never rejects. When it resolves, everything that the process left behind has been removed. */
  const ended = endOf(child).then((how): ExportEnd => {
    stopWaiting();
    removeLeftovers(job.outFolder);
    return end ?? { kind: 'failed', ...endWords('the export', how, 'export fewer episodes') };
  });
  /** Asks the process to end, and kills it after `KILL_AFTER_MS`. */
  const cancel = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    signalChild(child, 'SIGTERM');
    stopWaiting();
    stopWaiting = clock.at(clock.nowMs() + KILL_AFTER_MS, () => signalChild(child, 'SIGKILL'));
  };
  return { pid: child.pid, ended, cancel };
}
