/**
 * The 27 numbers of one instant that a policy reads, in the order and units of `PROPRIOCEPTION_FIELDS`: relative to
 * the reset pose, scaled and clipped; the position is compressed instead. The policy process stacks two of them.
 */

import type { RobotState } from '../../../native/device.ts';
import { type Pose, relativePose, toRotationVector } from '../../api/geometry.ts';
import {
  FAR_POSITION_UNIT_M,
  PROPRIOCEPTION_CLIP,
  PROPRIOCEPTION_FIELDS,
  PROPRIOCEPTION_SIZE,
  type TactileFrame,
} from '../../api/observation.ts';

/** Normal force that reads as zero. A held peg presses with about this force. */
const NORMAL_FORCE_OFFSET_N = 30;
const NORMAL_FORCE_UNIT_N = 30;
const SHEAR_UNIT_N = 10;
const TORSION_UNIT_NM = 0.1;

const unitOf = (name: (typeof PROPRIOCEPTION_FIELDS)[number]['name']) =>
  PROPRIOCEPTION_FIELDS.find((field) => field.name === name)?.unit ?? 1;

/** Returns a distance along one axis in units of the position. */
function positionUnits(distanceM: number): number {
  const near = distanceM / unitOf('position');
  const beyond = Math.abs(near) - PROPRIOCEPTION_CLIP;
  if (beyond <= 0) return near;
  return Math.sign(near) * (PROPRIOCEPTION_CLIP + (beyond * unitOf('position')) / FAR_POSITION_UNIT_M);
}

export function proprioception(state: RobotState, tactile: readonly TactileFrame[], reset: Pose): Float32Array {
  const relative = relativePose(reset, state.baseFromTool);
  const numbers = new Float32Array(PROPRIOCEPTION_SIZE);
  let next = 0;
  const put = (values: readonly number[], unit: number) => {
    for (const value of values)
      numbers[next++] = Math.min(PROPRIOCEPTION_CLIP, Math.max(-PROPRIOCEPTION_CLIP, value / unit));
  };
  for (const distanceM of relative.positionM) numbers[next++] = positionUnits(distanceM);
  put(toRotationVector(relative.orientation), unitOf('rotation'));
  put(state.twistInTool.slice(0, 3), unitOf('linearVelocity'));
  put(state.twistInTool.slice(3, 6), unitOf('angularVelocity'));
  put(state.wrenchInTool.slice(0, 3), unitOf('force'));
  put(state.wrenchInTool.slice(3, 6), unitOf('torque'));
  put([state.gripperOpeningM], unitOf('gripper'));
  for (const [index, side] of (['left', 'right'] as const).entries()) {
    const pad = tactile.find((candidate) => candidate.pad === side) ?? tactile[index];
    const [normalN, shearXN, shearZN, torsionNm] = pad?.total ?? [0, 0, 0, 0];
    put([normalN - NORMAL_FORCE_OFFSET_N], NORMAL_FORCE_UNIT_N);
    put([shearXN, shearZN], SHEAR_UNIT_N);
    put([torsionNm], TORSION_UNIT_NM);
  }
  return numbers;
}
