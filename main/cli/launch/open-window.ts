/**
 * What `serve --window` does once the engine's URL is printed: opens the best window there is, falls back when it dies at once,
 * and fetches Electron's binary beside it for the next start. Never throws; the printed URL always serves.
 * Resolves once a window has stood for some seconds, so the caller does not wait for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { Clock } from '../../api/clock.ts';
import { chooseWindow, type WindowChoice } from './choose-window.ts';
import { type Host, thisHost } from './host.ts';

/** A window's process that ends with an error within this time never became a window. */
const EARLY_MS = 8_000;
export const FETCH_LIMIT_MS = 60_000;
/** Exit status of the shell when one that already runs took over the request (`electron/arguments.ts`). */
const HANDED_OVER = 75;

/** The part of a child process this needs. */
export type WindowChild = Pick<ChildProcess, 'on' | 'kill' | 'unref'>;
export type Spawn = (path: string, argv: readonly string[], environment: NodeJS.ProcessEnv) => WindowChild;

export interface OpenWindowOptions {
  /** The folder of package.json. */
  readonly root: string;
  /** A URL that can open one window: it carries a fresh one-time code at each call. */
  readonly url: () => string;
  readonly clock: Clock;
  /** One line for the person. */
  readonly say: (line: string) => void;
  readonly host?: Host;
  readonly spawn?: Spawn;
}

/** How it ended: the person closed the window, another instance took it, or there never was one to watch. */
export type WindowEnd = 'closed' | 'handed-over' | 'not-watched';

export interface OpenedWindow {
  readonly kind: WindowChoice['kind'];
  readonly ended: Promise<WindowEnd>;
  close(): void;
}

const realSpawn: Spawn = (path, argv, environment) =>
  spawn(path, [...argv], { env: environment, stdio: 'ignore', windowsHide: false });

export async function openWindow(options: OpenWindowOptions): Promise<OpenedWindow> {
  const host = options.host ?? thisHost;
  const { choices, fetchElectron } = chooseWindow(host, options.root, '');
  const fetched = fetchElectron ? fetchElectronBinary(options) : Promise.resolve(false);
  const opened = await openFirst(options, host, choices);
  if (opened.kind !== 'url' || !fetchElectron) return opened;
  // Nothing to show it in yet: when the binary arrives, this start uses it.
  return (await fetched) ? openFirst(options, host, chooseWindow(host, options.root, '').choices) : opened;
}

async function openFirst(
  options: OpenWindowOptions,
  host: Host,
  preview: readonly WindowChoice[],
): Promise<OpenedWindow> {
  for (const [index, { kind }] of preview.entries()) {
    // Each attempt has its own URL: a window that failed may have used up its code.
    const choice = kind === 'url' ? preview[index] : chooseWindow(host, options.root, options.url()).choices[index];
    if (choice === undefined) break;
    if (choice.kind === 'url') {
      options.say(`No window was opened: ${choice.why}. Open the printed URL in a browser.`);
      break;
    }
    const opened = await tryWindow(options, host, choice);
    if (opened !== undefined) return opened;
  }
  return { kind: 'url', ended: Promise.resolve('not-watched'), close: () => {} };
}

/** Resolves when the window stands, or with undefined when its process died early. */
function tryWindow(
  options: OpenWindowOptions,
  host: Host,
  choice: Exclude<WindowChoice, { kind: 'url' }>,
): Promise<OpenedWindow | undefined> {
  const name = choice.kind === 'electron' ? 'Electron' : choice.name;
  const environment = { ...host.environment, ...(choice.kind === 'electron' ? choice.environment : {}) };
  const outcome = Promise.withResolvers<OpenedWindow | undefined>();
  const end = Promise.withResolvers<WindowEnd>();
  let child: WindowChild;
  try {
    child = (options.spawn ?? realSpawn)(choice.path, choice.argv, environment);
  } catch (error) {
    options.say(`${name} could not be started: ${error instanceof Error ? error.message : String(error)}.`);
    return Promise.resolve(undefined);
  }
  const opened: OpenedWindow = { kind: choice.kind, ended: end.promise, close: () => child.kill() };
  const cancel = options.clock.at(options.clock.nowMs() + EARLY_MS, () => outcome.resolve(opened));
  const failed = (why: string) => {
    cancel();
    options.say(`${name} ended at once (${why}).${choice.kind === 'electron' ? sandboxRemedy(host, choice.path) : ''}`);
    outcome.resolve(undefined);
  };
  let standing = false;
  outcome.promise
    .then((result) => {
      standing = result !== undefined;
    })
    .catch(() => {}); // it is only ever resolved
  child.on('error', (error: Error) => {
    if (!standing) failed(error.message);
  });
  child.on('exit', (code: number | null, signal: string | null) => {
    const orderly = code === 0 || code === HANDED_OVER;
    if (!orderly && !standing) return failed(signal ?? `exit status ${code}`);
    cancel();
    outcome.resolve(opened);
    // A browser that was already running takes the page over and its new process ends: nothing to watch then.
    end.resolve(
      code === HANDED_OVER ? 'handed-over' : choice.kind === 'browser' && !standing ? 'not-watched' : 'closed',
    );
  });
  child.unref();
  return outcome.promise;
}

function sandboxRemedy(host: Host, electronPath: string): string {
  if (host.platform !== 'linux' || host.isRoot) return '';
  const helper = join(dirname(electronPath), 'chrome-sandbox');
  return ` On Linux this is often its sandbox, which this allows: sudo chown root:root ${helper} && sudo chmod 4755 ${helper}`;
}

/** True when the binary is there afterwards. One line either way, and no retries: the next start tries again. */
async function fetchElectronBinary(options: OpenWindowOptions): Promise<boolean> {
  const { clock, root } = options;
  const host = options.host ?? thisHost;
  const done = Promise.withResolvers<string | undefined>();
  let child: WindowChild | undefined;
  try {
    child = (options.spawn ?? realSpawn)(process.execPath, [join(root, 'node_modules/electron/install.js')], {
      ...host.environment,
    });
  } catch (error) {
    return sayFetch(options, error instanceof Error ? error.message : String(error));
  }
  const cancel = clock.at(clock.nowMs() + FETCH_LIMIT_MS, () => {
    child?.kill('SIGKILL');
    done.resolve(`not finished within ${FETCH_LIMIT_MS / 1000} s`);
  });
  child.on('error', (error: Error) => done.resolve(error.message));
  child.on('exit', (code: number | null) =>
    done.resolve(code === 0 ? undefined : 'no answer from its host, or no room for it'),
  );
  child.unref();
  const problem = await done.promise;
  cancel();
  return sayFetch(options, problem);
}

function sayFetch(options: OpenWindowOptions, problem: string | undefined): boolean {
  options.say(
    problem === undefined
      ? 'Electron is here now; the next start opens its window.'
      : `Electron could not be fetched (${problem}); nothing depends on it, and the next start tries again.`,
  );
  return problem === undefined;
}
