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
/** The exit is told before the pipe is empty. */
const LAST_WORDS_WITHIN_MS = 300;

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
  /** Sends it the signal; whether it ended by that in time, and how long it took. It is killed otherwise. */
  end(
    by: 'SIGKILL' | 'SIGTERM',
  ): Promise<{ readonly inTime: boolean; readonly tookMs: number; readonly code: number | undefined }>;
  onUnaskedExit(listener: (exit: UnaskedExit) => void): void;
  /** Processes that outlived their engine by too long; they are killed when they are noted. */
  readonly leftOver: LeftOver[];
  /** Nothing is started any more. */
  isOver(): boolean;
  /** Ends the soak's use of it. Last resort, synchronous: kills every process that this one has started, and what was seen under them. */
  killAll(): void;
}

export interface EngineSiteOptions {
  readonly clock: Clock;
  readonly projectFolder: string;
  /** Every process seen under an engine so far. */
  readonly seen: () => readonly ProcessSeen[];
}

export function createEngineSite(options: EngineSiteOptions): EngineSite {
  const { clock, projectFolder, seen } = options;
  const leftOver: LeftOver[] = [];
  const listeners: ((exit: UnaskedExit) => void)[] = [];
  let generation = 0;
  let engine: Served | undefined;
  let entered: { readonly url: string; readonly token: string; readonly startedMs: number } | undefined;
  let ending = false;
  let over = false;

  const sweep = async (children: readonly ProcessSeen[], after: LeftOver['after']) => {
    for (const { role } of await outliving(clock, children)) leftOver.push({ role, after });
  };

  const childrenNow = () => [
    ...seen().filter(({ role }) => role !== 'engine'),
    ...(engine?.child.pid ? descendantsOf(engine.child.pid) : []),
  ];
  const leave = () => {
    ending = true;
    entered = undefined;
  };

  const end: EngineSite['end'] = async (by) => {
    const served = engine;
    if (!served) return { inTime: true, tookMs: 0, code: 0 };
    const startedMs = clock.nowMs();
    const children = childrenNow();
    leave();
    served.child.kill(by);
    const exit = await exitedWithin(clock, served, by === 'SIGTERM' ? TERMINATED_WITHIN_MS : KILLED_WITHIN_MS);
    const tookMs = clock.nowMs() - startedMs;
    if (!exit) {
      served.child.kill('SIGKILL');
      await exitedWithin(clock, served, KILLED_WITHIN_MS);
    }
    engine = undefined;
    await sweep(children, by);
    letGo(served);
    return { inTime: exit !== undefined, tookMs, code: exit?.code };
  };

  const onExit = async (served: Served, { code, signal: by }: Awaited<Served['exited']>) => {
    if (engine !== served || ending) return;
    const children = childrenNow();
    leave();
    engine = undefined;
    await clock.sleepUntilMs(clock.nowMs() + LAST_WORDS_WITHIN_MS);
    for (const listener of listeners) listener({ code, signal: by, lastWords: lastWordsOf(served.said()) });
    await sweep(children, 'exit');
    letGo(served);
  };

  return {
    projectFolder,
    generation: () => generation,
    pid: () => engine?.child.pid,
    door: () => entered,
    start: async () => {
      generation++;
      ending = false;
      const served = await serve(projectFolder, START_WITHIN_MS);
      engine = served;
      void served.exited.then((exit) => onExit(served, exit));
      entered = await enter(clock, served);
    },
    end,
    onUnaskedExit: (listener) => void listeners.push(listener),
    leftOver,
    isOver: () => over,
    killAll: () => {
      over = true;
      leave();
      for (const each of [...descendantsOf(process.pid), ...seen()]) signal(each, 'SIGKILL');
      if (engine) letGo(engine);
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

/** Closes the engine's pipes. A child of the engine may still hold them, and they would keep this process alive. */
function letGo({ child }: Served): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

/** From the newest line that names an error on. */
function lastWordsOf(said: string): string {
  const at = [...said.matchAll(/^.*\w*Error\b.*$/gm)].at(-1)?.index ?? said.length - LAST_WORDS;
  return said.slice(Math.max(0, at)).trim().slice(0, LAST_WORDS);
}
