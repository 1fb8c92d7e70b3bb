/** The window that holds the controls. It follows the script, and claims and resumes to keep the program running. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLS } from '../../../main/api/window/messages.ts';
import type { DriverEvent, ExportTarget, RunWish } from './schedule.ts';
import type { World } from './world.ts';

const RESET_WITHIN_MS = 20_000;
const READY_WITHIN_MS = 30_000;
const LISTED_EPISODES = 200;

/** Makes the arm move again when it is held. A refusal is tried again before the next event. */
export async function keepGoing({ driver }: World): Promise<void> {
  if (!(await driver.ensure())) return;
  if (driver.status()?.holdsControls !== true) await driver.call('controls.claim');
  if (driver.status()?.phase === 'hold') await driver.call('control.resume');
}

export async function drive(world: World, event: DriverEvent): Promise<void> {
  const { driver } = world;
  await keepGoing(world);
  switch (event.kind) {
    case 'push':
      driver.window()?.push(event.axes);
      await world.pause(event.forMs);
      driver.window()?.push(undefined);
      return;
    case 'verdict':
      return void (await driver.call('episode.verdict', {
        verdict: event.verdict,
        ...(await storedEpisode(world, event.stored)),
      }));
    case 'discard':
      return void (await driver.call('episode.discard', await storedEpisode(world, event.stored)));
    case 'label':
      return label(world, event.label, event.stored);
    case 'mode':
      return void (await driver.call('mode.set', { mode: event.mode }));
    case 'settings':
      return void (await driver.call('settings.set', event.settings));
    case 'policy-use':
      return usePolicy(world, event.share);
    case 'classifier-use':
      return useClassifier(world, event.share);
    case 'stop':
      return stop(world, event.when, event.holdMs);
    case 'replay':
      return replay(world, event.stored, event.frames);
    case 'run-start':
      return void (await driver.call('run.start', runRequest(event.wish, event.steps)));
    case 'export':
      return startExport(world, event.target);
    case 'run-cancel':
      return cancelRun(world);
    case 'undo':
      return void (await driver.call('episode.undo'));
    case 'start':
      return void (await driver.call('episode.start'));
    case 'reset':
      return void (await driver.call('episode.reset'));
    case 'policy-revert':
      return void (await driver.call('policy.revert'));
    case 'classifier-train':
      return void (await driver.call('classifier.train'));
    case 'gripper':
      return void (await driver.call('control.gripper', { command: 'toggle' }));
    default:
      return event satisfies never;
  }
}

/** Returns the stored episode to name; nothing stands for the episode being recorded, or the newest. */
async function storedEpisode({ driver }: World, share: number | undefined): Promise<{ readonly episodeId?: number }> {
  if (share === undefined) return {};
  const reply = await driver.call('episode.list', { limit: LISTED_EPISODES });
  if (reply.kind !== 'answer') return {};
  const { episodes } = CALLS['episode.list'].result.parse(reply.result);
  const chosen = episodes[Math.floor(share * episodes.length)];
  return chosen ? { episodeId: chosen.id } : {};
}

async function label(world: World, what: 'positive' | 'negative', share: number | undefined): Promise<void> {
  const { episodeId } = await storedEpisode(world, share);
  const frame = episodeId === undefined ? {} : { frame: { episodeId, index: Math.floor((share ?? 0) * 20) } };
  await world.driver.call('label.set', { label: what, ...frame });
  if (episodeId !== undefined) await world.driver.call('label.list', { episodeId });
}

async function usePolicy({ driver }: World, share: number): Promise<void> {
  const reply = await driver.call('policy.list');
  if (reply.kind !== 'answer') return;
  const { policies } = CALLS['policy.list'].result.parse(reply.result);
  const name = policies[Math.floor(share * (policies.length + 1))]?.name ?? 'starter';
  await driver.call('policy.use', { name });
}

async function useClassifier({ driver }: World, share: number): Promise<void> {
  const reply = await driver.call('classifier.state');
  if (reply.kind !== 'answer') return;
  const { classifiers } = CALLS['classifier.state'].result.parse(reply.result);
  const chosen = classifiers[Math.floor(share * classifiers.length)];
  if (chosen) await driver.call('classifier.use', { name: chosen.name, threshold: share });
}

