/** Orientations and yaw angles that operators, tasks and estimates share. Angles in radians. */
import { type Quaternion, rotateByUnit, type Vec3, type Vec6 } from '../../../main/api/geometry.ts';

export function clamp(value: number, limit = 1): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Turns a vector of frame a into frame b. The quaternion must have length 1. */
export function rotateInto(aFromB: Quaternion, vectorInA: Vec3): Vec3 {
  const [x, y, z, w] = aFromB;
  return rotateByUnit([-x, -y, -z, w], vectorInA);
}

/** Turns a twist of the base frame into the tool frame, block by block: the tool point stays the reference. */
export function twistInTool(baseFromTool: Quaternion, twistInBase: Vec6): Vec6 {
  const [vx, vy, vz, wx, wy, wz] = twistInBase;
  return [...rotateInto(baseFromTool, [vx, vy, vz]), ...rotateInto(baseFromTool, [wx, wy, wz])];
}

/** Returns the direction of the frame's x axis in the horizontal plane. */
export function yawOf(orientation: Quaternion): number {
  const [x, y, z, w] = orientation;
  return Math.atan2(2 * (x * y + z * w), 1 - 2 * (y * y + z * z));
}

/** Brings an angle into ±45°, because a square peg fits four ways round. */
export function wrapQuarterTurn(angleRad: number): number {
  return angleRad - (Math.PI / 2) * Math.round(angleRad / (Math.PI / 2));
}

/** Returns the orientation of a tool that points straight down, its x axis turned by `yawRad`. */
export function toolDown(yawRad: number): Quaternion {
  return [Math.cos(yawRad / 2), Math.sin(yawRad / 2), 0, 0];
}

export function yawOrientation(yawRad: number): Quaternion {
  return [0, 0, Math.sin(yawRad / 2), Math.cos(yawRad / 2)];
}
