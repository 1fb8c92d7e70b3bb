/**
 * Composition root of the desktop: knows the concrete drivers. `startEngine` is the desktop: the simulated cell in
 * real time, SpaceMouse and window pucks, the server. Headless runs have their own root, `headless-rig.ts`.
 */

import type { StoreReader, StoreWriter } from '../../data/records.ts';
import type { DeviceHealth } from '../../native/device.ts';
import { createHidTransport } from '../../native/hid.ts';
import { createRealtimeCell, type RealtimeCell } from '../../native/sim/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { systemClock } from '../api/clock.ts';
import type { InputDevice } from '../api/messages.ts';
import type { TaskId } from '../api/task.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { mergePucks } from './merged-puck.ts';
import { createPolicyClient } from './policy-client.ts';
import { type EngineServer, serveEngine } from './server.ts';
import type { Answer, ClassifierService, ExportService, PolicyShelf, RunService } from './services.ts';
import { createWindowPuck, type WindowPuck } from './window-puck.ts';

export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { type EpisodeRequest, type EpisodeRun, runEpisode, type ScriptedOperator } from './headless.ts';
export type { EngineServer } from './server.ts';

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
  const spaceMouse = createSpaceMouse({ transport: createHidTransport(), clock: systemClock });
  const windowPuck = createWindowPuck(systemClock);
  const holderOfEngine: { engine: Engine | undefined } = { engine: undefined };
  const theEngine = () => {
    if (!holderOfEngine.engine) throw new Error('the engine was asked for before it was made');
    return holderOfEngine.engine;
  };
  const engine = createEngine({
    projectFolder: options.projectFolder,
    cell,
    puck: mergePucks([spaceMouse, windowPuck]),
    writer: options.writer,
    reader: options.reader,
    policy: createPolicyClient({ clock: systemClock, encoderManifestPath: options.encoderManifestPath }),
    policyManifestPath: options.policyManifestPath,
    shelf: options.shelf,
    runs: options.runs?.(theEngine),
    exports: options.exports,
    classifiers: options.classifiers,
    ...(options.task === undefined ? {} : { task: options.task }),
    workspace: () => cell.workspace(),
    settings: { ...options.settings, autoStart: options.autoStart ?? options.settings?.autoStart ?? false },
    keep: options.keep,
    inputDevices: () => inputDevices(spaceMouse.health(), windowPuck),
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
    // A policy that cannot be loaded leaves demonstrations possible.
    void engine.run({ reset: cell.info.simulated });
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
      // A cell and a policy that open after they were closed would keep the process alive.
      await ready.catch(() => {}); // its failure is reported by the caller of `startEngine`
      await engine.close();
      await server.close();
    },
  };
}

function inputDevices(health: DeviceHealth, windowPuck: WindowPuck): readonly InputDevice[] {
  const spaceMouse: InputDevice = {
    name: health.kind === 'ready' || health.kind === 'lost' ? health.name : 'SpaceMouse',
    kind: 'spacemouse',
    state: health.kind,
    ...(health.kind === 'blocked' ? { message: health.message } : {}),
    ...(health.kind === 'ready' ? {} : { remedy: health.remedy }),
  };
  return [spaceMouse, { name: 'Window', kind: windowPuck.source(), state: 'ready' }];
}