async function stop(world: World, when: 'now' | 'resetting' | 'ready', holdMs: number): Promise<void> {
  const { driver } = world;
  if (when !== 'now') {
    await driver.until((status) => status.phase !== 'hold', RESET_WITHIN_MS);
    if (driver.status()?.phase === 'running') await driver.call('episode.reset');
    await driver.until((status) => status.phase === when, RESET_WITHIN_MS);
  }
  await world.holds.stopAndWatch(holdMs);
  await driver.call('control.resume');
}

async function replay(world: World, share: number, frames: readonly number[]): Promise<void> {
  const { driver } = world;
  const { episodeId } = await storedEpisode(world, share);
  if (episodeId === undefined) return;
  const reply = await driver.call('episode.replay', { episodeId });
  if (reply.kind !== 'answer') return;
  const { steps } = CALLS['episode.replay'].result.parse(reply.result);
  for (const frame of frames)
    await driver.call('episode.frames', { episodeId, index: Math.floor(frame * (steps.length + 1)) });
}

function runRequest(wish: RunWish, steps: number): object {
  return wish === 'as-the-window-does' ? {} : { spec: { algorithm: wish, stage: 'offline', steps } };
}

async function cancelRun({ driver }: World): Promise<void> {
  const reply = await driver.call('run.list');
  if (reply.kind !== 'answer') return;
  const { runs } = CALLS['run.list'].result.parse(reply.result);
  const going = runs.find(({ state }) => state === 'waiting' || state === 'running');
  if (!going) return;
  await driver.call('run.metrics', { runId: going.id });
  await driver.call('run.cancel', { runId: going.id });
}

/** The folder that must stay unchanged, whatever is exported into it. */
export const takenFolder = (world: World) => join(world.exportFolder, 'taken');
export const KEPT_FILE = 'kept.txt';

export async function startExport(world: World, target: ExportTarget): Promise<void> {
  const { driver, tally } = world;
  const directory = exportTarget(world, target);
  if (target === 'after-discard') await driver.call('episode.discard', await storedEpisode(world, 0));
  const reply = await driver.call('data.export', { format: 'lerobot-v3', directory });
  if (target === 'after-discard') await driver.call('episode.undo');
  if (reply.kind !== 'answer') return;
  const { exportId } = CALLS['data.export'].result.parse(reply.result);
  tally.exports.started++;
  world.exportsGoingOn.set(exportId, directory);
}

function exportTarget(world: World, target: ExportTarget): string {
  switch (target) {
    case 'fresh':
    case 'after-discard':
      return join(world.exportFolder, `fresh-${world.nextExport()}`);
    case 'taken': {
      const folder = takenFolder(world);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, KEPT_FILE), 'kept');
      return folder;
    }
    case 'unwritable': {
      // A folder inside a plain file cannot be created, whatever the permissions.
      const file = join(world.exportFolder, 'plain-file');
      writeFileSync(file, 'not a folder');
      return join(file, 'dataset');
    }
    default:
      return target satisfies never;
  }
}

/** Stops, compares what is stored, and goes on. Needs the gate alone. */
export async function quietMoment(world: World): Promise<void> {
  const { driver, holds, store } = world;
  await keepGoing(world);
  await holds.stopAndWatch(500);
  await store.quiet(driver);
  await driver.call('control.resume');
}

/** Closes every window while the arm is driven, and looks at the store from outside. Needs the gate alone. */
export async function leaveUnwatched(world: World, release: boolean): Promise<void> {
  const { driver, watcher, site } = world;
  await keepGoing(world);
  await driver.call('settings.set', { autoStart: true });
  await driver.call('mode.set', { mode: 'run' });
  const running = await driver.until((status) => status.phase === 'running', READY_WITHIN_MS);
  if (release) await driver.call('controls.release');
  const generation = site.generation();
  world.disturbances.note('window closed');
  watcher.close();
  driver.close();
  world.exportsGoingOn.clear(); // No window is open to receive their ends.
  await world.unwatched.watch({
    driven: running !== undefined,
    how: release ? 'controls released, then closed' : 'closed with the controls',
    gone: () => site.door() === undefined || site.generation() !== generation,
  });
  world.disturbances.note('window closed');
  await Promise.all([driver.ensure(), watcher.ensure()]);
}
