/**
 * Keeps a policy process running: a forked child that is reached over IPC, whose messages are passed on unchecked. A
 * process that ends is started again, later after each end in a row. After MAX_ENDS ends it is left alone until a
 * caller needs it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../../api/clock.ts';
import type { ToPolicyProcess } from '../../api/processes/policy-messages.ts';
import { endChild } from './end-child.ts';
import type { PolicyTrouble } from './policy-source.ts';

/** Wait before the first restart. It doubles with every further one. */
const DEFAULT_RESTART_MS = 500;
/** Number of ends in a row after which the process is not restarted by itself. */
const MAX_ENDS = 5;
/** A process that has run this long ends a row of failures. */
const STABLE_MS = 10_000;
export const RESTART_REMEDY = 'It is started again by itself: wait a moment, then press Resume.';
export const GIVEN_UP_REMEDY = 'Press Resume to try once more, or choose another policy; see what the engine printed.';
export const NOT_RUNNING: PolicyTrouble = { message: 'The policy process is not running.', remedy: RESTART_REMEDY };

/** The part of a child process that is used. A test replaces it with its own. */
export interface PolicyChild {
  send(message: ToPolicyProcess): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (why: string) => void): void;
  /** Kills the process at once in any state, because it keeps nothing that would be lost. Resolves when it is gone. */
  kill(): Promise<void>;
}

export function spawnPolicyProcess(): PolicyChild {
  const entry = fileURLToPath(new URL('../../policy/policy-process.ts', import.meta.url));
  const child: ChildProcess = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    send: (message) => {
      // A channel that is closing reports its error through 'exit'.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onExit: (listener) => {
      child.once('exit', (code, signal) => listener(signal ? `was ended by ${signal}` : `ended with code ${code}`));
      child.once('error', (error) => listener(`failed: ${error.message}`));
    },
    kill: () => endChild(child, systemClock, 0),
  };
}

interface RestartingChildOptions {
  readonly clock: Clock;
  readonly spawn: () => PolicyChild;
  readonly restartAfterMs?: number | undefined;
  readonly onMessage: (message: unknown, from: PolicyChild) => void;
  readonly onStarted: () => void;
  readonly onRestarted: () => void;
  readonly onEnded: (trouble: PolicyTrouble) => void;
  /** Called once for a series of ends: at the first one, and when restarts are given up. */
  readonly onTrouble: (trouble: PolicyTrouble) => void;
}

export type RestartingChild = ReturnType<typeof createRestartingChild>;

export function createRestartingChild(options: RestartingChildOptions) {
  const { clock, restartAfterMs = DEFAULT_RESTART_MS } = options;
  let child: PolicyChild | undefined;
  let startedMs = 0;
  /** Number of ends since the process last ran for long. */
  let ends = 0;
  /** Resolves when a process runs again, or when restarts have been given up. `undefined` while one runs. */
  let restart: PromiseWithResolvers<void> | undefined;
  let closed = false;
  let cancelRestart = () => {};

  const restarted = () => {
    restart?.resolve();
    restart = undefined;
  };
  const start = () => {
    cancelRestart();
    const started = options.spawn();
    child = started;
    startedMs = clock.nowMs();
    started.onMessage((message) => {
      if (started === child) options.onMessage(message, started);
    });
    started.onExit((why) => {
      if (started === child) ended(why);
    });
    options.onStarted();
    restarted();
  };
  const ended = (why: string) => {
    child = undefined;
    ends = clock.nowMs() - startedMs >= STABLE_MS ? 1 : ends + 1;
    const givenUp = ends >= MAX_ENDS;
    const trouble = givenUp
      ? { message: `The policy process ${why}, ${ends} times in a row.`, remedy: GIVEN_UP_REMEDY }
      : { message: `The policy process ${why}.`, remedy: RESTART_REMEDY };
    if (!closed && !givenUp) restart ??= Promise.withResolvers<void>();
    options.onEnded(trouble);
    if (closed) return;
    if (ends === 1 || givenUp) options.onTrouble(trouble);
    if (givenUp) return;
    cancelRestart = clock.at(clock.nowMs() + restartAfterMs * 2 ** (ends - 1), () => {
      start();
      options.onRestarted();
    });
  };

  return {
    start,
    /** Returns the process that runs now; `undefined` while it is restarted or given up. */
    current: () => child,
    /**
     * Waits for a process that is being restarted, and starts one that was given up. Returns the reason when none runs.
     */
    ensureRunning: async () => {
      if (closed) return { message: 'The engine is closing.', remedy: 'Start it again.' };
      if (!child && !restart) {
        ends = 0;
        start();
      }
      await restart?.promise;
      return child ? undefined : NOT_RUNNING;
    },
    /** Kills a process that does not work. A restart follows. */
    kill: (who: PolicyChild) => {
      who.kill().catch((error: unknown) => {
        const message = `The policy process could not be ended: ${String(error)}`;
        options.onTrouble({ message, remedy: RESTART_REMEDY });
      });
    },
    close: async () => {
      closed = true;
      cancelRestart();
      restarted();
      await child?.kill();
    },
  };
}
