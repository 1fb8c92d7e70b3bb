/** The share of an action that is at its limit. The engine reverts a candidate whose actions saturate. */
import { ACTION_NAMES } from '../api/action.ts';
import type { PolicyManifest } from '../api/policy.ts';

const LIMIT = 1;
const GRIPPER = ACTION_NAMES.indexOf('gripper');

/** Counts the dimensions that the policy's task uses. A discrete gripper is at ±1 by design, so it does not count. */
export function saturationOf(
  action: ArrayLike<number>,
  { actionMask, discreteGripper }: Pick<PolicyManifest, 'actionMask' | 'discreteGripper'>,
): number {
  const counted = actionMask.flatMap((used, index) =>
    used && !(discreteGripper && index === GRIPPER) ? [Math.abs(action[index]!) >= LIMIT] : [],
  );
  return counted.filter(Boolean).length / Math.max(1, counted.length);
}
