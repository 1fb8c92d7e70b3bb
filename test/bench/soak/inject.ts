/**
 * Injects the faults: kills processes, and suspends them or the engine for a while. When the child of a fault does not
 * exist, an export, a run or a training is started first.
 */
import { startExport } from './driver.ts';
import { type ChildRole, descendantsOf, type ProcessSeen, processSeen, signal } from './processes.ts';
import type { FaultEvent } from './schedule.ts';
import type { World } from './world.ts';

const CHILD_WITHIN_MS = 8000;
const LOOK_AGAIN_MS = 50;
const START_TRIES = 3;
/** Longer than a start takes on a busy machine, because a Stop could be undone when the cell opens. */
const START_WATCHED_MS = 10_000;
const EXPORT_ENDS_WITHIN_MS = 240_000;

/** Runs as shared work; a killed engine is started again by `recover`, which the caller runs alone. */
export async function inject(world: World, event: FaultEvent): Promise<'done' | 'recover'> {
  switch (event.kind) {
    case 'kill':
      if (event.role === 'engine') {
        await killEngine(world);
        return 'recover';
      }
      await killChild(world, event.role);
      return 'done';
    case 'stop':
      await stopForAWhile(world, event.role, event.forMs);
      return 'done';
    case 'terminate':
      await terminate(world, event.stopped);
      return 'recover';
    default:
      return event satisfies never;
  }
}

async function killEngine(world: World): Promise<void> {
  const { tally, disturbances, site, store, exportsGoingOn } = world;
  tally.fault('kill', 'engine');
  disturbances.note('kill engine');
  await site.end('SIGKILL');
  disturbances.note('kill engine');
  exportsGoingOn.clear();
  store.afterEnd('killed');
}

async function killChild(world: World, role: ChildRole): Promise<void> {
  const child = await childOf(world, role);
  if (!child) return;
  world.disturbances.note(`kill ${role}`);
  if (signal(child, 'SIGKILL')) world.tally.fault('kill', role);
}

async function stopForAWhile(world: World, role: ChildRole | 'engine', forMs: number): Promise<void> {
  const { site, disturbances, tally } = world;
  const pid = site.pid();
  const target = role === 'engine' ? pid && processSeen(pid, 'engine') : await childOf(world, role);
  if (!target) return;
  const ended = disturbances.begin(`stop ${role}`);
  try {
    if (!signal(target, 'SIGSTOP')) return;
    tally.fault('stop', role);
    await world.pause(forMs);
  } finally {
    signal(target, 'SIGCONT');
    ended();
  }
}

/** Checks that SIGTERM ends the engine and its children, also while one of them is suspended. */
export async function terminate(world: World, stopped: 'policy' | 'export' | undefined): Promise<void> {
  const { clock, disturbances, site, store, tally, exportsGoingOn, driver } = world;
  const child = stopped && (await childOf(world, stopped));
  const ended = disturbances.begin('kill engine');
  const aliveSec = (clock.nowMs() - (site.door()?.startedMs ?? clock.nowMs())) / 1000;
  const phase = driver.status()?.phase ?? 'unknown to the window';
  try {
    if (child) signal(child, 'SIGSTOP');
    const { inTime, tookMs, code } = await site.end('SIGTERM');
    tally.terminations.asked++;
    tally.terminations.longestMs = Math.max(tally.terminations.longestMs, tookMs);
    if (!inTime) {
      tally.terminations.late++;
      tally.terminations.lateWhere.push(
        `${aliveSec.toFixed(1)} s after its start, phase ${phase}, ${child ? stopped : 'no child'} stopped`,
      );
    } else if (code !== 0) tally.terminations.failed++;
    exportsGoingOn.clear();
    store.afterEnd(inTime ? 'ended' : 'killed');
  } finally {
    if (child) signal(child, 'SIGCONT');
    ended();
  }
}

/** Returns the child of a role, and starts it if necessary; `undefined` when it does not appear. */
async function childOf(world: World, role: ChildRole): Promise<ProcessSeen | undefined> {
  const { clock, site, tally, driver } = world;
  const find = () => {
    const pid = site.pid();
    return pid === undefined ? undefined : descendantsOf(pid).find((one) => one.role === role);
  };
  const there = find();
  if (there) return there;
  if (role === 'export') await startExport(world, 'fresh');
  if (role === 'classifier') await driver.call('classifier.train');
  if (role === 'trainer')
    await driver.call('run.start', { spec: { algorithm: 'imitation', stage: 'offline', steps: 400 } });
  const untilMs = clock.nowMs() + CHILD_WITHIN_MS;
  while (clock.nowMs() < untilMs) {
    const child = find();
    if (child) return child;
    await world.pause(LOOK_AGAIN_MS);
  }
  tally.absentChildren++;
  return undefined;
}

/**
 * Starts the engine again and opens both windows. With `stopAfterMs`, Stop is pressed so long after the start, and must last.
 * Needs the gate alone.
 */
export async function recover(world: World, stopAfterMs: number | undefined): Promise<void> {
  const { clock, site, driver, watcher, tally, disturbances } = world;
  if (site.door() || site.isOver()) return;
  for (let attempt = 1; !site.door(); attempt++) {
    try {
      await site.start();
    } catch (error) {
      if (site.isOver()) return;
      tally.failedStarts.push(String(error).slice(-400));
      disturbances.note('kill engine');
      await site.end('SIGKILL');
      if (attempt === START_TRIES) throw new Error(`the engine could not be started ${START_TRIES} times: ${error}`);
    }
  }
  const startedMs = site.door()?.startedMs ?? clock.nowMs();
  await driver.ensure();
  if (stopAfterMs !== undefined) {
    await clock.sleepUntilMs(startedMs + stopAfterMs);
    await world.holds.stopAndWatch(START_WATCHED_MS, 'start-up');
    await driver.call('control.resume');
  }
  await watcher.ensure();
}

/** Waits for the exports that go on; those that never end are counted. */
export async function exportsEnd(world: World): Promise<void> {
  const { clock, exportsGoingOn, tally } = world;
  const untilMs = clock.nowMs() + EXPORT_ENDS_WITHIN_MS;
  while (exportsGoingOn.size > 0 && clock.nowMs() < untilMs) await world.pause(LOOK_AGAIN_MS);
  tally.exports.withoutEnd += exportsGoingOn.size;
  exportsGoingOn.clear();
}
