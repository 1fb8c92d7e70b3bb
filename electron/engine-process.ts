/**
 * The life of the engine under the shell: start, learn its URL, start again after a crash, stop without leaving an orphan.
 * Free of Electron and of child_process: `child.ts` supplies real children, tests supply fakes, time comes from the clock.
 *
 * The engine announces itself with one JSON line on standard output: { "url": "http://127.0.0.1:<port>/#…" }.
 */
import type { Clock } from '../main/api/clock.ts';
import { createLogTail } from './log-tail.ts';
import { engineOrigin } from './navigation-policy.ts';
import {
  afterCrash,
  describeExit,
  ENGINE_RULES,
  type Exit,
  REFUSED_EXIT_CODE,
  type RestartRules,
} from './restart-policy.ts';

/** One run of the engine. `exited` is called exactly once, also when it could not be started at all. */
export interface EngineChild {
  /** Asks it to finish in order. */
  requestStop(): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Asks the system whether the process has ended, because a blocked thread receives no events. */
  isOver(): boolean;
  /** Ends whatever it had started that is still there. Harmless when there is nothing. */
  killRemains(): void;
}
export interface ChildEvents {
  line(text: string, stream: 'out' | 'err'): void;
  exited(exit: Exit): void;
}

export type EngineState =
  | { readonly kind: 'starting'; readonly attempt: number }
  | { readonly kind: 'running'; readonly url: string }
  | { readonly kind: 'waiting'; readonly delayMs: number; readonly what: string }
  | { readonly kind: 'failed'; readonly what: string; readonly remedy: string }
  | { readonly kind: 'stopped' };

export interface EngineProcess {
  start(): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  /**
   * Stops without a turn of the event loop. Returns when no process of the engine runs any more. `pause` blocks the
   * thread.
   */
  stopBlocking(pause: (ms: number) => void): void;
  state(): EngineState;
  logTail(): readonly string[];
}

export interface EngineProcessOptions {
  readonly launch: (events: ChildEvents) => EngineChild;
  readonly clock: Clock;
  readonly changed: (state: EngineState) => void;
  readonly log?: (line: string) => void;
  readonly rules?: RestartRules;
  readonly limits?: StopLimits;
}

export interface StopLimits {
  /** From start to its URL. */
  readonly announceMs: number;
  /** From asking to SIGTERM, and from there to SIGKILL. */
  readonly askMs: number;
  readonly terminateMs: number;
}
const LOOK_AGAIN_MS = 20;
export const STOP_LIMITS: StopLimits = { announceMs: 60_000, askMs: 5_000, terminateMs: 3_000 };

/** The engine's URL when this line announces it. */
export function announcedUrl(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const message: unknown = JSON.parse(line);
    const url: unknown = typeof message === 'object' && message !== null ? Reflect.get(message, 'url') : undefined;
    if (typeof url !== 'string') return undefined;
    engineOrigin(url);
    return url;
  } catch {
    return undefined;
  }
}

const LOOK_AT_LOG = 'The last lines of its log, below, say why. "npx takeover doctor" checks this machine.';

export function createEngineProcess(options: EngineProcessOptions): EngineProcess {
  const { clock, launch } = options;
  const rules = options.rules ?? ENGINE_RULES;
  const limits = options.limits ?? STOP_LIMITS;
  const tail = createLogTail();
  let state: EngineState = { kind: 'stopped' };
  let child: EngineChild | undefined;
  let crashes = 0;
  let usefulSinceMs: number | undefined;
  let stopping: { readonly promise: Promise<void>; readonly done: () => void } | undefined;
  let cancelTimer = () => {};

  const note = (line: string) => {
    tail.add(line);
    options.log?.(line);
  };
  const become = (next: EngineState) => {
    state = next;
    options.changed(next);
  };
  const later = (delayMs: number, callback: () => void) => {
    cancelTimer();
    cancelTimer = clock.at(clock.nowMs() + delayMs, callback);
  };

  const ended = (exit: Exit) => {
    cancelTimer();
    child?.killRemains();
    child = undefined;
    if (stopping) {
      const { done } = stopping;
      stopping = undefined;
      become({ kind: 'stopped' });
      done();
      return;
    }
    const what = `The engine ${describeExit(exit)}.`;
    note(`shell: ${what}`);
    const ranMs = usefulSinceMs === undefined ? 0 : clock.nowMs() - usefulSinceMs;
    if (exit.code === REFUSED_EXIT_CODE || (exit.code === undefined && exit.signal === undefined)) {
      become({ kind: 'failed', what, remedy: LOOK_AT_LOG });
      return;
    }
    const next = afterCrash(rules, crashes, ranMs);
    crashes = next.crashes;
    if (next.kind === 'give-up') {
      const remedy = `It stopped ${crashes} times in a row, so it was left alone. ${LOOK_AT_LOG}`;
      become({ kind: 'failed', what, remedy });
      return;
    }
    become({ kind: 'waiting', delayMs: next.delayMs, what });
    later(next.delayMs, run);
  };

  const run = () => {
    usefulSinceMs = undefined;
    become({ kind: 'starting', attempt: crashes + 1 });
    let over = false;
    const started = launch({
      line: (text, stream) => {
        const url = stream === 'out' && !over ? announcedUrl(text) : undefined;
        // The URL's fragment is a key to the controls: it is not written to the log.
        note(url === undefined ? text : `shell: the engine listens at ${engineOrigin(url)}`);
        if (url === undefined || state.kind !== 'starting' || stopping) return;
        cancelTimer();
        usefulSinceMs = clock.nowMs();
        become({ kind: 'running', url });
      },
      exited: (exit) => {
        if (over) return;
        over = true;
        ended(exit);
      },
    });
    if (over) {
      started.killRemains();
      return;
    }
    child = started;
    later(limits.announceMs, () => {
      note(`shell: no URL from the engine within ${limits.announceMs / 1000} s`);
      started.kill('SIGKILL');
    });
  };

  const stop = (): Promise<void> => {
    if (stopping) return stopping.promise;
    cancelTimer();
    if (!child) {
      if (state.kind !== 'stopped') become({ kind: 'stopped' });
      return Promise.resolve();
    }
    const current = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    stopping = { promise, done: resolve };
    current.requestStop();
    // A child that has just gone has already called `ended`.
    if (stopping === undefined) return promise;
    later(limits.askMs, () => {
      note('shell: the engine did not stop when asked; sending SIGTERM');
      current.kill('SIGTERM');
      later(limits.terminateMs, () => {
        note('shell: the engine did not stop on SIGTERM; killing it');
        current.kill('SIGKILL');
      });
    });
    return promise;
  };

  const stopBlocking = (pause: (ms: number) => void) => {
    cancelTimer();
    const current = child;
    if (!current) return;
    const overWithin = (limitMs: number) => {
      const untilMs = clock.nowMs() + limitMs;
      while (!current.isOver() && clock.nowMs() < untilMs) pause(LOOK_AGAIN_MS);
      return current.isOver();
    };
    current.requestStop();
    if (!overWithin(limits.askMs)) {
      current.kill('SIGTERM');
      if (!overWithin(limits.terminateMs)) current.kill('SIGKILL');
    }
    current.killRemains();
  };

  return {
    start: () => {
      if (child || stopping) return;
      cancelTimer();
      crashes = 0;
      run();
    },
    stop,
    stopBlocking,
    state: () => state,
    logTail: () => tail.lines(),
  };
}
