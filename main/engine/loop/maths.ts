/**
 * The engine's use of three's maths: tuples of the contract in, tuples out. Metres, radians, quaternions [x, y, z, w].
 * Poses named `aFromB` map coordinates in frame b to frame a; a rotation vector is axis times angle.
 */
import { Quaternion as ThreeQuaternion } from 'three/src/math/Quaternion.js';
import { Vector3 } from 'three/src/math/Vector3.js';
import type { Pose, Quaternion, Vec3, Vec6 } from '../../api/geometry.ts';

export const IDENTITY: Quaternion = [0, 0, 0, 1];

const toQuaternion = (q: Quaternion) => new ThreeQuaternion(q[0], q[1], q[2], q[3]).normalize();
const fromQuaternion = (q: ThreeQuaternion): Quaternion => (q.w < 0 ? [-q.x, -q.y, -q.z, -q.w] : [q.x, q.y, q.z, q.w]);
const fromVector = (v: Vector3): Vec3 => [v.x, v.y, v.z];

export function add(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scale(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function rotate(aFromB: Quaternion, vectorInB: Vec3): Vec3 {
  return fromVector(new Vector3(...vectorInB).applyQuaternion(toQuaternion(aFromB)));
}

export function inverse(aFromB: Quaternion): Quaternion {
  return fromQuaternion(toQuaternion(aFromB).conjugate());
}

/** aFromB ∘ bFromC = aFromC. */
export function compose(aFromB: Quaternion, bFromC: Quaternion): Quaternion {
  return fromQuaternion(toQuaternion(aFromB).multiply(toQuaternion(bFromC)).normalize());
}

export function fromRotationVector(vectorRad: Vec3): Quaternion {
  const axis = new Vector3(...vectorRad);
  const angleRad = axis.length();
  if (angleRad < 1e-12) return IDENTITY;
  return fromQuaternion(new ThreeQuaternion().setFromAxisAngle(axis.divideScalar(angleRad), angleRad));
}

/** The rotation's axis times its angle, the angle in [0, π]. */
export function toRotationVector(rotation: Quaternion): Vec3 {
  const [x, y, z, w] = fromQuaternion(toQuaternion(rotation));
  const sine = Math.hypot(x, y, z);
  if (sine < 1e-12) return [2 * x, 2 * y, 2 * z];
  const factor = (2 * Math.atan2(sine, w)) / sine;
  return [x * factor, y * factor, z * factor];
}

/** Angle between two orientations, in [0, π]. */
export function angleBetween(a: Quaternion, b: Quaternion): number {
  return Math.hypot(...toRotationVector(compose(inverse(a), b)));
}

/** `to`, moved towards `from` along the shortest arc until it is no more than `maxRad` away from it. */
export function leash(from: Quaternion, to: Quaternion, maxRad: number): Quaternion {
  const angleRad = angleBetween(from, to);
  if (angleRad <= maxRad) return to;
  return fromQuaternion(toQuaternion(from).slerp(toQuaternion(to), maxRad / angleRad));
}

/** A twist or a wrench seen from frame a instead of b, block by block: no lever arm, the reference point stays. */
export function rotateBlocks(aFromB: Quaternion, inB: Vec6): Vec6 {
  const linear = rotate(aFromB, [inB[0], inB[1], inB[2]]);
  const angular = rotate(aFromB, [inB[3], inB[4], inB[5]]);
  return [...linear, ...angular];
}

/** Where `pose` is, seen from `reference`: referenceFromPose, both given in the same base. */
export function relativePose(reference: Pose, pose: Pose): Pose {
  const fromBase = inverse(reference.orientation);
  return {
    positionM: rotate(fromBase, subtract(pose.positionM, reference.positionM)),
    orientation: compose(fromBase, pose.orientation),
  };
}
