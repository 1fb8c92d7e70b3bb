/**
 * Builds the operator's window in a separate folder and moves it into place with a stamp of its sources. One process
 * builds at a time. A start builds only when the build does not match its sources. After a failure the last build stays
 * in use; without one, the engine serves a page that says so.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../api/clock.ts';
import { messageOf } from '../../api/error-words.ts';
import { signalChild } from '../../api/processes/signal-child.ts';
import { sourceHash, windowFreshness, writeStamp } from './window-stamp.ts';

const BUILD_LIMIT_MS = 180_000;
const LOOK_AGAIN_MS = 200;
const BUILD_FOLDER = /^window-\d+(-old)?$/;

export type WindowBuild =
  | { readonly kind: 'prebuilt' | 'fresh' }
  | { readonly kind: 'built'; readonly wallMs: number }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string; readonly olderBuild: boolean };

export interface BuildWindowOptions {
  /** The folder of package.json. */
  readonly root: string;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Builds into a folder. Returns its output and whether it succeeded. */
  readonly build?: (target: string) => Promise<{ readonly ok: boolean; readonly output: string }>;
  /** Tells whether the holder of the lock is alive. */
  readonly isAlive?: (pid: number) => boolean;
  /** Ends a build that is going on. The last build then stays. */
  readonly signal?: AbortSignal;
}

/** Builds when the build is missing or older than its sources. */
export async function ensureWindowBuilt(options: BuildWindowOptions): Promise<WindowBuild> {
  const before = windowFreshness(options.root);
  if (before === 'fresh' || before === 'prebuilt') return { kind: before };
  return buildLocked(options, () => {
    // Another start may have built it while this one waited.
    if (windowFreshness(options.root) === 'fresh') return 'fresh';
    const why =
      before === 'missing' ? 'Building the window, once …' : 'Building the window: its sources have changed …';
    options.say(why);
    return 'needed';
  });
}

/** Builds the window, even when the last build is fresh. */
export const buildWindow = (options: BuildWindowOptions): Promise<WindowBuild> => buildLocked(options, () => 'needed');

async function buildLocked(options: BuildWindowOptions, look: () => 'fresh' | 'needed'): Promise<WindowBuild> {
  const { root, clock } = options;
  if (!existsSync(join(root, 'renderer/vite.config.ts')))
    return failure(
      options,
      `renderer/dist/index.html is missing in ${root}, and so are the sources to build it from.`,
      'Install the program again.',
    );
  const startedMs = clock.nowMs();
  let unlock: () => void;
  try {
    unlock = await takeLock(options, startedMs + BUILD_LIMIT_MS);
  } catch (error) {
    return failure(
      options,
      `The window cannot be built: ${messageOf(error)}.`,
      `Check that ${root} can be written to.`,
    );
  }
  try {
    return look() === 'fresh' ? { kind: 'fresh' } : await buildAside(options, startedMs);
  } catch (error) {
    return failure(
      options,
      `The window could not be built: ${messageOf(error)}.`,
      'Run "npm run build" to see it alone.',
    );
  } finally {
    unlock();
  }
}

async function buildAside(options: BuildWindowOptions, startedMs: number): Promise<WindowBuild> {
  const { root, clock } = options;
  // One process builds at a time, so a left-over folder belongs to a builder that was killed.
  for (const name of readdirSync(join(root, '.takeover')).filter((one) => BUILD_FOLDER.test(one)))
    rmSync(join(root, '.takeover', name), { recursive: true, force: true });
  const target = join(root, '.takeover', `window-${process.pid}`);
  const old = `${target}-old`;
  const dist = join(root, 'renderer/dist');
  try {
    // Hashed before building, so that a file saved meanwhile makes the result stale and never wrongly fresh.
    const hash = sourceHash(root);
    const { ok, output } = await (options.build ?? buildInChild(clock, { signal: options.signal }))(target);
    if (!ok || !existsSync(join(target, 'index.html')))
      return failure(
        options,
        `The window could not be built:\n${output.trim()}`,
        'Correct the sources, or run "npm run build" to see it alone.',
      );
    writeStamp(target, hash);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(target, dist);
    return { kind: 'built', wallMs: clock.nowMs() - startedMs };
  } finally {
    for (const folder of [target, old]) rmSync(folder, { recursive: true, force: true });
  }
}

function failure(options: BuildWindowOptions, message: string, remedy: string): WindowBuild {
  const olderBuild = existsSync(join(options.root, 'renderer/dist/index.html'));
  if (!options.signal?.aborted)
    options.say(`${message}\n${remedy}${olderBuild ? ' The last build serves meanwhile.' : ''}`);
  return { kind: 'failed', message, remedy, olderBuild };
}

/** Takes the lock of builders, a file that names its holder. Removes the file of a dead holder. */
async function takeLock(options: BuildWindowOptions, untilMs: number): Promise<() => void> {
  const { clock } = options;
  const isAlive = options.isAlive ?? pidIsAlive;
  const folder = join(options.root, '.takeover');
  const file = join(folder, 'window.lock');
  mkdirSync(folder, { recursive: true });
  let said = false;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error;
    }
    const holder = Number(existsSync(file) ? readFileSync(file, 'utf8') : Number.NaN);
    if (Number.isInteger(holder) && holder > 0 && !isAlive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (options.signal?.aborted) throw new Error('the program ends');
    if (clock.nowMs() >= untilMs)
      throw new Error(`process ${holder} has been building it for too long; end it, or delete ${file}`);
    if (!said) options.say('Another start is building the window; waiting for it …');
    said = true;
    await clock.sleepUntilMs(clock.nowMs() + LOOK_AGAIN_MS);
  }
}

function pidIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Reflect.get(Object(error), 'code') === 'EPERM';
  }
}

/** `logLevel`: how much the bundler prints, `warn` or `info`. */
export const buildInChild =
  (clock: Clock, options: { readonly logLevel?: string; readonly signal?: AbortSignal | undefined } = {}) =>
  (target: string) => {
    const { logLevel = 'warn', signal } = options;
    const done = Promise.withResolvers<{ ok: boolean; output: string }>();
    const script = join(import.meta.dirname, 'build-window-process.ts');
    const child = spawn(process.execPath, [script, target, logLevel], {
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (part: Buffer) => {
      output = (output + part.toString()).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const cancel = clock.at(clock.nowMs() + BUILD_LIMIT_MS, () => {
      output += `\nnot finished within ${BUILD_LIMIT_MS / 1000} s`;
      signalChild(child, 'SIGKILL');
    });
    const abort = () => {
      output += '\nended, because the program ends';
      signalChild(child, 'SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const finish = (ok: boolean) => {
      cancel();
      signal?.removeEventListener('abort', abort);
      done.resolve({ ok, output });
    };
    child.on('error', (error) => {
      output += error.message;
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
    return done.promise;
  };
