/**
 * The hole as the simulator knows it, for the `state` control experiment. It is the upper bound that learning from
 * pixels is compared with, so it has neither bias nor noise. It holds the hole's offset from the tool, in the tool
 * frame, zero when the tip of a well-grasped peg is at the rim: three numbers per 20 mm, then the same per 3 mm (z: per
 * 5 mm), clipped to ±1.5. The yaw error per 0.1 rad follows. The peg's pose in the hand is not in it. In a scene
 * without a socket, the object's centre and yaw take the place of the hole's.
 */
import { subtract } from '../../../main/api/geometry.ts';
import { STATE_ESTIMATE_SIZE } from '../../../main/api/observation.ts';
import { clamp, rotateInto, wrapQuarterTurn, yawOf } from './frames.ts';
import { NOMINAL_TIP_BELOW_TOOL_M } from './model.ts';
import type { Truth } from './readings.ts';

const COARSE_M = 0.02;
const FINE_M = [0.003, 0.003, 0.005] as const;
const FINE_CLIP = 1.5;
const COARSE_CLIP = 5;
const YAW_UNIT_RAD = 0.1;

export function stateEstimate(truth: Truth): Float32Array {
  const { positionM, orientation } = truth.baseFromTool;
  const hasSocket = truth.holeM[2] > 0;
  const targetM = hasSocket ? truth.holeM : truth.baseFromObject.positionM;
  const targetYaw = hasSocket ? truth.socketYawRad : yawOf(truth.baseFromObject.orientation);
  const offset = rotateInto(orientation, subtract(targetM, positionM));
  const estimate = new Float32Array(STATE_ESTIMATE_SIZE);
  for (const axis of [0, 1, 2] as const) {
    const nominal = axis === 2 && hasSocket ? NOMINAL_TIP_BELOW_TOOL_M : 0;
    const seenM = offset[axis] - nominal;
    estimate[axis] = clamp(seenM / COARSE_M, COARSE_CLIP);
    estimate[3 + axis] = clamp(seenM / FINE_M[axis], FINE_CLIP);
  }
  // The error is about the tool's z axis, which points down.
  const yawError = wrapQuarterTurn(yawOf(orientation) - targetYaw);
  estimate[6] = clamp(yawError / YAW_UNIT_RAD, COARSE_CLIP);
  return estimate;
}
