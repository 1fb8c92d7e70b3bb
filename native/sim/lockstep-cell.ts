/**
 * The cell on a virtual clock, in this thread: time moves only when someone sleeps or advances, and then the physics is
 * stepped to that time with every callback of the clock fired at its own substep, in order. The same seed and the same
 * commands at the same virtual times give bit-identical runs, as fast as the machine can.
 */
import { createVirtualClock, type VirtualClock } from '../../main/api/clock.ts';
import type { TaskId } from '../../main/api/task.ts';
import type { DeviceFault, RobotCell, RobotState, ScenePoses } from '../device.ts';
import { CELL_INFO } from './cell-info.ts';
import type { Conditions } from './conditions.ts';
import { type LooseObject, SCENE_BODIES } from './physics/model.ts';
import { loadMujoco, type Mujoco } from './physics/mujoco.ts';
import { createPhysics, DEFAULT_PHYSICS_HZ, type Physics, type PhysicsState } from './physics/physics.ts';
import { READINGS_SIZE, robotStateOf, type Truth, truthOf } from './physics/readings.ts';
import { createEyes, createSkin, type Episode, type Eyes, snapshotOf } from './snapshot.ts';
import type { Workspace } from './tasks/task.ts';
import { SIM_TASKS } from './tasks/task-registry.ts';

export interface LockstepOptions {
  readonly physicsHz?: number;
  /** False: snapshots carry no pictures, for runs whose policy does not look. Default true. */
  readonly renderCameras?: boolean;
  /** Light, colours and camera poses; the usual ones where absent. */
  readonly conditions?: Conditions;
  /** Unix time of the virtual clock's zero. */
  readonly startWallTimeMs?: number;
}

export interface LockstepState {
  readonly physics: PhysicsState;
  readonly task: TaskId;
  readonly seed: number;
}

export interface LockstepCell extends RobotCell {
  readonly clock: VirtualClock;
  /** The simulator's own knowledge, for scripted operators, experts and rewards. */
  truth(): Truth;
  /** Box of the running episode's task. */
  workspace(): Workspace;
  /** Everything that the future depends on, besides the clock. */
  save(): LockstepState;
  restore(state: LockstepState): void;
}

export function createLockstepCell(options: LockstepOptions = {}): LockstepCell {
  const { physicsHz = DEFAULT_PHYSICS_HZ, renderCameras = true, startWallTimeMs = 0 } = options;
  const substepMs = 1000 / physicsHz;
  const inner = createVirtualClock(0, startWallTimeMs);
  const listeners = new Set<(fault: DeviceFault) => void>();
  const readings = new Float64Array(READINGS_SIZE);
  const skin = createSkin();
  let mujoco: Mujoco | undefined;
  let eyes: Eyes | undefined;
  let physics: Physics | undefined;
  const physicsOf = new Map<LooseObject, Physics>();
  let episode: Episode | undefined;
  /** Substeps since the clock's zero. */
  let substeps = 0;
  let faulted = false;
  let start: readonly [number, number, number] = [0, 0, 0];

  const current = (): Physics => {
    if (!physics) throw new Error('the simulated cell is not open');
    return physics;
  };

  const load = (object: LooseObject): Physics => {
    if (!mujoco) throw new Error('the simulated cell is not open');
    let found = physicsOf.get(object);
    if (!found) {
      found = createPhysics(mujoco, { object, physicsHz });
      physicsOf.set(object, found);
    }
    return found;
  };

  const stepTo = (timeMs: number) => {
    const due = Math.floor(timeMs / substepMs + 1e-9);
    if (!physics || faulted) {
      substeps = Math.max(substeps, due);
      return;
    }
    for (; substeps < due; substeps++) physics.step();
  };

  const reportFaults = () => {
    const message = faulted ? undefined : physics?.fault();
    if (!message) return;
    faulted = true;
    const fault = { device: CELL_INFO.name, message, remedy: 'Reset the episode; the cell starts from a clean state.' };
    for (const listener of listeners) listener(fault);
  };

  const advanceToMs = (timeMs: number) => {
    for (;;) {
      const next = Math.min(timeMs, inner.nextDueMs());
      if (next > inner.nowMs()) stepTo(next);
      inner.advanceToMs(next);
      if (next >= timeMs) break;
    }
    reportFaults();
  };

  const clock: VirtualClock = {
    ...inner,
    sleepUntilMs: async (timeMs) => advanceToMs(timeMs),
    advanceToMs,
  };

  const read = (): Float64Array => {
    current().read(readings);
    return readings;
  };

  const scenePoses = (): ScenePoses => {
    const poses = new Float32Array(SCENE_BODIES.length * 7);
    current().readScenePoses(poses);
    return poses;
  };

  const arrange = (task: TaskId, seed: number) => {
    physics = load(SIM_TASKS[task].object);
    episode = { task: SIM_TASKS[task], seed };
    faulted = false;
    episode.task.arrange(physics, seed);
    eyes?.setView(seed);
    start = truthOf(read()).baseFromTool.positionM;
  };

  return {
    info: CELL_INFO,
    clock,
    open: async () => {
      mujoco = await loadMujoco();
      if (renderCameras) eyes ??= createEyes(options.conditions);
      physics = load('peg');
    },
    close: async () => {
      for (const each of physicsOf.values()) each.dispose();
      physicsOf.clear();
      physics = undefined;
    },
    state: (): RobotState => robotStateOf(read(), inner.nowMs()),
    command: (setPoint) => current().command(setPoint),
    hold: () => current().hold(),
    capture: async () => {
      const poses = scenePoses();
      const frames = eyes?.look(poses) ?? [];
      const tactile = skin.feel(poses, read(), episode?.seed ?? 0);
      return snapshotOf(read(), inner.nowMs(), episode, frames, tactile);
    },
    reset: async (task, seed, signal) => {
      signal.throwIfAborted();
      arrange(task, seed);
    },
    begin: () => {}, // time stands still between a reset and the first sleep
    scenePoses,
    onFault: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    truth: () => truthOf(read()),
    workspace: () => SIM_TASKS[episode?.task.id ?? 'insert'].workspace(start),
    save: () => {
      if (!episode) throw new Error('nothing to save: no episode has begun');
      return { physics: current().save(), task: episode.task.id, seed: episode.seed };
    },
    restore: (state) => {
      episode = { task: SIM_TASKS[state.task], seed: state.seed };
      eyes?.setView(state.seed);
      physics = load(episode.task.object);
      physics.restore(state.physics);
      faulted = false;
    },
  };
}
