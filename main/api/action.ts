/**
 * The action of a step: [-1, 1]^7, an end-effector twist expressed in the end-effector frame, and the gripper.
 * Index 0–2 translation, 3–5 rotation, 6 gripper (+1 opens, −1 closes; |value| < 0.5 leaves it as it is).
 */
import { z } from 'zod';

export const ACTION_SIZE = 7;
export const ACTION_NAMES = ['x', 'y', 'z', 'rx', 'ry', 'rz', 'gripper'] as const;

/** The motion that one unit of action means in one control period. */
export interface ActionScale {
  /** Metres per unit, relative to the measured position. */
  readonly translationM: number;
  /** Radians per unit, added to an orientation target. */
  readonly rotationRad: number;
  /** The orientation target stays within this angle of the measured orientation. */
  readonly rotationLeashRad: number;
}

export const DEFAULT_ACTION_SCALE: ActionScale = { translationM: 0.01, rotationRad: 0.05, rotationLeashRad: 0.1 };

/** A dimension is used where the mask is true. Elsewhere it is zero in policy, noise, execution and loss. */
export const actionMaskSchema = z.array(z.boolean()).length(ACTION_SIZE).readonly();
export type ActionMask = z.infer<typeof actionMaskSchema>;

/** The actor of a step. `mixed` marks the tick in which control changed hands. */
export const actorSchema = z.enum(['policy', 'human', 'mixed']);
export type Actor = z.infer<typeof actorSchema>;
