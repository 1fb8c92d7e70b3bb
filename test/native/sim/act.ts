/**
 * HIL-SERL's rule from action to set-point, for tests of the cell alone. The engine has its own, with safety after it.
 */
import { Quaternion, Vector3 } from 'three';
import { DEFAULT_ACTION_SCALE } from '../../../main/api/action.ts';
import type { Pose } from '../../../main/api/geometry.ts';
import type { SetPoint } from '../../../native/device.ts';

export interface ActionFollower {
  /** Returns the set-point of an action, from the measured pose. */
  setPoint(action: ArrayLike<number>, measured: Pose): SetPoint;
}

export function createActionFollower(start: Pose, gripper: 'open' | 'close', periodMs = 100): ActionFollower {
  const scale = DEFAULT_ACTION_SCALE;
  const target = new Quaternion(...start.orientation);
  let hand = gripper;
  return {
    setPoint: (action, measured) => {
      const orientation = new Quaternion(...measured.orientation);
      const linear = new Vector3(action[0], action[1], action[2]).applyQuaternion(orientation);
      const turn = new Vector3(action[3], action[4], action[5]).multiplyScalar(scale.rotationRad);
      const angle = turn.length();
      if (angle > 1e-9) target.multiply(new Quaternion().setFromAxisAngle(turn.divideScalar(angle), angle)).normalize();
      const lead = orientation.angleTo(target);
      if (lead > scale.rotationLeashRad) target.copy(orientation.clone().slerp(target, scale.rotationLeashRad / lead));
      const grip = action[6] ?? 0;
      if (grip >= 0.5) hand = 'open';
      if (grip <= -0.5) hand = 'close';
      return {
        baseFromTool: {
          positionM: [
            measured.positionM[0] + scale.translationM * linear.x,
            measured.positionM[1] + scale.translationM * linear.y,
            measured.positionM[2] + scale.translationM * linear.z,
          ],
          orientation: [target.x, target.y, target.z, target.w],
        },
        gripper: hand,
        rampMs: periodMs,
      };
    },
  };
}
