/** The command line as its users start it: a process of its own, its exit status and what it printed. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../main/api/clock.ts';

const ENTRY = join(import.meta.dirname, '../../main/cli/takeover.ts');
/** Far above what any of them takes: a process that does not end is a failure, not a wait. */
const PATIENCE_MS = 240_000;

export interface Ended {
  readonly status: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningTakeover {
  readonly child: ChildProcess;
  /** Rejects when it does not end in time; it is killed then. */
  readonly ended: Promise<Ended>;
}

export function startTakeover(
  args: readonly string[],
  options: Pick<SpawnOptions, 'uid' | 'env'> = {},
): RunningTakeover {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    const stopWaiting = systemClock.at(systemClock.nowMs() + PATIENCE_MS, () => {
      child.kill('SIGKILL');
      reject(new Error(`takeover ${args.join(' ')} did not end within ${PATIENCE_MS} ms; it said: ${stdout}${stderr}`));
    });
    child.once('close', (code, signal) => {
      stopWaiting();
      resolve({ status: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
  return { child, ended };
}

export const takeover = (...args: readonly string[]): Promise<Ended> => startTakeover(args).ended;

/** The last line of standard output, which `--json` promises to be one object. */
export function lastLine({ stdout, stderr, status }: Ended): Record<string, unknown> {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`the last line is no JSON: ${JSON.stringify(line)} (status ${status}; ${stderr})`);
  }
}

/** Settings that make a run last a second. */
export const SMALL_RUN: readonly string[] = [
  '--settings',
  JSON.stringify({ hidden: [16, 16], batchSize: 32, offlineSteps: 10, trainingStarts: 10, actorUpdatesPerStep: 0.2 }),
];
