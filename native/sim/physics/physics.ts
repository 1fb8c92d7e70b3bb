/**
 * The synchronous core of the cell: one model, one controller, one substep at a time, no clock and no threads.
 * A substep is mj_step1 → control → mj_step2, so the controller never sees old kinematics and a restored run is bit-exact.
 * Every reading is a function of the saved state: `restore(save())` continues to the bit, sensors included.
 */
import { Quaternion, Vector3 } from 'three';
import type { Pose } from '../../../main/api/geometry.ts';
import type { ScenePoses, SetPoint } from '../../device.ts';
import { createImpedanceController } from './impedance.ts';
import {
  ARM_JOINTS,
  ARM_QPOS,
  cellXml,
  DEFAULT_CLEARANCE_M,
  FINGER_CLOSE_COMMAND_M,
  FINGER_OPEN_M,
  FINGER_QPOS,
  HOME_RAD,
  type LooseObject,
  OBJECT_QPOS,
  objectHalfHeightM,
  PARKED_HEIGHT_M,
  SCENE_BODIES,
} from './model.ts';
import { createSimModel, type Mujoco } from './mujoco.ts';
import { READING, READINGS_SIZE } from './readings.ts';
import { createSensing } from './sensing.ts';

export interface PhysicsOptions {
  readonly object: LooseObject;
  readonly physicsHz?: number;
  readonly clearanceM?: number;
}

/** Where everything stands at the start of an episode; all at rest. */
export interface Arrangement {
  readonly armRad: ArrayLike<number>;
  readonly fingerM: number;
  readonly gripper: 'open' | 'close';
  readonly baseFromObject: Pose;
  /** Undefined: no socket in this scene. */
  readonly socket: { readonly xM: number; readonly yM: number; readonly yawRad: number } | undefined;
}

export interface PhysicsState {
  readonly integration: Float64Array;
  readonly controller: Float64Array;
  readonly sensing: Float64Array;
  /** Position (3), yaw, present. */
  readonly socket: Float64Array;
  readonly gripper: 'open' | 'close';
}

export interface Physics {
  readonly physicsHz: number;
  readonly object: LooseObject;
  step(): void;
  arrange(arrangement: Arrangement): void;
  /** Moves the socket; everything else stays. */
  placeSocket(socket: Arrangement['socket']): void;
  command(setPoint: SetPoint): void;
  hold(): void;
  /** Fills a block of `READINGS_SIZE` numbers. */
  read(readings: Float64Array): void;
  readScenePoses(poses: ScenePoses): void;
  /** Joint angles, fingers and object as stored in the grasp pool. */
  readConfiguration(): Float64Array;
  save(): PhysicsState;
  restore(state: PhysicsState): void;
  /** What is wrong with the dynamics, if anything: not finite, or a solver warning. */
  fault(): string | undefined;
  dispose(): void;
}

export const DEFAULT_PHYSICS_HZ = 500;
/** Substeps after which V8 has compiled the WASM's hot paths. */
const WARM_UP_STEPS = 300;

