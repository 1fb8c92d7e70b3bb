/**
 * `takeover serve` on one project folder: started, killed and started again. Each start is entered once with the
 * printed code; all windows then use the token. An unexpected exit is noted with the engine's last output.
 */
import type { Clock } from '../../../main/api/clock.ts';
import { type Served, serve } from '../../e2e/served.ts';
import { openHeadlessWindow } from '../headless-window.ts';
import { descendantsOf, isAlive, type ProcessSeen, signal } from './processes.ts';

const START_WITHIN_MS = 90_000;
const ENTER_WITHIN_MS = 30_000;
/** How long children may outlive their engine, until they notice the closed channel. */
const ORPHANS_WITHIN_MS = 15_000;
const TERMINATED_WITHIN_MS = 25_000;
const KILLED_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 100;
const LAST_WORDS = 600;

export interface UnaskedExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly lastWords: string;
}

export interface LeftOver {
  readonly role: string;
  readonly after: 'SIGKILL' | 'SIGTERM' | 'exit';
}

export interface EngineSite {
  readonly projectFolder: string;
  /** Returns the number of starts. */
  generation(): number;
  pid(): number | undefined;
  /** Address and token for windows; `undefined` while no engine can be entered. */
  door(): { readonly url: string; readonly token: string; readonly startedMs: number } | undefined;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Sends SIGTERM. Tells whether the engine ended by itself in time, and how long that took. */
  terminate(): Promise<{ readonly inTime: boolean; readonly tookMs: number; readonly code: number | undefined }>;
  onUnaskedExit(listener: (exit: UnaskedExit) => void): void;
  /** Processes that outlived their engine by too long; they are killed when they are noted. */
  readonly leftOver: LeftOver[];
  /** Last resort, synchronous: kills every process that this site has started, and their known descendants. */
  killAll(): void;
}

export function createEngineSite(options: {
  readonly clock: Clock;
  readonly projectFolder: string;
  /** Every process seen under an engine so far. */
  readonly seen: () => readonly ProcessSeen[];
}): EngineSite {
  const { clock, projectFolder, seen } = options;
  const leftOver: LeftOver[] = [];
  const listeners: ((exit: UnaskedExit) => void)[] = [];
  let generation = 0;
  let engine: Served | undefined;
  let entered: { readonly url: string; readonly token: string; readonly startedMs: number } | undefined;
  let ending = false;

  const pid = () => engine?.child.pid;
  const sweep = async (children: readonly ProcessSeen[], after: LeftOver['after']) => {
    for (const { role } of await outliving(clock, children)) leftOver.push({ role, after });
  };

  const childrenNow = (): readonly ProcessSeen[] => {
    const enginePid = pid();
    return [...seen().filter(({ role }) => role !== 'engine'), ...(enginePid ? descendantsOf(enginePid) : [])];
  };

  const leave = () => {
    ending = true;
    entered = undefined;
  };

  return {
    projectFolder,
    generation: () => generation,
    pid,
    door: () => entered,
    start: async () => {
      generation++;
      ending = false;
      const served = await serve(projectFolder, START_WITHIN_MS);
      engine = served;
      void served.exited.then(async ({ code, signal: by }) => {
        if (engine !== served || ending) return;
        leave();
        engine = undefined;
        for (const listener of listeners) listener({ code, signal: by, lastWords: lastWordsOf(served.said()) });
        await sweep(childrenNow(), 'exit');
      });
      entered = await enter(clock, served);
    },
    kill: async () => {
      const served = engine;
      if (!served) return;
      const children = childrenNow();
      leave();
      served.child.kill('SIGKILL');
      await exitedWithin(clock, served, KILLED_WITHIN_MS);
      engine = undefined;
      await sweep(children, 'SIGKILL');
    },
    terminate: async () => {
      const served = engine;
      if (!served) return { inTime: true, tookMs: 0, code: 0 };
      const children = childrenNow();
      leave();
      const startedMs = clock.nowMs();
      served.child.kill('SIGTERM');
      const end = await exitedWithin(clock, served, TERMINATED_WITHIN_MS);
      const tookMs = clock.nowMs() - startedMs;
      if (!end) {
        served.child.kill('SIGKILL');
        await exitedWithin(clock, served, KILLED_WITHIN_MS);
      }
      engine = undefined;
      await sweep(children, 'SIGTERM');
      return { inTime: end !== undefined, tookMs, code: end?.code };
    },
    onUnaskedExit: (listener) => {
      listeners.push(listener);
    },
    leftOver,
    killAll: () => {
      leave();
      for (const each of [...descendantsOf(process.pid), ...seen()]) signal(each, 'SIGKILL');
    },
  };
}

/** Says hello with the printed code, once. All other windows use the token. */
async function enter(clock: Clock, served: Served) {
  const window = await openHeadlessWindow(served.url, [], clock, { withinMs: ENTER_WITHIN_MS, onMisfit: () => {} });
  const token = window.token();
  window.close();
  if (token === undefined) throw new Error('the engine welcomed a window without a token');
  return { url: served.url, token, startedMs: clock.nowMs() };
}

/** Kills and returns the children that are still there long after their engine has gone. */
async function outliving(clock: Clock, children: readonly ProcessSeen[]): Promise<readonly ProcessSeen[]> {
  const untilMs = clock.nowMs() + ORPHANS_WITHIN_MS;
  while (children.some(isAlive) && clock.nowMs() < untilMs) await clock.sleepUntilMs(clock.nowMs() + LOOK_AGAIN_MS);
  const left = children.filter(isAlive);
  for (const child of left) signal(child, 'SIGKILL');
  return left;
}

/** Returns `undefined` when the engine has not ended by then. */
async function exitedWithin(clock: Clock, served: Served, ms: number) {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.at(clock.nowMs() + ms, () => late.resolve(undefined));
  const end = await Promise.race([served.exited, late.promise]);
  cancel();
  return end;
}

/** Returns the output from the newest line that names an error. */
function lastWordsOf(said: string): string {
  const at = [...said.matchAll(/^.*\w*Error\b.*$/gm)].at(-1)?.index ?? said.length - LAST_WORDS;
  return said.slice(Math.max(0, at)).trim().slice(0, LAST_WORDS);
}
