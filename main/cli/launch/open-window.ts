/**
 * Opens a window after `serve --window` has printed the engine's URL. Opens the best window available, falls back when
 * that one does not open, and fetches Electron's binary for the next start. Never throws; the printed URL always works.
 * Resolves once a window is open, so the caller need not wait for it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Clock } from '../../api/clock.ts';
import { signalChild } from '../../api/processes/signal-child.ts';
import { chooseWindow, type WindowChoice } from './choose-window.ts';
import { type Host, thisHost } from './host.ts';
import { type OpenedWindow, type Spawn, tryWindow, type WindowChild } from './window-child.ts';

export const FETCH_LIMIT_MS = 60_000;

export interface OpenWindowOptions {
  /** The folder of package.json. */
  readonly root: string;
  /** A URL that can open one window: it carries a fresh one-time code at each call. */
  readonly url: () => string;
  readonly clock: Clock;
  /** Prints one line for the person. */
  readonly say: (line: string) => void;
  /** Aborted when the session ends. A window that is not open yet, and the download, are then ended. */
  readonly signal: AbortSignal;
  readonly host?: Host;
  readonly spawn?: Spawn;
}

/** The window's process reports on its standard output. Its last lines are printed when it fails. */
const realSpawn: Spawn = (path, argv, environment) =>
  spawn(path, [...argv], { env: environment, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: false });

export async function openWindow(options: OpenWindowOptions): Promise<OpenedWindow> {
  const host = options.host ?? thisHost;
  const { choices, fetchElectron } = chooseWindow(host, options.root, '');
  const fetched = fetchElectron ? fetchElectronBinary(options) : Promise.resolve(false);
  const opened = await openFirst(options, host, choices);
  if (opened.kind !== 'url' || !fetchElectron) return opened;
  // No window could be opened, so this start uses the binary when it arrives.
  return (await fetched) ? openFirst(options, host, chooseWindow(host, options.root, '').choices) : opened;
}

async function openFirst(
  options: OpenWindowOptions,
  host: Host,
  preview: readonly WindowChoice[],
): Promise<OpenedWindow> {
  const { clock, say, signal, url } = options;
  for (const [index, { kind }] of preview.entries()) {
    if (signal.aborted) break;
    // Each attempt has its own URL: a window that failed may have used up its code.
    const choice = kind === 'url' ? preview[index] : chooseWindow(host, options.root, url()).choices[index];
    if (choice === undefined) break;
    if (choice.kind === 'url') {
      say(`No window was opened: ${choice.why}. Open the printed URL in a browser.`);
      break;
    }
    const opened = await tryWindow({ choice, host, clock, say, signal, url, spawn: options.spawn ?? realSpawn });
    if (opened !== undefined) return opened;
  }
  return { kind: 'url', ended: Promise.resolve('not-watched'), close: async () => {} };
}

/** Prints one line with the result. Returns true when the binary is there afterwards. The next start tries again. */
async function fetchElectronBinary(options: OpenWindowOptions): Promise<boolean> {
  const { clock, root, signal } = options;
  const host = options.host ?? thisHost;
  const done = Promise.withResolvers<string | undefined>();
  let child: WindowChild | undefined;
  try {
    child = (options.spawn ?? quietSpawn)(process.execPath, [join(root, 'node_modules/electron/install.js')], {
      ...host.environment,
    });
  } catch (error) {
    return sayFetch(options, error instanceof Error ? error.message : String(error));
  }
  const abandon = (why: string) => () => {
    done.resolve(why);
    if (child) signalChild(child, 'SIGKILL');
  };
  const cancel = clock.at(clock.nowMs() + FETCH_LIMIT_MS, abandon(`not finished within ${FETCH_LIMIT_MS / 1000} s`));
  const stop = abandon('the session ended');
  signal.addEventListener('abort', stop);
  child.on('error', (error: Error) => done.resolve(error.message));
  child.on('exit', (code: number | null) =>
    done.resolve(code === 0 ? undefined : 'no answer from its host, or no room for it'),
  );
  child.unref();
  const problem = await done.promise;
  cancel();
  signal.removeEventListener('abort', stop);
  return signal.aborted ? false : sayFetch(options, problem);
}

const quietSpawn: Spawn = (path, argv, environment) => spawn(path, [...argv], { env: environment, stdio: 'ignore' });

function sayFetch(options: OpenWindowOptions, problem: string | undefined): boolean {
  options.say(
    problem === undefined
      ? 'Electron is here now; the next start opens its window.'
      : `Electron could not be fetched (${problem}); nothing depends on it, and the next start tries again.`,
  );
  return problem === undefined;
}
