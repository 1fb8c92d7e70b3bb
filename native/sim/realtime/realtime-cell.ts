/**
 * The cell live: physics in a servo thread, pictures in a render thread, on a simulated clock that follows the host's. Commands and
 * state cross by shared memory, so a command acts at the servo's next substep; a picture shows the poses of the moment it was asked for.
 * A slow computer slows the clock. A thread that died, or made no progress for five seconds of host time, is a fault.
 */
import { performance } from 'node:perf_hooks';
import { every, patience, systemClock } from '../../../main/api/clock.ts';
import type { DeviceFault, RobotCell, RobotState, ScenePoses, Snapshot } from '../../device.ts';
import { CELL_INFO } from '../cell-info.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { DEFAULT_PHYSICS_HZ } from '../physics/physics.ts';
import { READINGS_SIZE, robotStateOf, type Truth, truthOf } from '../physics/readings.ts';
import { type Episode, snapshotOf } from '../snapshot.ts';
import type { Workspace } from '../tasks/task.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { createCellThreads, startCellThread } from './cell-threads.ts';
import { createPacedClock, type PacedClock } from './paced-clock.ts';
import { createServoMover, STALLED_CHECKS } from './servo-mover.ts';
import { createSharedState, emptyReport, type FirstUse } from './shared-state.ts';
import type { FromRender, ToRender, ToServo } from './worker-messages.ts';

const REMEDY = 'Press Resume: the cell starts the thread again. If it comes again, restart the engine.';
/** The first pictures take ten times as long as later ones: better before an episode than in it. */
const WARM_UP_PICTURES = 4;
/** A thread that makes no progress for this long, in host time, counts as dead. */
const NO_PROGRESS_MS = 5000;

export interface RealtimeOptions {
  readonly physicsHz?: number;
  /** A thread that makes no progress for this long, in host time, counts as dead. Default 5 s. */
  readonly noProgressMs?: number;
  /** Default: the cell's own threads. */
  readonly startThread?: typeof startCellThread;
}

