/** The state that the parts of a soak share: one engine on one folder, two windows, their messages and the counters. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../main/api/clock.ts';
import type { ExportProgress } from '../../../main/engine/services.ts';
import { createDisturbances, type Disturbances } from './disturbances.ts';
import { createEngineSite, type EngineSite } from './engine-site.ts';
import { createFaultLog, type FaultLog } from './fault-log.ts';
import { createGate, type Gate } from './gate.ts';
import { createHoldCheck, type HoldCheck } from './hold-check.ts';
import { type MemoryWatch, watchMemory } from './memory.ts';
import { createSeat, type Seat } from './seat.ts';
import { createStoreCheck, type StoreCheck } from './store-check.ts';
import { createTally, type Tally } from './tally.ts';
import { createToolMotion } from './tool-motion.ts';
import { createUnwatchedCheck, type UnwatchedCheck } from './unwatched-check.ts';

const STREAMS = ['side', 'wrist', 'left', 'right', 'poses'];

export interface World {
  readonly clock: Clock;
  /** The soak's own temporary folder: the project, and the exports beside it. */
  readonly root: string;
  readonly projectFolder: string;
  readonly exportFolder: string;
  readonly tally: Tally;
  readonly gate: Gate;
  readonly site: EngineSite;
  /** The window that holds the controls. */
  readonly driver: Seat;
  /** The window that only watches. */
  readonly watcher: Seat;
  readonly disturbances: Disturbances;
  readonly holds: HoldCheck;
  readonly store: StoreCheck;
  readonly unwatched: UnwatchedCheck;
  readonly faults: FaultLog;
  readonly memory: MemoryWatch;
  /** Exports that were answered with a number and have not ended yet. */
  readonly exportsGoingOn: Map<number, string>;
  nextExport(): number;
  pause(ms: number): Promise<void>;
}

export function createWorld(clock: Clock, root: string): World {
  const projectFolder = join(root, 'project');
  const exportFolder = join(root, 'exports');
  mkdirSync(exportFolder, { recursive: true });
  let exportsAsked = 0;
  const tally = createTally();
  const disturbances = createDisturbances(clock);
  const memory = watchMemory(clock, () => site.pid());
  const site = createEngineSite({ clock, projectFolder, seen: () => memory.seen() });
  const store = createStoreCheck(clock, projectFolder);
  const faults = createFaultLog(clock, disturbances);
  const exportsGoingOn = new Map<number, string>();
  const motion = createToolMotion(clock, () => driver.window()?.rig());
  const holds = createHoldCheck({ clock, seat: () => driver, motion, disturbances });
  const onExport = ({ exportId, state, message = '' }: Pick<ExportProgress, 'exportId' | 'state' | 'message'>) => {
    if (state === 'running' || !exportsGoingOn.delete(exportId)) return;
    tally.exports[state]++;
    if (/bug|does not read back/.test(message)) tally.exports.wrong.push(message.slice(0, 200));
  };
  const driver: Seat = createSeat({
    ...{ clock, site, tally, streams: STREAMS },
    onMessage: (message) => {
      store.onMessage(message);
      faults.onMessage(message);
      holds.onMessage(message);
      if (message.kind === 'export') onExport({ ...message, message: message.message });
    },
    onBytes: motion.onBytes,
  });
  const watcher = createSeat({ ...{ clock, site, tally, streams: STREAMS }, onMessage: store.onMessage });
  return {
    ...{ clock, root, projectFolder, exportFolder, tally, site, driver, watcher, disturbances, holds, store, faults },
    ...{ memory, exportsGoingOn },
    nextExport: () => ++exportsAsked,
    gate: createGate(),
    unwatched: createUnwatchedCheck(clock, projectFolder),
    pause: (ms) => clock.sleepUntilMs(clock.nowMs() + ms),
  };
}
