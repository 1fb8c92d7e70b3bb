/**
 * Poses and the algebra of poses. Units are metres and radians, frames are right-handed with z up, and quaternions are
 * [x, y, z, w], with w ≥ 0 when stored. A pose named `aFromB` maps coordinates in frame b to frame a.
 */
import { z } from 'zod';

export const vec3Schema = z.tuple([z.number(), z.number(), z.number()]).readonly();
const quaternionSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly();
export const poseSchema = z.object({ positionM: vec3Schema, orientation: quaternionSchema }).readonly();

export type Vec3 = z.infer<typeof vec3Schema>;
/** Unit quaternion, [x, y, z, w]. */
export type Quaternion = z.infer<typeof quaternionSchema>;
export type Pose = z.infer<typeof poseSchema>;
/** Linear part first: [vx, vy, vz, wx, wy, wz] in m/s and rad/s, or a wrench [fx, fy, fz, tx, ty, tz] in N and Nm. */
export type Vec6 = readonly [number, number, number, number, number, number];

export const IDENTITY: Quaternion = [0, 0, 0, 1];

export function add(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scale(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** Returns the quaternion scaled to length 1; the identity for one of length 0. */
function normalized([x, y, z, w]: Quaternion): Quaternion {
  const length = Math.sqrt(x * x + y * y + z * z + w * w);
  if (length === 0) return IDENTITY;
  const factor = 1 / length;
  return [x * factor, y * factor, z * factor, w * factor];
}

/** Returns the one of q and −q, which are the same rotation, whose w is not negative. */
const withPositiveW = (q: Quaternion): Quaternion => (q[3] < 0 ? [-q[0], -q[1], -q[2], -q[3]] : q);

/** Rotates a vector. The quaternion is normalised first, because a measured one has length 1 only nearly. */
export function rotate(aFromB: Quaternion, vectorInB: Vec3): Vec3 {
  return rotateByUnit(normalized(aFromB), vectorInB);
}

/** Rotates a vector by a quaternion whose length is already 1. */
export function rotateByUnit([qx, qy, qz, qw]: Quaternion, [vx, vy, vz]: Vec3): Vec3 {
  const tx = 2 * (qy * vz - qz * vy);
  const ty = 2 * (qz * vx - qx * vz);
  const tz = 2 * (qx * vy - qy * vx);
  return [vx + qw * tx + qy * tz - qz * ty, vy + qw * ty + qz * tx - qx * tz, vz + qw * tz + qx * ty - qy * tx];
}

export function inverse(aFromB: Quaternion): Quaternion {
  const [x, y, z, w] = normalized(aFromB);
  return withPositiveW([-x, -y, -z, w]);
}

/** aFromB ∘ bFromC = aFromC. */
export function compose(aFromB: Quaternion, bFromC: Quaternion): Quaternion {
  const [ax, ay, az, aw] = normalized(aFromB);
  const [bx, by, bz, bw] = normalized(bFromC);
  const product: Quaternion = [
    ax * bw + aw * bx + ay * bz - az * by,
    ay * bw + aw * by + az * bx - ax * bz,
    az * bw + aw * bz + ax * by - ay * bx,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
  return withPositiveW(normalized(product));
}

/** A rotation vector is a rotation's axis times its angle. */
export function fromRotationVector([x, y, z]: Vec3): Quaternion {
  const angleRad = Math.sqrt(x * x + y * y + z * z);
  if (angleRad < 1e-12) return IDENTITY;
  const factor = 1 / angleRad;
  const sine = Math.sin(angleRad / 2);
  return withPositiveW([x * factor * sine, y * factor * sine, z * factor * sine, Math.cos(angleRad / 2)]);
}

/** Returns the rotation's axis times its angle, the angle in [0, π]. */
export function toRotationVector(rotation: Quaternion): Vec3 {
  const [x, y, z, w] = withPositiveW(normalized(rotation));
  const sine = Math.hypot(x, y, z);
  if (sine < 1e-12) return [2 * x, 2 * y, 2 * z];
  const factor = (2 * Math.atan2(sine, w)) / sine;
  return [x * factor, y * factor, z * factor];
}

/** Returns the angle between two orientations, in [0, π]. */
export function angleBetween(a: Quaternion, b: Quaternion): number {
  return Math.hypot(...toRotationVector(compose(inverse(a), b)));
}

/** Returns `to`, moved towards `from` along the shortest arc until it is at most `maxRad` away from it. */
export function leash(from: Quaternion, to: Quaternion, maxRad: number): Quaternion {
  const angleRad = angleBetween(from, to);
  if (angleRad <= maxRad) return to;
  return withPositiveW(slerp(normalized(from), normalized(to), maxRad / angleRad));
}

/**
 * Spherical interpolation along the shorter arc; linear and normalised for small angles, where a sine would lose
 * digits.
 */
function slerp(a: Quaternion, b: Quaternion, fraction: number): Quaternion {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const cosine = Math.abs(dot);
  const sign = dot < 0 ? -1 : 1;
  const near = cosine >= 0.9995;
  const angleRad = Math.acos(cosine);
  const sine = Math.sin(angleRad);
  const ofA = near ? 1 - fraction : Math.sin((1 - fraction) * angleRad) / sine;
  const ofB = sign * (near ? fraction : Math.sin(fraction * angleRad) / sine);
  const mixed: Quaternion = [
    a[0] * ofA + b[0] * ofB,
    a[1] * ofA + b[1] * ofB,
    a[2] * ofA + b[2] * ofB,
    a[3] * ofA + b[3] * ofB,
  ];
  return near ? normalized(mixed) : mixed;
}

/** Turns a twist or a wrench from frame b into frame a, block by block: the reference point stays, so no lever arm. */
export function rotateBlocks(aFromB: Quaternion, inB: Vec6): Vec6 {
  return [...rotate(aFromB, [inB[0], inB[1], inB[2]]), ...rotate(aFromB, [inB[3], inB[4], inB[5]])];
}

/** Returns `pose` as seen from `reference`: referenceFromPose, both given in the same base. */
export function relativePose(reference: Pose, pose: Pose): Pose {
  const fromBase = inverse(reference.orientation);
  return {
    positionM: rotate(fromBase, subtract(pose.positionM, reference.positionM)),
    orientation: compose(fromBase, pose.orientation),
  };
}
