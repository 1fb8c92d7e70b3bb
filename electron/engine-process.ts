/**
 * The engine under the shell: it is started, announces its URL, is started again after a crash, and stops without
 * leaving an orphan. `child.ts` supplies real children and tests supply fakes, so this file needs no child_process.
 *
 * The engine announces itself with one JSON line on standard output: { "url": "http://127.0.0.1:<port>/#…" }.
 */
import type { Clock } from '../main/api/clock.ts';
import { createLineTail } from '../main/api/output-tail.ts';
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
  /** Asks the engine to end by itself. */
  requestStop(): void;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Asks the system whether the process has ended, because a blocked thread receives no events. */
  isOver(): boolean;
  /** Ends processes that it started and that still run. Harmless when there are none. */
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
  /** Resolves when no process of the engine runs any more. */
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
  /** Limit from the start to the announcement of the URL. */
  readonly announceMs: number;
  /** Wait from the request to SIGTERM. */
  readonly askMs: number;
  /** Wait from SIGTERM to SIGKILL. */
  readonly terminateMs: number;
}
/** Time between two looks at a child that is to end. */
const LOOK_AGAIN_MS = 20;
/** Number of log lines kept for the failure page. */
const KEPT_LINES = 80;
/** Longer lines are cut on the failure page. */
const LONGEST_LINE = 2_000;
export const STOP_LIMITS: StopLimits = { announceMs: 60_000, askMs: 5_000, terminateMs: 3_000 };

/** Returns the engine's URL when this line announces it. */
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
  const { clock, launch, rules = ENGINE_RULES, limits = STOP_LIMITS } = options;
  const tail = createLineTail(KEPT_LINES);
  let state: EngineState = { kind: 'stopped' };
  let child: EngineChild | undefined;
  let crashes = 0;
  /** Time at which this run of the engine announced itself. */
  let usefulSinceMs: number | undefined;
  let stopping: PromiseWithResolvers<void> | undefined;
  let cancelTimer = () => {};

  const note = (line: string) => {
    tail.add(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);
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
      const { resolve } = stopping;
      stopping = undefined;
      become({ kind: 'stopped' });
      return resolve();
    }
    note(`shell: The engine ${describeExit(exit)}.`);
    const ranMs = usefulSinceMs === undefined ? 0 : clock.nowMs() - usefulSinceMs;
    const next = afterExit(exit, rules, crashes, ranMs);
    crashes = next.crashes;
    become(next.state);
    if (next.state.kind === 'waiting') later(next.state.delayMs, run);
  };
  const onLine = (text: string, url: string | undefined) => {
    // The URL's fragment is a key to the controls, so it is not written to the log.
    note(url === undefined ? text : `shell: the engine listens at ${engineOrigin(url)}`);
    if (url === undefined || state.kind !== 'starting' || stopping) return;
    cancelTimer();
    usefulSinceMs = clock.nowMs();
    become({ kind: 'running', url });
  };
  const run = () => {
    usefulSinceMs = undefined;
    become({ kind: 'starting', attempt: crashes + 1 });
    let over = false;
    const started = launch({
      line: (text, stream) => onLine(text, stream === 'out' && !over ? announcedUrl(text) : undefined),
      exited: (exit) => {
        if (over) return;
        over = true;
        ended(exit);
      },
    });
    if (over) return started.killRemains();
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
    stopping = Promise.withResolvers<void>();
    const { promise } = stopping;
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

  return {
    start: () => {
      if (child || stopping) return;
      cancelTimer();
      crashes = 0;
      run();
    },
    stop,
    stopBlocking: (pause) => {
      cancelTimer();
      if (child) stopBlocking(child, clock, limits, pause);
    },
    state: () => state,
    logTail: tail.lines,
  };
}

/** Decides what follows an exit that nobody asked for: a restart after a wait, or giving up with a remedy. */
function afterExit(
  exit: Exit,
  rules: RestartRules,
  crashesBefore: number,
  ranMs: number,
): { readonly state: Extract<EngineState, { kind: 'waiting' | 'failed' }>; readonly crashes: number } {
  const what = `The engine ${describeExit(exit)}.`;
  const neverStarted = exit.code === undefined && exit.signal === undefined;
  if (exit.code === REFUSED_EXIT_CODE || neverStarted)
    return { state: { kind: 'failed', what, remedy: LOOK_AT_LOG }, crashes: crashesBefore };
  const next = afterCrash(rules, crashesBefore, ranMs);
  const { crashes } = next;
  switch (next.kind) {
    case 'restart':
      return { state: { kind: 'waiting', delayMs: next.delayMs, what }, crashes };
    case 'give-up': {
      const remedy = `It stopped ${crashes} times in a row, so it was left alone. ${LOOK_AT_LOG}`;
      return { state: { kind: 'failed', what, remedy }, crashes };
    }
    default:
      return next satisfies never;
  }
}

/** Stops the child without a turn of the event loop. Returns when it has ended. */
function stopBlocking(child: EngineChild, clock: Clock, limits: StopLimits, pause: (ms: number) => void): void {
  const isOverWithin = (limitMs: number) => {
    const untilMs = clock.nowMs() + limitMs;
    while (!child.isOver() && clock.nowMs() < untilMs) pause(LOOK_AGAIN_MS);
    return child.isOver();
  };
  child.requestStop();
  if (!isOverWithin(limits.askMs)) {
    child.kill('SIGTERM');
    if (!isOverWithin(limits.terminateMs)) child.kill('SIGKILL');
  }
  child.killRemains();
}
