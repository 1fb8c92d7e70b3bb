/**
 * The synchronous core of the cell: one model and one controller, stepped by substeps, with no clock and no threads. A
 * substep is mj_step1, control, mj_step2, so the controller never sees old kinematics and a restored run is bit-exact.
 * Every reading is a function of the saved state: `restore(save())` continues to the bit, sensors included.
 */
import type { Pose } from '../../../main/api/geometry.ts';
import type { ScenePoses, SetPoint } from '../../device.ts';
import { createImpedanceController, type ImpedanceController } from './impedance.ts';
import {
  ARM_JOINTS,
  ARM_QPOS,
  cellXml,
  FINGER_CLOSE_COMMAND_M,
  FINGER_OPEN_M,
  FINGER_QPOS,
  HOME_RAD,
  type LooseObject,
  OBJECT_QPOS,
  objectHalfHeightM,
  PARKED_HEIGHT_M,
  PHYSICS_HZ,
} from './model.ts';
import { createSimModel, type Mujoco, type SimModel } from './mujoco.ts';
import { createReadingsReader, createScenePoseReader } from './readers.ts';
import { READINGS_SIZE } from './readings.ts';
import { createSensing, type Sensing } from './sensing.ts';

/** Poses at the start of an episode, when everything is at rest. */
export interface Arrangement {
  readonly armRad: ArrayLike<number>;
  readonly fingerM: number;
  readonly gripper: 'open' | 'close';
  readonly baseFromObject: Pose;
  /** `undefined` when the scene has no socket. */
  readonly socket: { readonly xM: number; readonly yM: number; readonly yawRad: number } | undefined;
}

export interface PhysicsState {
  readonly integration: Float64Array;
  readonly controller: Float64Array;
  readonly sensing: Float64Array;
  /** Position (3), yaw, 1 when present, and the number of substeps. */
  readonly socket: Float64Array;
  readonly gripper: 'open' | 'close';
}

export type Physics = ReturnType<typeof createPhysics>;

/** Substeps after which V8 has compiled the WASM's hot paths. */
const WARM_UP_STEPS = 300;

export function createPhysics(mujoco: Mujoco, { object }: { readonly object: LooseObject }) {
  const sim = createSimModel(mujoco, cellXml(object));
  const controller = createImpedanceController(sim);
  const sensing = createSensing(sim);
  const socket = createSocket(sim);
  const substeps = createSubsteps(sim, controller, sensing);
  const readReadingsInto = createReadingsReader(sim, controller, sensing);
  const readPoses = createScenePoseReader(sim, object);
  let gripper: 'open' | 'close' = 'open';

  /** Moves the socket; everything else stays. */
  const placeSocket = (pose: Arrangement['socket']) => {
    socket.place(pose);
    substeps.modelChanged();
  };

  const arrange = (arrangement: Arrangement) => {
    sim.resetData();
    substeps.restart(0);
    placeSocket(arrangement.socket);
    writeConfiguration(sim, arrangement);
    gripper = arrangement.gripper;
    substeps.refresh();
    controller.hold();
    sensing.clear();
  };

  arrange(initialArrangement(object));
  for (let index = 0; index < WARM_UP_STEPS; index++) substeps.step(gripper);

  return {
    object,
    step: () => substeps.step(gripper),
    arrange,
    placeSocket,
    command: (setPoint: SetPoint): void => {
      gripper = setPoint.gripper;
      controller.setTarget(setPoint.baseFromTool, setPoint.rampMs / 1000);
    },
    hold: () => {
      substeps.refresh();
      controller.hold();
    },
    /** Fills a block of `READINGS_SIZE` numbers. */
    read: (readings: Float64Array): void => {
      substeps.refresh();
      readReadingsInto(readings, socket.state[3]!, substeps.count() / PHYSICS_HZ);
    },
    readScenePoses: (poses: ScenePoses): void => {
      substeps.refresh();
      readPoses(poses);
    },
    /** Copies MuJoCo's `qpos`: object, joint angles and fingers, as the grasp pool stores them. */
    readConfiguration: () => Float64Array.from(sim.views().qpos),
    save: (): PhysicsState => ({
      integration: sim.saveState(),
      controller: controller.save(),
      sensing: sensing.save(),
      socket: Float64Array.of(...socket.state, substeps.count()),
      gripper,
    }),
    restore: (state: PhysicsState): void => {
      const [xM = 0, yM = 0, , yawRad = 0, present = 0, steps = 0] = state.socket;
      placeSocket(present ? { xM, yM, yawRad } : undefined);
      sim.restoreState(state.integration);
      controller.restore(state.controller);
      sensing.restore(state.sensing);
      gripper = state.gripper;
      substeps.restart(steps);
      substeps.refresh();
    },
    /** Says what is wrong with the dynamics: a state that is not finite, or a solver warning. */
    fault: (): string | undefined => {
      if (!substeps.finite()) return 'the simulated state is not finite';
      const warning = sim.warning();
      return warning && `the physics engine reported ${warning}`;
    },
    dispose: () => sim.dispose(),
  };
}

