/**
 * A soak with injected faults: `takeover serve`, a window that drives by a seeded script and a window that watches and
 * fuzzes. Meanwhile processes are killed and suspended. Checks the invariants during and after the run. It reads /proc,
 * so it runs on Linux only.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, every, systemClock } from '../../main/api/clock.ts';
import { ensureWindowBuilt } from '../../main/cli/launch/build-window.ts';
import { drive, KEPT_FILE, keepGoing, leaveUnwatched, quietMoment, startExport, takenFolder } from './soak/driver.ts';
import { createFuzzer } from './soak/fuzzer.ts';
import { exportsEnd, inject, recover, terminate } from './soak/inject.ts';
import { progressLine, reportOf, type SoakResult } from './soak/report.ts';
import { createSchedule, type Timed } from './soak/schedule.ts';
import { look } from './soak/watcher.ts';
import { createWorld, type World } from './soak/world.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'main/cli/takeover.ts');
/** Number of demonstrations that fine-tuning needs to begin. */
const DEMONSTRATIONS = 20;
const DEMONSTRATED_WITHIN_MS = 300_000;
const PROGRESS_MS = 30_000;
/** Last time limit for work that is under way at the end. Each kind of work has a shorter limit of its own. */
const FINISHED_WITHIN_MS = 720_000;
const OPEN_WITHIN_MS = 60_000;
const OWN_FAILURES_UNTIL_END = 20;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
}

export async function run(options: SoakOptions): Promise<SoakResult> {
  if (process.platform !== 'linux')
    throw new Error(`The soak finds processes in /proc, so it runs on Linux only; this is ${process.platform}.`);
  const clock = systemClock;
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const root = await mkdtemp(join(tmpdir(), 'takeover-soak-'));
  const world = createWorld(clock, root);
  const onExit = () => world.site.killAll();
  const onSignal = () => process.exit(130);
  process.once('exit', onExit);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const startedMs = clock.nowMs();
  try {
    await ensureWindowBuilt({ root: ROOT, clock, say });
    await demonstrate(clock, world.projectFolder);
    await soak(world, options, say);
    return reportOf(world, { ...options, seconds: (clock.nowMs() - startedMs) / 1000 });
  } finally {
    world.memory.end();
    world.driver.close();
    world.watcher.close();
    world.site.killAll();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    process.off('exit', onExit);
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Scripted demonstrations into the project, before any engine serves it. */
async function demonstrate(clock: Clock, folder: string): Promise<void> {
  const args = [ENTRY, 'demo', '--episodes', String(DEMONSTRATIONS), '--json', '--data', folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-1000);
  });
  const cancel = clock.at(clock.nowMs() + DEMONSTRATED_WITHIN_MS, () => child.kill('SIGKILL'));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  cancel();
  if (code !== 0) throw new Error(`the demonstrations to begin with could not be recorded (code ${code}): ${said}`);
}

async function soak(world: World, { minutes, seed }: SoakOptions, say: (line: string) => void): Promise<void> {
  const { clock, tally, site, gate, store, disturbances } = world;
  const lengthMs = minutes * 60_000;
  const schedule = createSchedule(seed, lengthMs);
  const fuzzer = createFuzzer(world);
  site.onUnaskedExit((exit) => {
    tally.exits.push(exit);
    disturbances.note('kill engine');
    world.exportsGoingOn.clear();
    void gate
      .alone(async () => {
        store.afterEnd('killed');
        await recover(world, undefined);
      })
      .catch(own('recovery'));
  });
  const own = (what: string) => (error: unknown) => {
    tally.own.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : error}`.slice(0, 600));
  };
  await recover(world, undefined);
  const startedMs = clock.nowMs();
  const isOver = () => clock.nowMs() - startedMs > lengthMs || tally.own.length >= OWN_FAILURES_UNTIL_END;
  const lane = async <Event extends { readonly kind: string }>(
    events: readonly Timed<Event>[],
    act: (event: Timed<Event>) => Promise<void>,
  ) => {
    for (const event of events) {
      await clock.sleepUntilMs(startedMs + event.atMs);
      if (isOver()) return;
      await act(event).catch(own(event.kind));
    }
  };
  const progress = () => say(progressLine(world, (clock.nowMs() - startedMs) / 1000, lengthMs / 1000));
  const endProgress = every(clock, PROGRESS_MS, progress, (error) => say(`no progress line: ${String(error)}`));
  const all = Promise.all([
    lane(schedule.driver, (event) => gate.shared(() => drive(world, event))),
    lane(schedule.watcher, (event) => gate.shared(() => look(world, fuzzer, event))),
    lane(schedule.checks, (event) =>
      gate.alone(() => (event.kind === 'quiet' ? quietMoment(world) : leaveUnwatched(world, event.release))),
    ),
    lane(schedule.faults, async (event) => {
      if ((await gate.shared(() => inject(world, event))) === 'done') return;
      await gate.alone(() => recover(world, event.kind === 'kill' ? event.stopAfterMs : undefined));
    }),
  ]).then(() => gate.alone(() => finish(world)));
  try {
    await withLimit(clock, all, lengthMs + FINISHED_WITHIN_MS);
  } catch (error) {
    own('the end')(error);
  } finally {
    endProgress();
  }
}

/**
 * Compares everything once more. An export and a start after the faults must succeed, and the engine must end when
 * asked.
 */
async function finish(world: World): Promise<void> {
  const { site, store, tally } = world;
  await recover(world, undefined);
  await keepGoing(world);
  await exportsEnd(world);
  await quietMoment(world);
  await isOpen(world);
  await terminate(world, undefined);
  await recover(world, undefined);
  await keepGoing(world);
  await startExport(world, 'fresh');
  await exportsEnd(world);
  await isOpen(world);
  await terminate(world, undefined);
  store.checkFile();
  const kept = join(takenFolder(world), KEPT_FILE);
  if (existsSync(takenFolder(world)) && (!existsSync(kept) || readFileSync(kept, 'utf8') !== 'kept'))
    tally.exports.takenChanged++;
  site.killAll();
}

/** Waits until the cell is open, the first policy is loaded and the first reset is over. */
async function isOpen({ driver }: World): Promise<void> {
  await driver.until(
    ({ phase, policy }) => policy !== undefined && (phase === 'ready' || phase === 'running'),
    OPEN_WITHIN_MS,
  );
}

async function withLimit<Value>(clock: Clock, work: Promise<Value>, limitMs: number): Promise<Value> {
  const over = Promise.withResolvers<never>();
  const cancel = clock.at(clock.nowMs() + limitMs, () =>
    over.reject(new Error(`it did not end within ${Math.round(limitMs / 1000)} s`)),
  );
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    cancel();
  }
}
