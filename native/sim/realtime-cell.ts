/**
 * The cell live: physics in a servo thread on the host's clock, pictures in a render thread. Commands and state cross by
 * shared memory, so neither side waits for the other; a picture shows the poses of the moment it was asked for.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { every, systemClock } from '../../main/api/clock.ts';
import type { DeviceFault, RobotCell, RobotState, ScenePoses, Snapshot } from '../device.ts';
import { CELL_INFO } from './cell-info.ts';
import { SCENE_BODIES } from './model.ts';
import { DEFAULT_PHYSICS_HZ } from './physics.ts';
import { READINGS_SIZE, robotStateOf, type Truth, truthOf } from './readings.ts';
import { createSharedState, emptyReport, type FirstUse } from './shared-state.ts';
import { type Episode, snapshotOf } from './snapshot.ts';
import { SIM_TASKS } from './tasks/registry.ts';
import type { Workspace } from './tasks/task.ts';
import {
  type FromRender,
  type FromServo,
  type ServoStart,
  type ToRender,
  type ToServo,
  workerUrl,
} from './worker-messages.ts';

const REMEDY = 'Reset the episode. If it comes again, close and open the cell.';
const PREVIEW_PERIOD_MS = 80;
/** The first pictures take ten times as long as later ones: better before an episode than in it. */
const WARM_UP_PICTURES = 4;

export interface RealtimeOptions {
  readonly physicsHz?: number;
}

