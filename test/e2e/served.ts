/** The product as it is started: `takeover serve` as a process of its own, its URL from the line it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../main/api/index.ts';

const ENTRY = join(import.meta.dirname, '../../main/cli/takeover.ts');

const LAST_WORDS_WITHIN_MS = 300;

export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  readonly startedMs: number;
  /** Returns the text of its error output so far. */
  readonly said: () => string;
  readonly exited: Promise<{ readonly code: number | undefined; readonly signal: string | undefined }>;
}

/** `withinMs`: an engine that has not printed its URL by then is killed, and the promise rejects. */
export async function serve(projectFolder: string, withinMs = 180_000, more: readonly string[] = []): Promise<Served> {
  const startedMs = systemClock.nowMs();
  const child = spawn(process.execPath, [ENTRY, 'serve', '--json', '--port', '0', '--data', projectFolder, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited: Served['exited'] = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const giveUp = systemClock.at(startedMs + withinMs, () => child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes('\n')) resolve(JSON.parse(printed.split('\n')[0] ?? '').url);
    });
    void exited.then(async ({ code, signal }) => {
      // The exit is told before the pipe with its last words is empty.
      await systemClock.sleepUntilMs(systemClock.nowMs() + LAST_WORDS_WITHIN_MS);
      reject(new Error(`the engine ended (${signal ?? `code ${code}`}) before it printed its URL: ${said}`));
    });
  }).finally(giveUp);
  return { url, child, startedMs, said: () => said, exited };
}
