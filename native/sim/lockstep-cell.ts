/**
 * The cell on a virtual clock, in this thread. Time moves only when a caller sleeps or advances the clock; the physics
 * is then stepped to that time, and every callback of the clock fires at its own substep, in order. The same seed and
 * the same commands at the same virtual times give bit-identical runs, as fast as the machine can.
 */
import { createVirtualClock, type VirtualClock } from '../../main/api/clock.ts';
import type { Vec3 } from '../../main/api/geometry.ts';
import type { Workspace } from '../../main/api/limits.ts';
import type { TaskId } from '../../main/api/task.ts';
import { createListeners, type DeviceFault, type RobotCell, type ScenePoses } from '../device.ts';
import { CELL_INFO } from './cell-info.ts';
import type { Conditions } from './conditions.ts';
import { type LooseObject, SCENE_BODIES, SUBSTEP_MS } from './physics/model.ts';
import { loadMujoco, type Mujoco } from './physics/mujoco.ts';
import { createPhysics, type Physics, type PhysicsState } from './physics/physics.ts';
import { READINGS_SIZE, robotStateOf, type Truth, truthOf } from './physics/readings.ts';
import { createEyes, createSkin, type Episode, snapshotOf } from './snapshot.ts';
import { SIM_TASKS } from './tasks/task-registry.ts';

export interface LockstepOptions {
  /** False leaves pictures out of snapshots, for runs whose policy uses none. Default true. */
  readonly renderCameras?: boolean;
  /** Light, colours and camera poses. Default: the usual ones. */
  readonly conditions?: Conditions;
}

export interface LockstepState {
  readonly physics: PhysicsState;
  readonly task: TaskId;
  readonly seed: number;
}

export interface LockstepCell extends RobotCell {
  readonly clock: VirtualClock;
  /** Returns what only a simulator can know, for scripted operators, experts and rewards. */
  truth(): Truth;
  /** Returns the box of the running episode's task. */
  workspace(): Workspace;
  /** Copies everything that the future depends on, besides the clock. */
  save(): LockstepState;
  restore(state: LockstepState): void;
}

export function createLockstepCell({ renderCameras = true, conditions }: LockstepOptions = {}): LockstepCell {
  const faults = createListeners<DeviceFault>();
  const readings = new Float64Array(READINGS_SIZE);
  const skin = createSkin();
  const scenes = createScenes();
  const stepped = createSteppedClock(scenes, (message) =>
    faults.tell({ device: CELL_INFO.name, message, remedy: 'Reset the episode; the cell starts from a clean state.' }),
  );
  const { clock } = stepped;
  let eyes: ReturnType<typeof createEyes> | undefined;
  let episode: Episode | undefined;
  let startM: Vec3 = [0, 0, 0];

  const read = (): Float64Array => {
    scenes.current().read(readings);
    return readings;
  };
  const scenePoses = (): ScenePoses => {
    const poses = new Float32Array(SCENE_BODIES.length * 7);
    scenes.current().readScenePoses(poses);
    return poses;
  };
  /** Makes this the running episode, and its task's scene the current one. */
  const enter = (id: TaskId, seed: number): Physics => {
    const task = SIM_TASKS[id];
    const physics = scenes.load(task.object);
    episode = { task, seed };
    stepped.clearFault();
    eyes?.setView(seed);
    return physics;
  };

  return {
    info: CELL_INFO,
    clock,
    open: async () => {
      await scenes.open();
      if (renderCameras) eyes ??= createEyes(conditions);
      scenes.load('peg');
    },
    close: async () => scenes.close(),
    state: () => robotStateOf(read(), clock.nowMs()),
    command: (setPoint) => scenes.current().command(setPoint),
    hold: () => scenes.current().hold(),
    capture: async () => {
      const poses = scenePoses();
      const frames = eyes?.look(poses) ?? [];
      const tactile = skin.feel(poses, read(), episode?.seed ?? 0);
      return snapshotOf(read(), clock.nowMs(), episode, frames, tactile);
    },
    reset: async (task, seed, signal) => {
      signal.throwIfAborted();
      SIM_TASKS[task].arrange(enter(task, seed), seed);
      startM = truthOf(read()).baseFromTool.positionM;
    },
    // Time stands still between a reset and the first sleep, so there is nothing to begin.
    begin: () => {},
    scenePoses,
    onFault: faults.add,
    truth: () => truthOf(read()),
    workspace: () => SIM_TASKS[episode?.task.id ?? 'insert'].workspace(startM),
    save: () => {
      if (!episode) throw new Error('nothing to save: no episode has begun');
      return { physics: scenes.current().save(), task: episode.task.id, seed: episode.seed };
    },
    restore: (state) => enter(state.task, state.seed).restore(state.physics),
  };
}

/** One physics per loose object, made when it is first needed. */
function createScenes() {
  const scenes = new Map<LooseObject, Physics>();
  let mujoco: Mujoco | undefined;
  let current: Physics | undefined;
  const opened = <Part>(part: Part | undefined): Part => {
    if (!part) throw new Error('the simulated cell is not open');
    return part;
  };
  return {
    open: async () => {
      mujoco = await loadMujoco();
    },
    close: () => {
      for (const scene of scenes.values()) scene.dispose();
      scenes.clear();
      current = undefined;
    },
    /** Makes the scene with this object the current one. */
    load: (object: LooseObject): Physics => {
      current = scenes.get(object) ?? createPhysics(opened(mujoco), { object });
      scenes.set(object, current);
      return current;
    },
    current: () => opened(current),
    /** Returns `undefined` while the cell is not open. */
    loaded: () => current,
  };
}

/** A virtual clock that steps the current scene as it advances. A scene at fault stands still while time passes. */
function createSteppedClock(scenes: ReturnType<typeof createScenes>, onFault: (message: string) => void) {
  const inner = createVirtualClock();
  /** Substeps since the clock's zero. */
  let substeps = 0;
  let faulted = false;

  const stepTo = (timeMs: number) => {
    const due = Math.floor(timeMs / SUBSTEP_MS + 1e-9);
    const physics = faulted ? undefined : scenes.loaded();
    if (physics) for (; substeps < due; substeps++) physics.step();
    substeps = Math.max(substeps, due);
  };
  const advanceToMs = (timeMs: number) => {
    for (;;) {
      const next = Math.min(timeMs, inner.nextDueMs());
      if (next > inner.nowMs()) stepTo(next);
      inner.advanceToMs(next);
      if (next >= timeMs) break;
    }
    const message = faulted ? undefined : scenes.loaded()?.fault();
    if (!message) return;
    faulted = true;
    onFault(message);
  };
  const clock: VirtualClock = { ...inner, sleepUntilMs: async (timeMs) => advanceToMs(timeMs), advanceToMs };
  return {
    clock,
    clearFault: () => {
      faulted = false;
    },
  };
}