/** Steps the model under control, and knows whether its kinematics belong to its current state. */
function createSubsteps(sim: SimModel, controller: ImpedanceController, sensing: Sensing) {
  let kinematicsFresh = false;
  let finite = true;
  let count = 0;
  const refresh = () => {
    if (!kinematicsFresh) sim.stepOne();
    kinematicsFresh = true;
  };
  return {
    refresh,
    step: (gripper: 'open' | 'close') => {
      refresh();
      controller.control();
      const { ctrl, qvel } = sim.views();
      const finger = gripper === 'open' ? FINGER_OPEN_M : FINGER_CLOSE_COMMAND_M;
      ctrl[ARM_JOINTS] = finger;
      ctrl[ARM_JOINTS + 1] = finger;
      sim.stepTwo();
      kinematicsFresh = false;
      sensing.update();
      count++;
      let sum = 0;
      for (let index = 0; index < qvel.length; index++) sum += qvel[index]!;
      if (!Number.isFinite(sum)) finite = false;
    },
    /** Call it when a pose or a state of the model was written from outside. */
    modelChanged: () => {
      kinematicsFresh = false;
    },
    /** Counts substeps from `from` on, with a state that is not yet known to be bad. */
    restart: (from: number) => {
      count = from;
      finite = true;
      kinematicsFresh = false;
    },
    /** Returns false once a velocity was not finite. */
    finite: () => finite,
    count: () => count,
  };
}

/** Moves the socket, which is a static body of the model. */
function createSocket(sim: SimModel) {
  const body = sim.indexOf('body', 'socket');
  /** Position (3), yaw, 1 when present. */
  const state = new Float64Array([0, 0, PARKED_HEIGHT_M, 0, 0]);
  return {
    state,
    place: (pose: Arrangement['socket']) => {
      state.set(pose ? [pose.xM, pose.yM, 0, pose.yawRad, 1] : [0, 0, PARKED_HEIGHT_M, 0, 0]);
      const { modelBodyPosition, modelBodyQuaternion } = sim.views();
      modelBodyPosition.set(state.subarray(0, 3), body * 3);
      const half = state[3]! / 2;
      modelBodyQuaternion.set([Math.cos(half), 0, 0, Math.sin(half)], body * 4);
    },
  };
}

function writeConfiguration(sim: SimModel, { baseFromObject, armRad, fingerM }: Arrangement): void {
  const { qpos } = sim.views();
  const { positionM, orientation } = baseFromObject;
  qpos.set(positionM, OBJECT_QPOS);
  qpos.set([orientation[3], orientation[0], orientation[1], orientation[2]], OBJECT_QPOS + 3);
  qpos.set(armRad, ARM_QPOS);
  qpos[FINGER_QPOS] = fingerM;
  qpos[FINGER_QPOS + 1] = fingerM;
}

const initialArrangement = (object: LooseObject): Arrangement => ({
  armRad: HOME_RAD,
  fingerM: FINGER_OPEN_M,
  gripper: 'open',
  baseFromObject: { positionM: [0.48, -0.1, objectHalfHeightM(object)], orientation: [0, 0, 0, 1] },
  socket: object === 'peg' ? { xM: 0.52, yM: 0.1, yawRad: 0 } : undefined,
});

/** Returns the readings in a new block. */
export function readReadings(physics: Physics): Float64Array {
  const readings = new Float64Array(READINGS_SIZE);
  physics.read(readings);
  return readings;
}
