/** Small pieces of geometry that operators, tasks and estimates share. Quaternions [x, y, z, w], angles in radians. */
import { Quaternion, Vector3 } from 'three';
import type { Quaternion as QuaternionNumbers, Vec3, Vec6 } from '../../../main/api/geometry.ts';

export const TOOL_DOWN: QuaternionNumbers = [1, 0, 0, 0];

export function clamp(value: number, limit = 1): number {
  return Math.max(-limit, Math.min(limit, value));
}

export function rotate(orientation: QuaternionNumbers, vector: Vec3): Vec3 {
  const rotated = new Vector3(...vector).applyQuaternion(new Quaternion(...orientation));
  return [rotated.x, rotated.y, rotated.z];
}

/** `vector`, given in the frame that `orientation` maps from, seen from inside it. */
export function rotateInto(orientation: QuaternionNumbers, vector: Vec3): Vec3 {
  const [x, y, z, w] = orientation;
  return rotate([-x, -y, -z, w], vector);
}

/** A twist in the base frame, seen in the tool frame: block-diagonal, the tool point stays the reference. */
export function twistInTool(baseFromTool: QuaternionNumbers, twistInBase: Vec6): Vec6 {
  const [vx, vy, vz, wx, wy, wz] = twistInBase;
  return [...rotateInto(baseFromTool, [vx, vy, vz]), ...rotateInto(baseFromTool, [wx, wy, wz])];
}

/** Direction of the frame's x axis in the horizontal plane. */
export function yawOf(orientation: QuaternionNumbers): number {
  const [x, y, z, w] = orientation;
  return Math.atan2(2 * (x * y + z * w), 1 - 2 * (y * y + z * z));
}

/** Brings an angle into ±45°: a square peg fits four ways round. */
export function wrapQuarterTurn(angleRad: number): number {
  return angleRad - (Math.PI / 2) * Math.round(angleRad / (Math.PI / 2));
}

/** Tool pointing straight down, its x axis turned by `yawRad`. */
export function toolDown(yawRad: number): QuaternionNumbers {
  return [Math.cos(yawRad / 2), Math.sin(yawRad / 2), 0, 0];
}

export function yawOrientation(yawRad: number): QuaternionNumbers {
  return [0, 0, Math.sin(yawRad / 2), Math.cos(yawRad / 2)];
}
