/**
 * Checks every measurement that enters the engine. A number that is not finite, or an incomplete picture, is a fault of
 * its sensor. It is reported, the arm holds, and nothing of the snapshot is stored or shown to a policy.
 */
import type { Snapshot } from '../../../native/device.ts';
import { allFinite, findNotFinite, type NamedNumbers } from '../../api/finite.ts';
import type { Pose } from '../../api/geometry.ts';

const RGB = 3;
/** Smallest length of a quaternion. A shorter one is no orientation, and poses relative to it would not be finite. */
const LEAST_QUATERNION = 0.5;

function* readings({ state, tactile, stateEstimate }: Snapshot): Generator<NamedNumbers> {
  const { positionM, orientation } = state.baseFromTool;
  yield ["the arm's clock", [state.timeMs]];
  yield ["the arm's pose", [...positionM, ...orientation]];
  yield ["the arm's velocity", state.twistInTool];
  yield ['the force sensor', state.wrenchInTool];
  yield ['the joint sensors', state.jointPositionsRad];
  yield ['the gripper', [state.gripperOpeningM]];
  for (const { pad, forceN, total } of tactile) {
    yield [`tactile pad ${pad}`, forceN];
    yield [`tactile pad ${pad}`, total];
  }
  if (stateEstimate) yield ["the simulator's state estimate", stateEstimate];
}

export interface SensorFault {
  /** For example "tactile pad left". */
  readonly sensor: string;
  readonly reading: string;
}

/** Returns the first sensor of a snapshot whose reading cannot be used; `undefined` when all can. */
export function findSensorFault(snapshot: Snapshot): SensorFault | undefined {
  const found = findNotFinite(readings(snapshot));
  if (found) return { sensor: found.name, reading: `reads ${found.value}; expected a finite number` };
  const turn = Math.hypot(...snapshot.state.baseFromTool.orientation);
  if (turn < LEAST_QUATERNION)
    return { sensor: "the arm's pose", reading: `has an orientation of length ${turn.toFixed(2)}; expected 1` };
  for (const { camera, widthPx, heightPx, rgb } of snapshot.frames) {
    const expected = RGB * widthPx * heightPx;
    if (rgb.length !== expected)
      return { sensor: `camera ${camera}`, reading: `gives a picture of ${rgb.length} bytes; expected ${expected}` };
  }
  return undefined;
}

/**
 * Throws when the pose after a reset is not finite, because the reset has then failed. Every observation of an episode
 * is relative to this pose.
 */
export function expectFinitePose({ positionM, orientation }: Pose): void {
  if (!allFinite([...positionM, ...orientation]))
    throw new Error('the arm measures a pose that is not a finite number');
}