export interface RealtimeCell extends RobotCell {
  /** The simulator's own knowledge, for scripted operators and displays. */
  truth(): Truth;
  workspace(): Workspace;
  /** The newest command that the servo has stepped with: takeover latency is `usedMs − issuedMs`. */
  lastFirstUse(): FirstUse;
  /** How often, and by how much, the servo could not keep up. */
  overruns(): { readonly count: number; readonly droppedMs: number };
  /** Snapshots at about 12 Hz, one at a time, for a person to look at. Returns a function that ends it. */
  preview(listener: (snapshot: Snapshot) => void): () => void;
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

export function createRealtimeCell(options: RealtimeOptions = {}): RealtimeCell {
  const { physicsHz = DEFAULT_PHYSICS_HZ } = options;
  const shared = createSharedState();
  const listeners = new Set<(fault: DeviceFault) => void>();
  const readings = new Float64Array(READINGS_SIZE);
  const report = emptyReport();
  const resets = new Map<number, Waiting<void>>();
  const pictures = new Map<number, Waiting<Extract<FromRender, { kind: 'picture' }>>>();
  let servo: Worker | undefined;
  let render: Worker | undefined;
  let closing = false;
  let requestId = 0;
  let commandNumber = 0;
  let episode: Episode | undefined;
  let start: readonly [number, number, number] = [0, 0, 0];

  const raise = (message: string) => {
    const fault: DeviceFault = { device: CELL_INFO.name, message, remedy: REMEDY };
    for (const listener of listeners) listener(fault);
  };

  /** Settles everything that waits for a thread which will not answer any more. */
  const abandon = (reason: Error) => {
    for (const { reject } of [...resets.values(), ...pictures.values()]) reject(reason);
    resets.clear();
    pictures.clear();
  };

  const startWorker = (name: 'servo-worker' | 'render-worker', workerData: ServoStart | undefined) =>
    new Promise<Worker>((resolve, reject) => {
      const worker = new Worker(workerUrl(name), { workerData });
      worker.once('message', () => resolve(worker)); // its first word is `ready`
      worker.once('error', (error) => {
        reject(error);
        abandon(error);
        raise(`the ${name} thread failed: ${error.message}`);
      });
      worker.once('exit', (code) => {
        if (closing) return;
        const error = new Error(`the ${name} thread ended with code ${code}`);
        reject(error);
        abandon(error);
        raise(error.message);
      });
    });

  const onServo = (message: FromServo) => {
    if (message.kind === 'fault') raise(message.message);
    if (message.kind !== 'reset-done') return;
    resets.get(message.id)?.resolve();
    resets.delete(message.id);
  };

  const onRender = (message: FromRender) => {
    if (message.kind !== 'picture') return;
    pictures.get(message.id)?.resolve(message);
    pictures.delete(message.id);
  };

  const opened = (worker: Worker | undefined): Worker => {
    if (!worker) throw new Error('the simulated cell is not open');
    return worker;
  };

  const issue = (command: Parameters<typeof shared.writeCommand>[0]) =>
    shared.writeCommand(command, ++commandNumber, systemClock.nowMs());

  const read = (): Float64Array => {
    shared.readState(readings, undefined, report);
    return readings;
  };

  const capture = async (): Promise<Snapshot> => {
    const copy = new Float64Array(READINGS_SIZE);
    const poses = new Float32Array(SCENE_BODIES.length * 7);
    const at = emptyReport();
    shared.readState(copy, poses, at);
    const seen = episode;
    const id = ++requestId;
    const request: ToRender = { id, poses, readings: copy, seed: seen?.seed ?? 0 };
    const picture = await new Promise<Extract<FromRender, { kind: 'picture' }>>((resolve, reject) => {
      pictures.set(id, { resolve, reject });
      opened(render).postMessage(request);
    });
    return snapshotOf(copy, at.timeMs, seen, picture.frames, picture.tactile);
  };

  return {
    info: CELL_INFO,
    clock: systemClock,
    open: async () => {
      closing = false;
      const servoStart = { shared: shared.buffer, physicsHz, clockOriginMs: performance.timeOrigin };
      [servo, render] = await Promise.all([
        startWorker('servo-worker', servoStart),
        startWorker('render-worker', undefined),
      ]);
      servo.on('message', onServo);
      render.on('message', onRender);
      for (let count = 0; count < WARM_UP_PICTURES; count++) await capture();
    },
    close: async () => {
      closing = true;
      servo?.postMessage({ kind: 'stop' } satisfies ToServo);
      shared.wake();
      await Promise.all([servo?.terminate(), render?.terminate()]);
      abandon(new Error('the simulated cell was closed'));
      servo = undefined;
      render = undefined;
    },
    state: (): RobotState => robotStateOf(read(), report.timeMs),
    command: (setPoint) => issue(setPoint),
    hold: () => issue('hold'),
    capture,
    reset: async (task, seed, signal) => {
      signal.throwIfAborted();
      episode = undefined; // nothing is judged until the new one stands
      const id = ++requestId;
      await new Promise<void>((resolve, reject) => {
        resets.set(id, { resolve, reject });
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        opened(servo).postMessage({ kind: 'reset', id, task, seed } satisfies ToServo);
        shared.wake();
      });
      episode = { task: SIM_TASKS[task], seed };
      start = truthOf(read()).baseFromTool.positionM;
    },
    scenePoses: (): ScenePoses => {
      const poses = new Float32Array(SCENE_BODIES.length * 7);
      shared.readState(readings, poses, report);
      return poses;
    },
    onFault: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    truth: () => truthOf(read()),
    workspace: () => SIM_TASKS[episode?.task.id ?? 'insert'].workspace(start),
    lastFirstUse: () => {
      read();
      return { number: report.firstUseNumber, issuedMs: report.firstUseIssuedMs, usedMs: report.firstUseMs };
    },
    overruns: () => {
      read();
      return { count: report.overruns, droppedMs: report.droppedMs };
    },
    preview: (listener) => {
      let busy = false;
      const noPicture = (error: unknown) => raise(`no picture: ${String(error)}`);
      const look = () => {
        if (busy) return;
        busy = true;
        capture()
          .then(listener, noPicture)
          .finally(() => {
            busy = false;
          });
      };
      return every(systemClock, PREVIEW_PERIOD_MS, look, noPicture);
    },
  };
}
