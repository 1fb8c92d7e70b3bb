/**
 * Conversion between actions and set-points, by the rule of HIL-SERL. An action's translation is rotated from the
 * tool frame and added to the *measured* position. Its rotation is composed in the tool frame onto an orientation
 * *target*, which is kept from tick to tick and leashed to the measured orientation. The frame change is
 * block-diagonal. `safety.ts` applies the limits.
 */
import type { SetPoint } from '../../../native/device.ts';
import { ACTION_SIZE, type ActionMask, type ActionScale } from '../../api/action.ts';
import {
  add,
  compose,
  fromRotationVector,
  inverse,
  leash,
  type Pose,
  type Quaternion,
  rotate,
  rotateBlocks,
  scale,
  subtract,
  toRotationVector,
  type Vec3,
  type Vec6,
} from '../../api/geometry.ts';

export type Gripper = 'open' | 'close';

/** A gripper component above this opens and one below its negative closes; one between leaves the gripper as it is. */
const GRIPPER_THRESHOLD = 0.5;

interface ActionContext {
  readonly measured: Pose;
  /** The orientation target that is kept from tick to tick, in the base frame. */
  readonly orientationTarget: Quaternion;
  readonly gripper: Gripper;
  readonly scale: ActionScale;
}

export type Target = Omit<SetPoint, 'rampMs'>;

const linear = (action: ArrayLike<number>): Vec3 => [action[0] ?? 0, action[1] ?? 0, action[2] ?? 0];
const angular = (action: ArrayLike<number>): Vec3 => [action[3] ?? 0, action[4] ?? 0, action[5] ?? 0];

/** `fraction` is the share of a period that the action acts for: below 1 in the tick in which control changes hands. */
export function targetFromAction(action: ArrayLike<number>, context: ActionContext, fraction = 1): Target {
  const { measured, orientationTarget, scale: unit } = context;
  const stepInTool = scale(linear(action), unit.translationM * fraction);
  const turnInTool = scale(angular(action), unit.rotationRad * fraction);
  const turned = compose(orientationTarget, fromRotationVector(turnInTool));
  const gripper = action[6] ?? 0;
  return {
    baseFromTool: {
      positionM: add(measured.positionM, rotate(measured.orientation, stepInTool)),
      orientation: leash(measured.orientation, turned, unit.rotationLeashRad),
    },
    gripper: gripper > GRIPPER_THRESHOLD ? 'open' : gripper < -GRIPPER_THRESHOLD ? 'close' : context.gripper,
  };
}

/**
 * Returns the action that was executed when `limited` was commanded instead of `requested`. It is the requested
 * action where safety changed nothing, and the inverse of the rule where it did. The leash is part of the rule, not a
 * change.
 */
export function executedAction(
  action: Float32Array,
  context: ActionContext,
  requested: Target,
  limited: Target,
  fraction = 1,
): Float32Array {
  const executed = action.slice();
  const unit = context.scale;
  if (distance(requested.baseFromTool.positionM, limited.baseFromTool.positionM) > 1e-9) {
    const moved = subtract(limited.baseFromTool.positionM, context.measured.positionM);
    const inTool = rotate(inverse(context.measured.orientation), moved);
    setBlock(executed, 0, scale(inTool, 1 / (unit.translationM * fraction)));
  }
  if (differs(requested.baseFromTool.orientation, limited.baseFromTool.orientation)) {
    const turn = compose(inverse(context.orientationTarget), limited.baseFromTool.orientation);
    setBlock(executed, 3, scale(toRotationVector(turn), 1 / (unit.rotationRad * fraction)));
  }
  if (requested.gripper !== limited.gripper) executed[6] = 0;
  return executed;
}

/**
 * Converts a person's base-frame twist, each component in [-1, 1], to an action. A block that is too long keeps its
 * direction.
 */
export function actionFromBaseTwist(twistInBase: Vec6, baseFromTool: Quaternion, gripper: number): Float32Array {
  const inTool = rotateBlocks(inverse(baseFromTool), twistInBase);
  const action = new Float32Array(ACTION_SIZE);
  for (const start of [0, 3]) {
    const block = inTool.slice(start, start + 3);
    const longest = Math.max(1, ...block.map(Math.abs));
    block.forEach((value, index) => {
      action[start + index] = value / longest;
    });
  }
  action[6] = gripper;
  return action;
}

/** Returns the action with its masked dimensions set to zero and the others clipped to [-1, 1]. */
export function masked(action: ArrayLike<number>, mask: ActionMask): Float32Array {
  return Float32Array.from({ length: ACTION_SIZE }, (_, index) => (mask[index] ? clip(action[index] ?? 0) : 0));
}

/** Returns (1 − f) · a + f · b: the executed action when `b` took over for the last fraction f of the period. */
export function blend(a: Float32Array, b: Float32Array, fraction: number): Float32Array {
  return a.map((value, index) => (1 - fraction) * value + fraction * (b[index] ?? 0));
}

export function isFinite7(action: ArrayLike<number>): boolean {
  for (let index = 0; index < ACTION_SIZE; index++) if (!Number.isFinite(action[index])) return false;
  return true;
}

const clip = (value: number) => Math.min(1, Math.max(-1, value));
const distance = (a: Vec3, b: Vec3) => Math.hypot(...subtract(a, b));
const differs = (a: Quaternion, b: Quaternion) =>
  1 - Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]) > 1e-13;

function setBlock(action: Float32Array, start: number, block: Vec3) {
  block.forEach((value, index) => {
    action[start + index] = clip(value);
  });
}
