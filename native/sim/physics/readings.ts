/**
 * Readings of the physics at one instant, as one flat block of numbers, which crosses threads by a copy. `robotStateOf`
 * takes out the measured part, as a real robot reports it. `truthOf` takes out the privileged part, which is for
 * rewards, operators and labels and never for a policy. SI units. Quantities are in the base frame unless named for the
 * tool's.
 */
import { type Pose, rotateByUnit, type Vec3, type Vec6 } from '../../../main/api/geometry.ts';
import type { RobotState } from '../../device.ts';

/** Offsets into the block. Quaternions are [x, y, z, w]. */
export const READING = {
  toolPose: 0,
  twistInTool: 7,
  wrenchInTool: 13,
  joints: 19,
  opening: 26,
  /** Per pad: normal force, shear x, shear z, torsion. */
  padTotals: 27,
  tip: 35,
  hole: 38,
  objectPose: 41,
  socketYaw: 48,
  contactForce: 49,
  simTimeSec: 50,
} as const;
export const READINGS_SIZE = 51;

/** Quantities that only a simulator can know. */
export interface Truth {
  readonly simTimeSec: number;
  readonly baseFromTool: Pose;
  readonly openingM: number;
  /** Centre of the object's lower face. */
  readonly tipM: Vec3;
  /** Centre of the hole at the socket's rim. */
  readonly holeM: Vec3;
  readonly baseFromObject: Pose;
  readonly socketYawRad: number;
  /** Angle between the object's long axis and the vertical. */
  readonly objectTiltRad: number;
  /** Depth of the tip below the rim; negative above it. */
  readonly depthM: number;
  readonly lateralErrorM: number;
  /** Net external force on gripper and object. */
  readonly contactForceN: number;
}

type Numbers = ArrayLike<number>;

function vec3At(numbers: Numbers, at: number): Vec3 {
  return [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!];
}

function vec6At(numbers: Numbers, at: number): Vec6 {
  return [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!, numbers[at + 3]!, numbers[at + 4]!, numbers[at + 5]!];
}

/** Returns the pose stored at `at`, with w ≥ 0. */
export function poseAt(numbers: Numbers, at: number): Pose {
  const sign = numbers[at + 6]! < 0 ? -1 : 1;
  return {
    positionM: vec3At(numbers, at),
    orientation: [sign * numbers[at + 3]!, sign * numbers[at + 4]!, sign * numbers[at + 5]!, sign * numbers[at + 6]!],
  };
}

export function robotStateOf(readings: Numbers, timeMs: number): RobotState {
  return {
    timeMs,
    baseFromTool: poseAt(readings, READING.toolPose),
    twistInTool: vec6At(readings, READING.twistInTool),
    wrenchInTool: vec6At(readings, READING.wrenchInTool),
    jointPositionsRad: Array.from({ length: 7 }, (_, joint) => readings[READING.joints + joint]!),
    gripperOpeningM: readings[READING.opening]!,
  };
}

export function truthOf(readings: Numbers): Truth {
  const baseFromObject = poseAt(readings, READING.objectPose);
  const tipM = vec3At(readings, READING.tip);
  const holeM = vec3At(readings, READING.hole);
  const axis = rotateByUnit(baseFromObject.orientation, [0, 0, 1]);
  return {
    simTimeSec: readings[READING.simTimeSec]!,
    baseFromTool: poseAt(readings, READING.toolPose),
    openingM: readings[READING.opening]!,
    tipM,
    holeM,
    baseFromObject,
    socketYawRad: readings[READING.socketYaw]!,
    objectTiltRad: Math.acos(Math.min(1, Math.abs(axis[2]))),
    depthM: holeM[2] - tipM[2],
    lateralErrorM: Math.hypot(tipM[0] - holeM[0], tipM[1] - holeM[1]),
    contactForceN: readings[READING.contactForce]!,
  };
}
