/**
 * Geometry's one convention: metres, radians, right-handed, z up; quaternions are [x, y, z, w] with w ≥ 0 when stored.
 */
import { z } from 'zod';

export const vec3Schema = z.tuple([z.number(), z.number(), z.number()]).readonly();
export const quaternionSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly();
export const poseSchema = z.object({ positionM: vec3Schema, orientation: quaternionSchema }).readonly();

export type Vec3 = readonly [number, number, number];
/** Unit quaternion, [x, y, z, w]. */
export type Quaternion = readonly [number, number, number, number];
/** A pose named `aFromB` maps coordinates in frame b to frame a. */
export interface Pose {
  readonly positionM: Vec3;
  readonly orientation: Quaternion;
}
/** Linear part first: [vx, vy, vz, wx, wy, wz] in m/s and rad/s, or a wrench [fx, fy, fz, tx, ty, tz] in N and Nm. */
export type Vec6 = readonly [number, number, number, number, number, number];
