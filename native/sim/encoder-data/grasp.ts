/**
 * Poses of the peg in the hand: grasps of the encoder's own pool, and the same displaced and tilted further between the
 * pads. The encoder therefore reads the peg's pose instead of assuming it. The hold-out set has the pool's last grasps.
 */
import { Quaternion, Vector3 } from 'three';
import {
  add,
  IDENTITY,
  type Pose,
  type Quaternion as QuaternionNumbers,
  rotateByUnit,
  subtract,
} from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import { ARM_JOINTS, ARM_QPOS, FINGER_QPOS, OBJECT_QPOS } from '../physics/model.ts';
import { type Physics, readReadings } from '../physics/physics.ts';
import { truthOf } from '../physics/readings.ts';
import { type Grasp, graspPool, poseFromGrasp } from '../tasks/grasp-pool.ts';

export interface HeldPeg {
  readonly toolFromObject: Pose;
  readonly fingerM: number;
  /** Posture of the arm at this grasp. */
  readonly armRad: readonly number[];
}

const HOLD_OUT_GRASPS = 16;
const REAL_SHARE = 0.5;
/**
 * Spreads in the pads' plane: along x, along the tool's axis and the tilt; then the tilt across the pads. A policy grasps up to
 * 10 mm off the middle and 12 mm too low, and pressing pushes the peg further up in the hand.
 */
const SPREAD_X_M = 0.01;
const SPREAD_Z_M = { low: -0.014, high: 0.007 };
const SPREAD_TILT_RAD = 0.1;
const SPREAD_ACROSS_RAD = 0.006;

function heldAsIn(grasp: Grasp, physics: Physics): HeldPeg {
  const armRad = grasp.slice(ARM_QPOS, ARM_QPOS + ARM_JOINTS);
  const fingerM = grasp[FINGER_QPOS]!;
  physics.arrange({
    armRad,
    fingerM,
    gripper: 'close',
    baseFromObject: poseFromGrasp(grasp, OBJECT_QPOS),
    socket: undefined,
  });
  const { baseFromTool, baseFromObject } = truthOf(readReadings(physics));
  return { toolFromObject: relativePose(baseFromTool, baseFromObject), fingerM, armRad };
}

/** Returns the pool's grasps as poses in the hand. */
export function realGrasps(physics: Physics, split: 'train' | 'hold-out'): HeldPeg[] {
  const pool = graspPool('encoder');
  const kept = pool.length - HOLD_OUT_GRASPS;
  const part = split === 'train' ? pool.slice(0, kept) : pool.slice(kept);
  return part.map((grasp) => heldAsIn(grasp, physics));
}

export function drawGrasp(grasps: readonly HeldPeg[], rng: Rng): HeldPeg {
  const real = grasps[rng.integer(grasps.length)]!;
  if (rng.uniform() < REAL_SHARE) return real;
  const { positionM, orientation } = real.toolFromObject;
  const tilt = new Quaternion()
    .setFromAxisAngle(new Vector3(0, 1, 0), rng.range(-SPREAD_TILT_RAD, SPREAD_TILT_RAD))
    .multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), rng.range(-SPREAD_ACROSS_RAD, SPREAD_ACROSS_RAD)))
    .multiply(new Quaternion(...orientation));
  return {
    ...real,
    toolFromObject: {
      positionM: [
        positionM[0] + rng.range(-SPREAD_X_M, SPREAD_X_M),
        positionM[1],
        positionM[2] + rng.range(SPREAD_Z_M.low, SPREAD_Z_M.high),
      ],
      orientation: [tilt.x, tilt.y, tilt.z, tilt.w],
    },
  };
}

/**
 * Returns bFromC. Unlike `relativePose` of the contract it does not normalise quaternions, because the bits of the
 * encoder's data depend on it.
 */
function relativePose(aFromB: Pose, aFromC: Pose): Pose {
  const [x, y, z, w] = aFromB.orientation;
  const bFromA = [-x, -y, -z, w] as const;
  return {
    positionM: rotateByUnit(bFromA, subtract(aFromC.positionM, aFromB.positionM)),
    orientation: product(bFromA, aFromC.orientation),
  };
}

/** Returns aFromC, whose quaternion is not normalised. */
export function composePoses(aFromB: Pose, bFromC: Pose): Pose {
  return {
    positionM: add(aFromB.positionM, rotateByUnit(aFromB.orientation, bFromC.positionM)),
    orientation: product(aFromB.orientation, bFromC.orientation),
  };
}

export function invertPose(aFromB: Pose): Pose {
  return relativePose(aFromB, { positionM: [0, 0, 0], orientation: IDENTITY });
}

function product(a: QuaternionNumbers, b: QuaternionNumbers): QuaternionNumbers {
  const { x, y, z, w } = new Quaternion(...a).multiply(new Quaternion(...b));
  return [x, y, z, w];
}
