/**
 * The live cell: physics in a servo thread, pictures in a render thread, on a simulated clock that follows the host's.
 * A command acts at the servo's next substep. A picture shows the poses of the moment at which it was requested.
 * A slow computer slows the clock. A thread that died, or made no progress for five seconds of host time, is a fault.
 */
import { systemClock } from '../../../main/api/clock.ts';
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { Workspace } from '../../../main/api/limits.ts';
import { createListeners, type DeviceFault, type RobotCell, type Snapshot } from '../../device.ts';
import { CELL_INFO } from '../cell-info.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { READINGS_SIZE, robotStateOf, type Truth, truthOf } from '../physics/readings.ts';
import { type Episode, snapshotOf } from '../snapshot.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { createCellLink } from './cell-link.ts';
import { startCellThread } from './cell-threads.ts';
import { createPacedClock, type PacedClock } from './paced-clock.ts';
import { emptyReport } from './shared-state.ts';

const REMEDY = 'Press Resume: the cell starts the thread again. If it comes again, restart the engine.';
/** The first pictures take ten times as long as later ones, so they are drawn before an episode. */
const WARM_UP_PICTURES = 4;
const NO_PROGRESS_MS = 5000;

export interface RealtimeOptions {
  /** A thread that makes no progress for this long, in host time, counts as dead. Default 5 s. */
  readonly noProgressMs?: number;
  /** Default: the cell's own threads. */
  readonly startThread?: typeof startCellThread;
}

export interface RealtimeCell extends RobotCell {
  readonly clock: PacedClock;
  /** Returns what only a simulator can know, for scripted operators and displays. */
  truth(): Truth;
  workspace(): Workspace;
  /** Returns the newest command that the servo has used. Takeover latency is `usedMs − issuedMs`, in host time. */
  lastFirstUse(): { readonly number: number; readonly issuedMs: number; readonly usedMs: number };
  /** Returns how often simulated time fell behind the host's, and by how much in all. */
  overruns(): { readonly count: number; readonly droppedMs: number };
}

export function createRealtimeCell({
  noProgressMs = NO_PROGRESS_MS,
  startThread = startCellThread,
}: RealtimeOptions = {}): RealtimeCell {
  const faults = createListeners<DeviceFault>();
  const readings = new Float64Array(READINGS_SIZE);
  const report = emptyReport();
  let episode: Episode | undefined;
  let startM: Vec3 = [0, 0, 0];
  let endWatch = () => {};

  const raise = (message: string) => faults.tell({ device: CELL_INFO.name, message, remedy: REMEDY });
  const link = createCellLink({ noProgressMs, startThread, raise, nowMs: () => clock.nowMs() });
  /** Reads the newest state into `readings` and `report`. */
  const read = (poses?: Float32Array): Float64Array => {
    link.shared.readState(readings, poses, report);
    return readings;
  };
  const clock = createPacedClock(link.mover, () => {
    read();
    return Math.max(0, systemClock.nowMs() - report.dueHostMs);
  });
  const newPoses = () => new Float32Array(SCENE_BODIES.length * 7);

  const capture = async (): Promise<Snapshot> => {
    const poses = newPoses();
    const copy = read(poses).slice();
    const timeMs = clock.nowMs();
    const seen = episode;
    const { frames, tactile } = await link.picture({ poses, readings: copy, seed: seen?.seed ?? 0 });
    return snapshotOf(copy, timeMs, seen, frames, tactile);
  };

  return {
    info: CELL_INFO,
    clock,
    open: async () => {
      await link.start();
      endWatch = link.watchProgress();
      for (let count = 0; count < WARM_UP_PICTURES; count++) await capture();
    },
    close: async () => {
      endWatch();
      clock.close();
      await link.close();
    },
    state: () => robotStateOf(read(), link.servoRuns() ? clock.nowMs() : report.timeMs),
    command: link.command,
    hold: () => link.command('hold'),
    capture,
    reset: async (task, seed, signal) => {
      signal.throwIfAborted();
      await link.start();
      signal.throwIfAborted();
      // No task judges a state until the new episode is arranged.
      episode = undefined;
      await link.arrange(task, seed, signal);
      episode = { task: SIM_TASKS[task], seed };
      startM = truthOf(read()).baseFromTool.positionM;
    },
    begin: () => link.shared.setResting(false),
    scenePoses: () => {
      const poses = newPoses();
      read(poses);
      return poses;
    },
    onFault: faults.add,
    truth: () => truthOf(read()),
    workspace: () => SIM_TASKS[episode?.task.id ?? 'insert'].workspace(startM),
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
