/**
 * Composition root of the desktop: the simulated cell in real time, SpaceMouse and window pucks, policy process and
 * server. Only this file and `headless-rig.ts`, the root of headless runs, know the concrete drivers.
 */
import type { StoreReader, StoreWriter } from '../../data/records.ts';
import { createHidTransport } from '../../native/hid.ts';
import { createRealtimeCell, type RealtimeCell } from '../../native/sim/realtime/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { systemClock } from '../api/clock.ts';
import { DEFAULT_TAKEOVER } from '../api/teleop.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { DEFAULT_TIMING } from './loop/driving.ts';
import { FAULTS } from './loop/faults.ts';
import { createPolicyClient } from './policy/policy-client.ts';
import { createWindowPuck, mergePucks } from './pucks.ts';
import { type EngineServer, serveEngine } from './server/server.ts';
import { type Answer, type RunService, refused } from './services.ts';
import type { SettingsOptions } from './settings.ts';

/** Host time after which a policy process that answers nothing is started again. */
const NO_PROGRESS_MS = 5000;

type PassedOn = 'projectFolder' | 'shelf' | 'exports' | 'classifiers' | 'task' | 'unattended' | keyof SettingsOptions;
interface StartOptions extends Pick<EngineOptions, PassedOn> {
  readonly writer: StoreWriter;
  readonly reader: StoreReader;
  readonly policyManifestPath: string | undefined;
  readonly windowFolder: string;
  readonly encoderManifestPath: string | undefined;
  /** Makes the run service, which asks the engine what drives. Call its argument only after the engine was made. */
  readonly runs?: (engine: () => Engine) => RunService;
  readonly autoStart?: boolean;
  readonly port?: number;
}

export interface StartedEngine {
  readonly engine: Engine;
  readonly server: EngineServer;
  readonly cell: RealtimeCell;
  /** URL for a window, with its one-time code. */
  readonly url: string;
  /** Resolves when cell, input devices and policy are open and the control loop ticks, or with the refusal. */
  readonly ready: Promise<Answer<undefined>>;
  close(): Promise<void>;
}

/** Starts the desktop. The server answers at once, while cell and policy still open. */
export async function startEngine(options: StartOptions): Promise<StartedEngine> {
  const { windowFolder, encoderManifestPath, runs, autoStart, port, ...given } = options;
  const cell = createRealtimeCell();
  let madeEngine: Engine | undefined;
  const takeover = () => madeEngine?.takeover() ?? given.settings?.takeover ?? DEFAULT_TAKEOVER;
  const spaceMouse = createSpaceMouse({ transport: createHidTransport(), clock: systemClock, takeover });
  const windowPuck = createWindowPuck(systemClock);
  const theEngine = () => {
    if (!madeEngine) throw new Error('the engine was asked for before it was made');
    return madeEngine;
  };
  const policy = createPolicyClient({ clock: systemClock, encoderManifestPath, patienceMs: NO_PROGRESS_MS });
  let closing = false;
  const engine = createEngine({
    ...given,
    cell,
    pace: { kind: 'simulated', latencyMs: DEFAULT_TIMING.effectDelayMs },
    puck: mergePucks([spaceMouse, windowPuck], takeover),
    policy,
    runs: runs?.(theEngine),
    workspace: () => cell.workspace(),
    settings: { ...given.settings, autoStart: autoStart ?? given.settings?.autoStart ?? false },
    inputDevices: () => [...spaceMouse.devices(), { name: 'Window', kind: windowPuck.source(), state: 'ready' }],
    indicator: (humanDrives) => spaceMouse.setLed(humanDrives),
  });
  madeEngine = engine;
  const server = await serveEngine({
    engine,
    windowPuck,
    windowFolder,
    ...(port === undefined ? {} : { port }),
  }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const open = async (): Promise<Answer<undefined>> => {
    const opened = await engine.open();
    if (closing) return refused('The engine is closing.', 'Start it again.');
    // The engine runs also without a policy, because demonstrations need none.
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
      // A load ends with its process. Devices that are still opening are closed once they are open, because their
      // threads would stay otherwise. The caller of `ready` handles its error.
      await policy.close();
      await ready.catch(() => {});
      await engine.close();
      await server.close();
    },
  };
}
