/**
 * One attempt at a window: a child process that must show the page within a limit. Otherwise it is ended and the reason
 * is printed. Electron reports when the page is loaded. A browser reports nothing, so one that has not ended early
 * counts as open.
 */
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Clock } from '../../api/clock.ts';
import { messageOf } from '../../api/error-words.ts';
import { signalChild } from '../../api/processes/signal-child.ts';
import type { WindowChoice } from './choose-window.ts';
import type { Host } from './host.ts';
import { createOutputTail } from './output-tail.ts';

/** Time limit for Electron to load the page: three times what a busy machine with two cores took. */
export const ELECTRON_LIMIT_MS = 25_000;
/** A browser process that ends with an error within this time has not opened a window. */
export const BROWSER_EARLY_MS = 8_000;
/** Time between asking a window's process to end and SIGKILL. */
export const CLOSE_LIMIT_MS = 3_000;
/** Time to wait after a process has ended, because its last lines may still be in the pipe. */
const LAST_WORDS_MS = 300;
/** Exit status of a shell that handed its request to one that already runs (`electron/arguments.ts`). */
const HANDED_OVER = 75;

/** The part of Node's `ChildProcess` that is used. */
export type WindowChild = Pick<ChildProcess, 'on' | 'pid' | 'kill' | 'unref'> &
  Partial<Pick<ChildProcess, 'stdout' | 'stderr'>>;
export type Spawn = (path: string, argv: readonly string[], environment: NodeJS.ProcessEnv) => WindowChild;

/**
 * How the window ended: the person closed it, another instance took it over, it died, or there was no process to watch.
 */
export type WindowEnd = 'closed' | 'handed-over' | 'crashed' | 'not-watched';

export interface OpenedWindow {
  readonly kind: WindowChoice['kind'];
  readonly ended: Promise<WindowEnd>;
  /** Resolves when the window's process is gone. Kills it when it does not end by itself. */
  close(): Promise<void>;
}

export interface WindowAttempt {
  readonly choice: Exclude<WindowChoice, { kind: 'url' }>;
  readonly host: Host;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly spawn: Spawn;
  /** Aborted when the caller no longer waits for a window. */
  readonly signal: AbortSignal;
  /** Returns a fresh address of the engine, for a person whose window died. */
  readonly url: () => string;
}

type Exit = { readonly orderly: boolean; readonly handedOver: boolean; readonly words: string };
type ShellReport = { readonly kind: 'loaded' } | { readonly kind: 'failed'; readonly what: string };

/**
 * Parses a report of the shell on its standard output (`electron/application.ts`). Returns `undefined` for any other
 * line.
 */
export function shellReport(line: string): ShellReport | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const kind: unknown = Reflect.get(Object(value), 'kind');
    if (kind === 'loaded') return { kind };
    return kind === 'failed' ? { kind, what: String(Reflect.get(Object(value), 'what')) } : undefined;
  } catch {
    // The line is no report: Chromium may print a line that begins with a brace.
    return undefined;
  }
}

