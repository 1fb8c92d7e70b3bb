/** Safety limits: data with units, one set per robot. The defaults are for a tabletop arm beside a seated person. */
import { z } from 'zod';
import { type Vec3, vec3Schema } from './geometry.ts';

export const safetyLimitsSchema = z
  .object({
    /** Box for the tool point, in the base frame. */
    workspaceLowM: vec3Schema,
    workspaceHighM: vec3Schema,
    /** Largest angle between the tool's axis and the reset pose's. */
    maxTiltRad: z.number().positive(),
    /** 250 mm/s is the reduced speed of ISO 10218. */
    maxLinearMPerSec: z.number().positive().max(0.25),
    maxAngularRadPerSec: z.number().positive().max(1),
    /** How far a set-point may lie from the measured pose: bounds the spring force of an impedance controller. */
    maxSetPointLeadM: z.number().positive(),
    maxSetPointLeadRad: z.number().positive(),
    /** Above the first, motion further into the contact is refused; above the second, the arm holds. */
    softForceN: z.number().positive(),
    stopForceN: z.number().positive(),
    /** Robot state older than this means hold. */
    maxStateAgeMs: z.number().positive(),
    /** Least time between two opposite gripper commands. */
    gripperRefractoryMs: z.number().nonnegative(),
  })
  .readonly();
export type SafetyLimits = z.infer<typeof safetyLimitsSchema>;

/** Why safety changed or refused a command. */
export const safetyEventSchema = z.enum([
  'workspace',
  'tilt',
  'linear-speed',
  'angular-speed',
  'lead',
  'soft-force',
  'stop-force',
  'stale-state',
  'not-finite',
  'gripper-refractory',
]);
export type SafetyEvent = z.infer<typeof safetyEventSchema>;

/** The box that a task leaves to the tool point, in the base frame. */
export interface Workspace {
  readonly lowM: Vec3;
  readonly highM: Vec3;
}

/** Returns the limits with their box reduced to its common part with `box`; unchanged when the two do not meet. */
export function narrowed(limits: SafetyLimits, box: Workspace): SafetyLimits {
  const corner = (pick: (a: number, b: number) => number, wide: Vec3, narrow: Vec3): Vec3 => [
    pick(wide[0], narrow[0]),
    pick(wide[1], narrow[1]),
    pick(wide[2], narrow[2]),
  ];
  const workspaceLowM = corner(Math.max, limits.workspaceLowM, box.lowM);
  const workspaceHighM = corner(Math.min, limits.workspaceHighM, box.highM);
  const empty = workspaceLowM.some((low, axis) => low >= (workspaceHighM[axis] ?? low));
  return empty ? limits : { ...limits, workspaceLowM, workspaceHighM };
}

const sameBox = (a: SafetyLimits, b: SafetyLimits) =>
  [0, 1, 2].every(
    (axis) => a.workspaceLowM[axis] === b.workspaceLowM[axis] && a.workspaceHighM[axis] === b.workspaceHighM[axis],
  );

/**
 * Returns the limits that a person set while a narrowed box was shown: a box that was left as shown stays the wide
 * one.
 */
export function widened(set: SafetyLimits, shown: SafetyLimits, wide: SafetyLimits): SafetyLimits {
  if (!sameBox(set, shown)) return set;
  return { ...set, workspaceLowM: wide.workspaceLowM, workspaceHighM: wide.workspaceHighM };
}
