/** Share of an action that stands at its limit: what the rule that reverts a policy which has left its data goes by. */
import { ACTION_NAMES } from '../api/action.ts';
import type { PolicyManifest } from '../api/policy.ts';

const LIMIT = 1;
const GRIPPER = ACTION_NAMES.indexOf('gripper');

/** Of the dimensions that the policy's task uses; a gripper whose commands are choices stands at ±1 by design and does not count. */
export function saturationOf(
  action: ArrayLike<number>,
  { actionMask, discreteGripper }: Pick<PolicyManifest, 'actionMask' | 'discreteGripper'>,
): number {
  const counted = actionMask.flatMap((used, index) =>
    used && !(discreteGripper && index === GRIPPER) ? [Math.abs(action[index]!) >= LIMIT] : [],
  );
  return counted.filter(Boolean).length / Math.max(1, counted.length);
}
