/** Safety limits: data with units, one set per robot. The defaults are for a tabletop arm beside a seated person. */
import { z } from 'zod';
import { vec3Schema } from './geometry.ts';

export const safetyLimitsSchema = z
  .object({
    /** Box for the tool point, in the base frame. */
    workspaceLowM: vec3Schema,
    workspaceHighM: vec3Schema,
    /** Largest angle between the tool's axis and its axis in the reset pose. */
    maxTiltRad: z.number().positive(),
    /** 250 mm/s is the reduced speed of ISO 10218. */
    maxLinearMPerSec: z.number().positive().max(0.25),
    maxAngularRadPerSec: z.number().positive().max(1),
    /**
     * Largest distance of a set-point from the measured pose. It bounds the spring force of an impedance controller.
     */
    maxSetPointLeadM: z.number().positive(),
    maxSetPointLeadRad: z.number().positive(),
    /** Above the soft force, motion further into the contact is refused. Above the stop force, the arm holds. */
    softForceN: z.number().positive(),
    stopForceN: z.number().positive(),
    /** The arm holds when the robot's state is older than this. */
    maxStateAgeMs: z.number().positive(),
    /** Shortest time between two opposite gripper commands. */
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
