/**
 * Hole, object and held peg as the simulator knows them, for the `state` control experiment. It is the upper bound that learning
 * from pixels is compared with, so it has neither bias nor noise. For the hole and the object it holds an offset in the tool
 * frame: three numbers per 0.1 m, three per 20 mm, three per 3 mm (z: per 5 mm), each clipped, then the yaw error per 0.1 rad.
 * The object's offset is from the tool. The hole's is from the tip of the held peg, or of a well-held one while none is held.
 * Two numbers tell the held peg's tilt against the tool, per 0.05 rad. Numbers of what is not there are zero.
 */
import { rotateByUnit, subtract, type Vec3 } from '../../../main/api/geometry.ts';
import { STATE_ESTIMATE_SIZE } from '../../../main/api/observation.ts';
import { clamp, rotateInto, wrapQuarterTurn, yawOf } from './frames.ts';
import { isInHand } from './in-hand.ts';
import { NOMINAL_TIP_BELOW_TOOL_M } from './model.ts';
import type { Truth } from './readings.ts';

const SCALES = [
  { unitM: [0.1, 0.1, 0.1], clip: 5 },
  { unitM: [0.02, 0.02, 0.02], clip: 5 },
  { unitM: [0.003, 0.003, 0.005], clip: 1.5 },
] as const;
const YAW_UNIT_RAD = 0.1;
const YAW_CLIP = 5;
const TILT_UNIT_RAD = 0.05;
const TILT_CLIP = 5;
const TILT_NUMBERS = 2;
const PLACE_NUMBERS = (STATE_ESTIMATE_SIZE - TILT_NUMBERS) / 2;

export function stateEstimate(truth: Truth): Float32Array {
  const { positionM, orientation } = truth.baseFromTool;
  const inTool = (targetM: Vec3): Vec3 => rotateInto(orientation, subtract(targetM, positionM));
  const seen = (targetM: Vec3, targetYawRad: number, originM: Vec3): number[] => {
    const offset = subtract(inTool(targetM), originM);
    const scaled = SCALES.flatMap(({ unitM, clip }) => unitM.map((unit, axis) => clamp(offset[axis]! / unit, clip)));
    // The error is about the tool's z axis, which points down.
    const yawError = wrapQuarterTurn(yawOf(orientation) - targetYawRad);
    return [...scaled, clamp(yawError / YAW_UNIT_RAD, YAW_CLIP)];
  };
  const hasSocket = truth.holeM[2] > 0;
  const pegInHand = hasSocket && isInHand(truth, 'peg');
  const tip: Vec3 = pegInHand ? inTool(truth.tipM) : [0, 0, NOMINAL_TIP_BELOW_TOOL_M];
  const hole = hasSocket ? seen(truth.holeM, truth.socketYawRad, tip) : new Array<number>(PLACE_NUMBERS).fill(0);
  const object = seen(truth.baseFromObject.positionM, yawOf(truth.baseFromObject.orientation), [0, 0, 0]);
  return Float32Array.from([...hole, ...object, ...(pegInHand ? tiltOf(truth) : [0, 0])]);
}

/** Direction of the peg's axis across the tool's, x and y. */
function tiltOf({ baseFromTool, baseFromObject }: Truth): number[] {
  const [x, y, z] = rotateInto(baseFromTool.orientation, rotateByUnit(baseFromObject.orientation, [0, 0, -1]));
  const downward = z < 0 ? -1 : 1;
  return [x, y].map((component) => clamp((downward * component) / TILT_UNIT_RAD, TILT_CLIP));
}
