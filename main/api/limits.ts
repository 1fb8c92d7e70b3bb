/** Safety limits: data with units, one set per robot. The defaults are for a tabletop arm beside a seated person. */
import { z } from 'zod';
import { vec3Schema } from './geometry.ts';

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