/** Resolves when the window is open, or with `undefined` when it cannot open. The reason has then been printed. */
export async function tryWindow(attempt: WindowAttempt): Promise<OpenedWindow | undefined> {
  const { choice, host, clock, say, signal } = attempt;
  const electron = choice.kind === 'electron';
  const name = electron ? 'Electron' : choice.name;
  const started = start(attempt);
  if (!started.ok) {
    say(`${name} could not be started: ${started.why}.`);
    return undefined;
  }
  const { tail, end } = started;
  const limit = Promise.withResolvers<{ readonly kind: 'limit' }>();
  const aborted = Promise.withResolvers<{ readonly kind: 'aborted' }>();
  const abort = () => aborted.resolve({ kind: 'aborted' });
  signal.addEventListener('abort', abort);
  const limitMs = electron ? ELECTRON_LIMIT_MS : BROWSER_EARLY_MS;
  const cancelLimit = clock.at(clock.nowMs() + limitMs, () => limit.resolve({ kind: 'limit' }));
  const exited = started.exit.then((exit) => ({ kind: 'exited' as const, exit }));
  const first = await Promise.race([started.report, exited, limit.promise, aborted.promise]);
  cancelLimit();
  signal.removeEventListener('abort', abort);

  const failed = async (why: string) => {
    await end();
    const hint = electron ? sandboxRemedy(host, choice.path, tail.told()) : '';
    const said = tail.told();
    say(`${name} ${why}.${hint}${said === '' ? '' : ` It said:${said}`}`);
    return undefined;
  };
  const standing = (): OpenedWindow => ({
    kind: choice.kind,
    close: end,
    ended: started.exit.then((exit) => {
      if (exit.handedOver) return 'handed-over';
      if (exit.orderly || started.wasAsked()) return 'closed';
      say(
        `${name} ended (${exit.words}), and the window with it. The engine goes on: open ${attempt.url()} in a browser.`,
      );
      return 'crashed';
    }),
  });
  switch (first.kind) {
    case 'loaded':
      return standing();
    case 'failed':
      return failed(`could not show the window (${first.what})`);
    case 'limit':
      return electron ? failed(`did not show the window within ${limitMs / 1000} s and was ended`) : standing();
    case 'aborted':
      await end();
      return undefined;
    case 'exited':
      if (!first.exit.orderly) return failed(`ended at once (${first.exit.words})`);
      // A browser that already runs takes the page over, and its new process ends. Then there is no process to watch.
      return electron ? standing() : { kind: choice.kind, close: end, ended: Promise.resolve('not-watched') };
    default:
      return first satisfies never;
  }
}

function start({ choice, host, clock, spawn }: WindowAttempt) {
  const environment = { ...host.environment, ...(choice.kind === 'electron' ? choice.environment : {}) };
  let child: WindowChild;
  try {
    child = spawn(choice.path, choice.argv, environment);
  } catch (error) {
    return { ok: false as const, why: messageOf(error) };
  }
  const exit = Promise.withResolvers<Exit>();
  const report = Promise.withResolvers<ShellReport>();
  const tail = createOutputTail();
  tail.follow(child.stdout, (line) => {
    const told = shellReport(line);
    if (told) report.resolve(told);
  });
  tail.follow(child.stderr);
  let asked = false;
  let over = false;
  child.on('error', (error: Error) => {
    over = true;
    exit.resolve({ orderly: false, handedOver: false, words: error.message });
  });
  child.on('exit', (code: number | null, signal: string | null) => {
    over = true;
    const handedOver = code === HANDED_OVER;
    const result = { orderly: code === 0 || handedOver, handedOver, words: signal ?? `exit status ${code}` };
    if (!child.stdout) return exit.resolve(result);
    // Children of the process may hold the pipes open, so the wait is short.
    const cancel = clock.at(clock.nowMs() + LAST_WORDS_MS, () => exit.resolve(result));
    child.on('close', () => {
      cancel();
      exit.resolve(result);
    });
  });
  child.unref();
  /** Ends the process, with SIGKILL if necessary. */
  const end = async () => {
    if (over) return;
    asked = true;
    signalChild(child, 'SIGTERM');
    const killed = Promise.withResolvers<void>();
    const cancel = clock.at(clock.nowMs() + CLOSE_LIMIT_MS, () => {
      signalChild(child, 'SIGKILL');
      killed.resolve();
    });
    await Promise.race([exit.promise, killed.promise]);
    cancel();
  };
  return { ok: true as const, tail, exit: exit.promise, report: report.promise, end, wasAsked: () => asked };
}

/** Returns a remedy when the sandbox may be the reason: the output names it, or there was no output. */
function sandboxRemedy(host: Host, electronPath: string, said: string): string {
  if (host.platform !== 'linux' || host.isRoot || (said !== '' && !/sandbox/i.test(said))) return '';
  const helper = join(dirname(electronPath), 'chrome-sandbox');
  return ` On Linux this is often its sandbox, which this allows: sudo chown root:root ${helper} && sudo chmod 4755 ${helper}`;
}
