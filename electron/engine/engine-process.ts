/**
 * The engine under the shell: it is started, announces its URL, is started again after a crash, and stops without
 * leaving an orphan. `child.ts` supplies real children and tests supply fakes, so this file needs no child_process.
 *
 * The engine announces itself with one JSON line on standard output: { "url": "http://127.0.0.1:<port>/#…" }.
 */
import type { Clock } from '../../main/api/clock.ts';
import { createLineTail } from '../../main/api/processes/output-tail.ts';
import { engineOrigin } from '../window/navigation-policy.ts';
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

export type EngineProcess = ReturnType<typeof createEngineProcess>;

interface EngineProcessOptions {
  readonly launch: (events: ChildEvents) => EngineChild;
  readonly clock: Clock;
  readonly changed: (state: EngineState) => void;
  readonly log?: (line: string) => void;
  readonly rules?: RestartRules;
  readonly limits?: StopLimits;
}

type StopLimits = Readonly<typeof STOP_LIMITS>;

/** Time between two looks at a child that is to end. */
const LOOK_AGAIN_MS = 20;
/** Number of log lines kept for the failure page. */
const KEPT_LINES = 80;
/** Longer lines are cut on the failure page. */
const LONGEST_LINE = 2_000;
/** From the start to the announcement of the URL, from the request to stop to SIGTERM, and from that to SIGKILL. */
export const STOP_LIMITS = { announceMs: 60_000, askMs: 5_000, terminateMs: 3_000 };

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

export function createEngineProcess(options: EngineProcessOptions) {
  const { clock, launch, rules = ENGINE_RULES, limits = STOP_LIMITS } = options;
  const { note, lines } = createEngineLog(options.log);
  let state: EngineState = { kind: 'stopped' };
  let child: EngineChild | undefined;
  let crashes = 0;
  let announcedAtMs: number | undefined;
  let stopping: PromiseWithResolvers<void> | undefined;
  const timer = createTimer(clock);
  const become = (next: EngineState) => {
    state = next;
    options.changed(next);
  };
  const ended = (exit: Exit) => {
    timer.cancel();
    child?.killRemains();
    child = undefined;
    if (stopping) {
      stopping.resolve();
      stopping = undefined;
      return become({ kind: 'stopped' });
    }
    note(`shell: The engine ${describeExit(exit)}.`);
    const ranMs = announcedAtMs === undefined ? 0 : clock.nowMs() - announcedAtMs;
    const next = afterExit(exit, rules, crashes, ranMs);
    crashes = next.crashes;
    become(next.state);
    if (next.state.kind === 'waiting') timer.set(next.state.delayMs, run);
  };
  const announced = (url: string) => {
    if (state.kind !== 'starting' || stopping) return;
    timer.cancel();
    announcedAtMs = clock.nowMs();
    become({ kind: 'running', url });
  };
  const run = () => {
    announcedAtMs = undefined;
    become({ kind: 'starting', attempt: crashes + 1 });
    const started = launchOnce(launch, { note, announced, ended });
    if (!started) return;
    child = started;
    timer.set(limits.announceMs, () => {
      note(`shell: no URL from the engine within ${limits.announceMs / 1000} s`);
      started.kill('SIGKILL');
    });
  };

  return {
    start: (): void => {
      if (child || stopping) return;
      timer.cancel();
      crashes = 0;
      run();
    },
    /** Resolves when no process of the engine runs any more. */
    stop: (): Promise<void> => {
      if (stopping) return stopping.promise;
      timer.cancel();
      if (!child && state.kind !== 'stopped') become({ kind: 'stopped' });
      if (!child) return Promise.resolve();
      const current = child;
      stopping = Promise.withResolvers<void>();
      const { promise } = stopping;
      current.requestStop();
      // A child that has just gone has already called `ended`, which clears `stopping`.
      if (stopping) killIfItStays(current, limits, timer, note);
      return promise;
    },
    /** Returns when no process of the engine runs any more, without a turn of the event loop. `pause` blocks the thread. */
    stopBlocking: (pause: (ms: number) => void): void => {
      timer.cancel();
      if (child) stopBlocking(child, clock, limits, pause);
    },
    state: (): EngineState => state,
    logTail: lines,
  };
}

type Timer = ReturnType<typeof createTimer>;

function createTimer(clock: Clock) {
  let cancel = () => {};
  return {
    /** Calls `callback` after `delayMs`, in place of what waited before. */
    set: (delayMs: number, callback: () => void): void => {
      cancel();
      cancel = clock.at(clock.nowMs() + delayMs, callback);
    },
    cancel: () => cancel(),
  };
}

/** Writes lines to the log and keeps the newest ones for the failure page. */
function createEngineLog(log: ((line: string) => void) | undefined) {
  const tail = createLineTail(KEPT_LINES);
  return {
    lines: tail.lines,
    note: (line: string) => {
      tail.add(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);
      log?.(line);
    },
  };
}

/** Runs the engine once. Returns `undefined` when it has ended already. */
function launchOnce(
  launch: EngineProcessOptions['launch'],
  events: {
    readonly note: (line: string) => void;
    readonly announced: (url: string) => void;
    readonly ended: (exit: Exit) => void;
  },
): EngineChild | undefined {
  let over = false;
  const child = launch({
    line: (text, stream) => {
      const url = stream === 'out' && !over ? announcedUrl(text) : undefined;
      // The URL's fragment is a key to the controls, so it is not written to the log.
      events.note(url === undefined ? text : `shell: the engine listens at ${engineOrigin(url)}`);
      if (url !== undefined) events.announced(url);
    },
    exited: (exit) => {
      if (over) return;
      over = true;
      events.ended(exit);
    },
  });
  if (!over) return child;
  child.killRemains();
  return undefined;
}

/** Sends SIGTERM, then SIGKILL, to a child that does not end when it is asked to. */
function killIfItStays(child: EngineChild, limits: StopLimits, timer: Timer, note: (line: string) => void): void {
  timer.set(limits.askMs, () => {
    note('shell: the engine did not stop when asked; sending SIGTERM');
    child.kill('SIGTERM');
    timer.set(limits.terminateMs, () => {
      note('shell: the engine did not stop on SIGTERM; killing it');
      child.kill('SIGKILL');
    });
  });
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
