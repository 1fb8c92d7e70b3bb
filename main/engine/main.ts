/**
 * Composition root of the desktop: knows the concrete drivers. `startEngine` is the desktop: the simulated cell in
 * real time, SpaceMouse and window pucks, the server. Headless runs have their own root, `headless-rig.ts`.
 */

import type { StoreReader, StoreWriter } from '../../data/records.ts';
import { createHidTransport } from '../../native/hid.ts';
import { createRealtimeCell, type RealtimeCell } from '../../native/sim/realtime/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { systemClock } from '../api/clock.ts';
import type { TaskId } from '../api/task.ts';
import { DEFAULT_TAKEOVER } from '../api/teleop.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { DEFAULT_TIMING } from './loop/driving.ts';
import { FAULTS } from './loop/faults.ts';
import { createPolicyClient } from './policy/policy-client.ts';
import { createWindowPuck, mergePucks } from './pucks.ts';
import { type EngineServer, serveEngine } from './server/server.ts';
import {
  type Answer,
  type ClassifierService,
  type ExportService,
  type PolicyShelf,
  type RunService,
  refused,
} from './services.ts';

export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { type EpisodeRequest, type EpisodeRun, runEpisode, type ScriptedOperator } from './headless.ts';
export type { EngineServer } from './server/server.ts';

/** A policy process that answers nothing for this long, in host time, is started again. */
const NO_PROGRESS_MS = 5000;

export interface StartOptions {
  readonly projectFolder: string;
  readonly windowFolder: string;
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly encoderManifestPath: string | undefined;
  readonly policyManifestPath: string | undefined;
  readonly shelf?: PolicyShelf;
  readonly exports?: ExportService;
  readonly classifiers?: ClassifierService;
  /** Made once the engine is there, because runs ask it what drives. */
  readonly runs?: (engine: () => Engine) => RunService;
  readonly task?: TaskId;
  readonly autoStart?: boolean;
  /** The arm may move while no window watches. */
  readonly unattended?: boolean;
  readonly port?: number;
  readonly settings?: EngineOptions['settings'];
  readonly keep?: EngineOptions['keep'];
}

export interface StartedEngine {
  readonly engine: Engine;
  readonly server: EngineServer;
  readonly cell: RealtimeCell;
  /** For a window, with its one-time code. */
  readonly url: string;
  /** Cell, input devices and policy are open and the control loop ticks; or what was refused. */
  readonly ready: Promise<Answer<undefined>>;
  close(): Promise<void>;
}

/** The desktop. The server answers at once; cell and policy open behind it. */
export async function startEngine(options: StartOptions): Promise<StartedEngine> {
  const cell = createRealtimeCell();
  const holderOfEngine: { engine: Engine | undefined } = { engine: undefined };
  const takeover = () => holderOfEngine.engine?.takeover() ?? options.settings?.takeover ?? DEFAULT_TAKEOVER;
  const spaceMouse = createSpaceMouse({ transport: createHidTransport(), clock: systemClock, takeover });
  const windowPuck = createWindowPuck(systemClock);
  const theEngine = () => {
    if (!holderOfEngine.engine) throw new Error('the engine was asked for before it was made');
    return holderOfEngine.engine;
  };
  const policy = createPolicyClient({
    clock: systemClock,
    encoderManifestPath: options.encoderManifestPath,
    patienceMs: NO_PROGRESS_MS,
  });
  let closing = false;
  const engine = createEngine({
    projectFolder: options.projectFolder,
    cell,
    pace: { kind: 'simulated', latencyMs: DEFAULT_TIMING.effectDelayMs },
    puck: mergePucks([spaceMouse, windowPuck], takeover),
    writer: options.writer,
    reader: options.reader,
    policy,
    policyManifestPath: options.policyManifestPath,
    shelf: options.shelf,
    runs: options.runs?.(theEngine),
    exports: options.exports,
    classifiers: options.classifiers,
    ...(options.task === undefined ? {} : { task: options.task }),
    unattended: options.unattended,
    workspace: () => cell.workspace(),
    settings: { ...options.settings, autoStart: options.autoStart ?? options.settings?.autoStart ?? false },
    keep: options.keep,
    inputDevices: () => [...spaceMouse.devices(), { name: 'Window', kind: windowPuck.source(), state: 'ready' }],
    indicator: (humanDrives) => spaceMouse.setLed(humanDrives),
  });
  holderOfEngine.engine = engine;
  const server = await serveEngine({
    engine,
    windowPuck,
    windowFolder: options.windowFolder,
    ...(options.port === undefined ? {} : { port: options.port }),
  }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const open = async (): Promise<Answer<undefined>> => {
    const opened = await engine.open();
    if (closing) return refused('The engine is closing.', 'Start it again.');
    // A policy that cannot be loaded leaves demonstrations possible.
    engine.run({ reset: cell.info.simulated }).catch((error: unknown) => engine.loop.fault(FAULTS.unforeseen(error)));
    return opened;
  };
  const ready = open();
  return {
    engine,
    server,
    cell,
    url: server.issueUrl(),
    ready,
    close: async () => {
      closing = true;
      engine.loop.stop('The engine is closing.');
      // A load ends with its process. Anything still opening is closed once it is open, because its threads would stay
      // otherwise.
      await policy.close();
      await ready.catch(() => {}); // told to whoever waits for it
      await engine.close();
      await server.close();
    },
  };
}