export function createPhysics(mujoco: Mujoco, options: PhysicsOptions): Physics {
  const physicsHz = options.physicsHz ?? DEFAULT_PHYSICS_HZ;
  const { object, clearanceM = DEFAULT_CLEARANCE_M } = options;
  const sim = createSimModel(mujoco, cellXml({ physicsHz, object, clearanceM }));
  const controller = createImpedanceController(sim);
  const sensing = createSensing(sim);
  const tipSite = sim.indexOf('site', 'tip') * 3;
  const holeSite = sim.indexOf('site', 'hole') * 3;
  const socketBody = sim.indexOf('body', 'socket');
  const sceneBodies = SCENE_BODIES.map((name) => {
    if (name === 'world') return 0;
    if (name === 'peg' || name === 'block') return name === object ? sim.indexOf('body', 'object') : -1;
    return sim.indexOf('body', name);
  });

  let gripper: 'open' | 'close' = 'open';
  /** True when positions and velocities of the model belong to the current state. */
  let kinematicsFresh = false;
  let finite = true;
  let simSteps = 0;
  const socketState = new Float64Array([0, 0, PARKED_HEIGHT_M, 0, 0]);

  const pose = new Float64Array(7);
  const twist = new Float64Array(6);
  const vector = new Vector3();
  const toolFromBase = new Quaternion();

  const refresh = () => {
    if (!kinematicsFresh) sim.stepOne();
    kinematicsFresh = true;
  };

  const step = () => {
    refresh();
    controller.control();
    const { ctrl, qvel } = sim.views();
    const finger = gripper === 'open' ? FINGER_OPEN_M : FINGER_CLOSE_COMMAND_M;
    ctrl[ARM_JOINTS] = finger;
    ctrl[ARM_JOINTS + 1] = finger;
    sim.stepTwo();
    kinematicsFresh = false;
    sensing.update();
    simSteps++;
    let sum = 0;
    for (let index = 0; index < qvel.length; index++) sum += qvel[index]!;
    if (!Number.isFinite(sum)) finite = false;
  };

  const placeSocket = (socket: Arrangement['socket']) => {
    socketState.set(socket ? [socket.xM, socket.yM, 0, socket.yawRad, 1] : [0, 0, PARKED_HEIGHT_M, 0, 0]);
    const { modelBodyPosition, modelBodyQuaternion } = sim.views();
    modelBodyPosition.set(socketState.subarray(0, 3), socketBody * 3);
    const half = socketState[3]! / 2;
    modelBodyQuaternion.set([Math.cos(half), 0, 0, Math.sin(half)], socketBody * 4);
    kinematicsFresh = false;
  };

  const arrange = (arrangement: Arrangement) => {
    sim.resetData();
    finite = true;
    simSteps = 0;
    placeSocket(arrangement.socket);
    const { qpos } = sim.views();
    const { positionM, orientation } = arrangement.baseFromObject;
    qpos.set(positionM, OBJECT_QPOS);
    qpos.set([orientation[3], orientation[0], orientation[1], orientation[2]], OBJECT_QPOS + 3);
    qpos.set(arrangement.armRad, ARM_QPOS);
    qpos[FINGER_QPOS] = arrangement.fingerM;
    qpos[FINGER_QPOS + 1] = arrangement.fingerM;
    gripper = arrangement.gripper;
    kinematicsFresh = false;
    refresh();
    controller.hold();
    sensing.clear();
  };

  const writeInTool = (readings: Float64Array, at: number, source: Float64Array, from: number) => {
    vector.set(source[from]!, source[from + 1]!, source[from + 2]!).applyQuaternion(toolFromBase);
    readings[at] = vector.x;
    readings[at + 1] = vector.y;
    readings[at + 2] = vector.z;
  };

  const read = (readings: Float64Array) => {
    refresh();
    controller.readMeasured(pose, twist);
    readings.set(pose, READING.toolPose);
    toolFromBase.set(-pose[3]!, -pose[4]!, -pose[5]!, pose[6]!);
    writeInTool(readings, READING.twistInTool, twist, 0);
    writeInTool(readings, READING.twistInTool + 3, twist, 3);
    writeInTool(readings, READING.wrenchInTool, sensing.wrench, 0);
    writeInTool(readings, READING.wrenchInTool + 3, sensing.wrench, 3);
    const { qpos, sitePosition } = sim.views();
    for (let joint = 0; joint < ARM_JOINTS; joint++) readings[READING.joints + joint] = qpos[ARM_QPOS + joint]!;
    readings[READING.opening] = (qpos[FINGER_QPOS]! + qpos[FINGER_QPOS + 1]!) / 2;
    readings.set(sensing.padTotals, READING.padTotals);
    for (let axis = 0; axis < 3; axis++) {
      readings[READING.tip + axis] = sitePosition[tipSite + axis]!;
      readings[READING.hole + axis] = sitePosition[holeSite + axis]!;
      readings[READING.objectPose + axis] = qpos[OBJECT_QPOS + axis]!;
      readings[READING.objectPose + 3 + axis] = qpos[OBJECT_QPOS + 4 + axis]!;
    }
    readings[READING.objectPose + 6] = qpos[OBJECT_QPOS + 3]!;
    readings[READING.socketYaw] = socketState[3]!;
    readings[READING.contactForce] = Math.hypot(sensing.wrench[0]!, sensing.wrench[1]!, sensing.wrench[2]!);
    readings[READING.simTimeSec] = simSteps / physicsHz;
  };

  const readScenePoses = (poses: ScenePoses) => {
    refresh();
    const { bodyPosition, bodyQuaternion } = sim.views();
    for (let index = 0; index < sceneBodies.length; index++) {
      const body = sceneBodies[index]!;
      const at = index * 7;
      if (body < 0) {
        poses.fill(0, at, at + 6);
        poses[at + 2] = PARKED_HEIGHT_M;
        poses[at + 6] = 1;
        continue;
      }
      poses[at] = bodyPosition[body * 3]!;
      poses[at + 1] = bodyPosition[body * 3 + 1]!;
      poses[at + 2] = bodyPosition[body * 3 + 2]!;
      poses[at + 3] = bodyQuaternion[body * 4 + 1]!;
      poses[at + 4] = bodyQuaternion[body * 4 + 2]!;
      poses[at + 5] = bodyQuaternion[body * 4 + 3]!;
      poses[at + 6] = bodyQuaternion[body * 4]!;
    }
  };

  const save = (): PhysicsState => ({
    integration: sim.saveState(),
    controller: controller.save(),
    sensing: sensing.save(),
    socket: Float64Array.of(...socketState, simSteps),
    gripper,
  });

  const restore = (state: PhysicsState) => {
    const [xM = 0, yM = 0, , yawRad = 0, present = 0, steps = 0] = state.socket;
    placeSocket(present ? { xM, yM, yawRad } : undefined);
    sim.restoreState(state.integration);
    controller.restore(state.controller);
    sensing.restore(state.sensing);
    gripper = state.gripper;
    simSteps = steps;
    finite = true;
    kinematicsFresh = false;
    refresh();
  };

  arrange({
    armRad: HOME_RAD,
    fingerM: FINGER_OPEN_M,
    gripper: 'open',
    baseFromObject: { positionM: [0.48, -0.1, objectHalfHeightM(object)], orientation: [0, 0, 0, 1] },
    socket: object === 'peg' ? { xM: 0.52, yM: 0.1, yawRad: 0 } : undefined,
  });
  for (let index = 0; index < WARM_UP_STEPS; index++) step();

  return {
    physicsHz,
    object,
    step,
    arrange,
    placeSocket,
    command: (setPoint) => {
      gripper = setPoint.gripper;
      controller.setTarget(setPoint.baseFromTool, setPoint.rampMs / 1000);
    },
    hold: () => {
      refresh();
      controller.hold();
    },
    read,
    readScenePoses,
    readConfiguration: () => Float64Array.from(sim.views().qpos),
    save,
    restore,
    fault: () => {
      if (!finite) return 'the simulated state is not finite';
      const warning = sim.warning();
      return warning && `the physics engine reported ${warning}`;
    },
    dispose: () => sim.dispose(),
  };
}

/** A block of readings of its own, for callers that want one. */
export function readReadings(physics: Physics): Float64Array {
  const readings = new Float64Array(READINGS_SIZE);
  physics.read(readings);
  return readings;
}
