/**
 * One attempt at a window: a child process that must show the page within a limit, or is ended and its reason told. Electron says
 * when the page is loaded; a browser says nothing, so one that has not ended early counts as open.
 */
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Clock } from '../../api/clock.ts';
import type { WindowChoice } from './choose-window.ts';
import type { Host } from './host.ts';
import { createOutputTail, type OutputTail } from './output-tail.ts';

/** Time that Electron has to load the page: three times what a busy machine with two cores took. */
export const ELECTRON_LIMIT_MS = 25_000;
/** A browser's process that ends with an error within this time never became a window. */
export const BROWSER_EARLY_MS = 8_000;
/** From asking a window's process to end to SIGKILL. */
export const CLOSE_LIMIT_MS = 3_000;
/** After a process has ended: its last words may still lie in the pipe. */
const LAST_WORDS_MS = 300;
/** Exit status of the shell when one that already runs took over the request (`electron/arguments.ts`). */
const HANDED_OVER = 75;

/** The part of a child process this needs. */
export type WindowChild = Pick<ChildProcess, 'on' | 'kill' | 'unref'> &
  Partial<Pick<ChildProcess, 'stdout' | 'stderr'>>;
export type Spawn = (path: string, argv: readonly string[], environment: NodeJS.ProcessEnv) => WindowChild;

/** How it ended: the person closed the window, another instance took it, it died, or there never was one to watch. */
export type WindowEnd = 'closed' | 'handed-over' | 'crashed' | 'not-watched';

export interface OpenedWindow {
  readonly kind: WindowChoice['kind'];
  readonly ended: Promise<WindowEnd>;
  /** Resolves when its process is gone; it is killed when it does not end by itself. */
  close(): Promise<void>;
}

export interface WindowAttempt {
  readonly choice: Exclude<WindowChoice, { kind: 'url' }>;
  readonly host: Host;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly spawn: Spawn;
  /** Aborted when nobody waits for a window any more. */
  readonly signal: AbortSignal;
  /** A fresh address of the engine, for a person whose window died. */
  readonly url: () => string;
}

type Exit = { readonly orderly: boolean; readonly handedOver: boolean; readonly words: string };
type ShellReport = { readonly kind: 'loaded' } | { readonly kind: 'failed'; readonly what: string };

/** What the shell reports on its standard output (`electron/application.ts`); undefined for any other line. */
export function shellReport(line: string): ShellReport | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const kind: unknown = Reflect.get(Object(value), 'kind');
    if (kind === 'loaded') return { kind };
    return kind === 'failed' ? { kind, what: String(Reflect.get(Object(value), 'what')) } : undefined;
  } catch {
    // Not a report: Chromium may print a line that begins with a brace.
    return undefined;
  }
}

/** Resolves when the window stands, or with undefined when it never will; the reason has then been told. */
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
      // A browser that was already running takes the page over and its new process ends: nothing to watch then.
      return electron ? standing() : { kind: choice.kind, close: end, ended: Promise.resolve('not-watched') };
    default:
      return first satisfies never;
  }
}

type Started =
  | { readonly ok: false; readonly why: string }
  | {
      readonly ok: true;
      readonly tail: OutputTail;
      readonly exit: Promise<Exit>;
      readonly report: Promise<ShellReport>;
      /** Ends the process, by SIGKILL at last. */
      readonly end: () => Promise<void>;
      readonly wasAsked: () => boolean;
    };

function start({ choice, host, clock, spawn }: WindowAttempt): Started {
  const environment = { ...host.environment, ...(choice.kind === 'electron' ? choice.environment : {}) };
  let child: WindowChild;
  try {
    child = spawn(choice.path, choice.argv, environment);
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
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
    // Its children may hold the pipes open, so their end is not waited for long.
    const cancel = clock.at(clock.nowMs() + LAST_WORDS_MS, () => exit.resolve(result));
    child.on('close', () => {
      cancel();
      exit.resolve(result);
    });
  });
  child.unref();
  const end = async () => {
    if (over) return;
    asked = true;
    child.kill('SIGTERM');
    const killed = Promise.withResolvers<void>();
    const cancel = clock.at(clock.nowMs() + CLOSE_LIMIT_MS, () => {
      child.kill('SIGKILL');
      killed.resolve();
    });
    await Promise.race([exit.promise, killed.promise]);
    cancel();
  };
  return { ok: true, tail, exit: exit.promise, report: report.promise, end, wasAsked: () => asked };
}

/** Told when the sandbox may be the reason: it says so, or nothing was said at all. */
function sandboxRemedy(host: Host, electronPath: string, said: string): string {
  if (host.platform !== 'linux' || host.isRoot || (said !== '' && !/sandbox/i.test(said))) return '';
  const helper = join(dirname(electronPath), 'chrome-sandbox');
  return ` On Linux this is often its sandbox, which this allows: sudo chown root:root ${helper} && sudo chmod 4755 ${helper}`;
}