export interface RealtimeCell extends RobotCell {
  readonly clock: PacedClock;
  /** The simulator's own knowledge, for scripted operators and displays. */
  truth(): Truth;
  workspace(): Workspace;
  /** The newest command that the servo has used. Takeover latency is `usedMs − issuedMs`, in host time. */
  lastFirstUse(): FirstUse;
  /** Number of times that simulated time fell behind the host's, and by how much in all. */
  overruns(): { readonly count: number; readonly droppedMs: number };
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

type Picture = Extract<FromRender, { kind: 'picture' }>;

export function createRealtimeCell(options: RealtimeOptions = {}): RealtimeCell {
  const { physicsHz = DEFAULT_PHYSICS_HZ, noProgressMs = NO_PROGRESS_MS } = options;
  const shared = createSharedState();
  const listeners = new Set<(fault: DeviceFault) => void>();
  const readings = new Float64Array(READINGS_SIZE);
  const report = emptyReport();
  const resets = new Map<number, Waiting<void>>();
  const pictures = new Map<number, Waiting<Picture>>();
  let requestId = 0;
  let commandNumber = 0;
  let episode: Episode | undefined;
  let start: readonly [number, number, number] = [0, 0, 0];
  let endChecks = () => {};

  const raise = (message: string) => {
    const fault: DeviceFault = { device: CELL_INFO.name, message, remedy: REMEDY };
    for (const listener of listeners) listener(fault);
  };

  const rejectAll = (waiting: Map<number, Waiting<never>>, reason: Error) => {
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };

  const threads = createCellThreads({
    startThread: options.startThread ?? startCellThread,
    data: (name) =>
      name === 'servo-worker' ? { shared: shared.buffer, physicsHz, clockOriginMs: performance.timeOrigin } : undefined,
    servo: (message) => {
      if (message.kind === 'fault') raise(message.message);
      else if (message.kind === 'arrived') mover.arrived(message.substeps);
      else if (message.kind === 'reset-done') {
        resets.get(message.id)?.resolve();
        resets.delete(message.id);
      }
    },
    render: (message) => {
      if (message.kind !== 'picture') return;
      pictures.get(message.id)?.resolve(message);
      pictures.delete(message.id);
    },
    started: (name) => {
      if (name === 'servo-worker') post({ kind: 'set-time', substeps: mover.substepsAt(clock.nowMs()) });
    },
    failed: (name, error) => {
      if (name === 'servo-worker') {
        rejectAll(resets, error);
        mover.release();
      } else rejectAll(pictures, error);
      raise(error.message);
    },
  });
  const mover = createServoMover({ shared, threads: () => threads, substepMs: 1000 / physicsHz, noProgressMs });
  const read = (): Float64Array => {
    shared.readState(readings, undefined, report);
    return readings;
  };
  const clock = createPacedClock(mover, () => {
    read();
    return Math.max(0, systemClock.nowMs() - report.dueHostMs);
  });

  const post = (message: ToServo) => {
    threads.servo().postMessage(message);
    shared.wake();
  };
  const issue = (command: Parameters<typeof shared.writeCommand>[0]) =>
    shared.writeCommand(command, ++commandNumber, systemClock.nowMs());

  const picture = async (request: ToRender): Promise<Picture> => {
    const { promise, resolve, reject } = Promise.withResolvers<Picture>();
    pictures.set(request.id, { resolve, reject });
    const endPatience = patience(systemClock, noProgressMs, () =>
      threads.giveUp('render-worker', `gave no picture for ${noProgressMs / 1000} s`),
    );
    try {
      threads.render().postMessage(request);
      return await promise;
    } finally {
      endPatience();
      pictures.delete(request.id);
    }
  };

  const capture = async (): Promise<Snapshot> => {
    const copy = new Float64Array(READINGS_SIZE);
    const poses = new Float32Array(SCENE_BODIES.length * 7);
    shared.readState(copy, poses, emptyReport());
    const timeMs = clock.nowMs();
    const seen = episode;
    const { frames, tactile } = await picture({ id: ++requestId, poses, readings: copy, seed: seen?.seed ?? 0 });
    return snapshotOf(copy, timeMs, seen, frames, tactile);
  };

  /**
   * Resolves when the servo has arranged the task. When `signal` aborts before that has begun, the arm stays where it
   * is.
   */
  const arrange = async (task: Episode['task']['id'], seed: number, signal: AbortSignal) => {
    const id = ++requestId;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    resets.set(id, { resolve, reject });
    const endPatience = patience(systemClock, noProgressMs, () =>
      threads.giveUp('servo-worker', `did not reset for ${noProgressMs / 1000} s`),
    );
    const callOff = () => {
      shared.callOffReset(id);
      reject(signal.reason);
    };
    signal.addEventListener('abort', callOff, { once: true });
    try {
      shared.offerReset(id);
      post({ kind: 'reset', id, task, seed });
      await promise;
    } finally {
      endPatience();
      signal.removeEventListener('abort', callOff);
      resets.delete(id);
    }
  };

  return {
    info: CELL_INFO,
    clock,
    open: async () => {
      await threads.start();
      endChecks = every(systemClock, noProgressMs / STALLED_CHECKS, mover.check, (error) =>
        raise(`the servo thread's progress cannot be checked: ${String(error)}`),
      );
      for (let count = 0; count < WARM_UP_PICTURES; count++) await capture();
    },
    close: async () => {
      endChecks();
      clock.close();
      await threads.close();
      const closed = new Error('the simulated cell was closed');
      rejectAll(resets, closed);
      rejectAll(pictures, closed);
      mover.release();
    },
    state: (): RobotState => robotStateOf(read(), threads.servoRuns() ? clock.nowMs() : report.timeMs),
    command: (setPoint) => issue(setPoint),
    hold: () => issue('hold'),
    capture,
    reset: async (task, seed, signal) => {
      signal.throwIfAborted();
      await threads.start();
      signal.throwIfAborted();
      episode = undefined; // nothing is judged until the new one stands
      await arrange(task, seed, signal);
      episode = { task: SIM_TASKS[task], seed };
      start = truthOf(read()).baseFromTool.positionM;
    },
    begin: () => shared.setResting(false),
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
  };
}
