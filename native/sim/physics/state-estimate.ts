/**
 * Hole and object as the simulator knows them, for the `state` control experiment. It is the upper bound that learning
 * from pixels is compared with, so it has neither bias nor noise. For each of the two it holds the offset from the tool, in
 * the tool frame: three numbers per 0.1 m, three per 20 mm, three per 3 mm (z: per 5 mm), each clipped, then the yaw error per
 * 0.1 rad. The hole's offset is zero when the tip of a well-grasped peg is at the rim. Without a socket its numbers are zero.
 */
import { subtract, type Vec3 } from '../../../main/api/geometry.ts';
import { STATE_ESTIMATE_SIZE } from '../../../main/api/observation.ts';
import { clamp, rotateInto, wrapQuarterTurn, yawOf } from './frames.ts';
import { NOMINAL_TIP_BELOW_TOOL_M } from './model.ts';
import type { Truth } from './readings.ts';

const SCALES = [
  { unitM: [0.1, 0.1, 0.1], clip: 5 },
  { unitM: [0.02, 0.02, 0.02], clip: 5 },
  { unitM: [0.003, 0.003, 0.005], clip: 1.5 },
] as const;
const YAW_UNIT_RAD = 0.1;
const YAW_CLIP = 5;

export function stateEstimate(truth: Truth): Float32Array {
  const { positionM, orientation } = truth.baseFromTool;
  const seen = (targetM: Vec3, targetYawRad: number, nominalM: number): number[] => {
    const [x, y, z] = rotateInto(orientation, subtract(targetM, positionM));
    const offset = [x, y, z - nominalM];
    const scaled = SCALES.flatMap(({ unitM, clip }) => unitM.map((unit, axis) => clamp(offset[axis]! / unit, clip)));
    // The error is about the tool's z axis, which points down.
    const yawError = wrapQuarterTurn(yawOf(orientation) - targetYawRad);
    return [...scaled, clamp(yawError / YAW_UNIT_RAD, YAW_CLIP)];
  };
  const hasSocket = truth.holeM[2] > 0;
  const hole = hasSocket ? seen(truth.holeM, truth.socketYawRad, NOMINAL_TIP_BELOW_TOOL_M) : undefined;
  const object = seen(truth.baseFromObject.positionM, yawOf(truth.baseFromObject.orientation), 0);
  const none = new Array<number>(STATE_ESTIMATE_SIZE / 2).fill(0);
  return Float32Array.from([...(hole ?? none), ...object]);
}
