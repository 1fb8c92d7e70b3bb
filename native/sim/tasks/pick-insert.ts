/**
 * The task `pick-insert`: pick the standing peg from the table and put it into the socket 20 cm away. It has failed
 * when the peg has toppled or left the table.
 */
import { yawOrientation } from '../physics/frames.ts';
import { FINGER_OPEN_M, PEG_LENGTH_M } from '../physics/model.ts';
import type { Truth } from '../physics/readings.ts';
import {
  homePosture,
  isInserted,
  remainingToInsertM,
  type SimTask,
  SUCCESS_DEPTH_M,
  sceneRng,
  settle,
  toolToObjectM,
} from './task.ts';

const SPREAD_M = 0.03;
const PEG_YAW_RAD = 0.15;
/** A peg tilted by more than this, below this height, lies on the table and cannot be picked up for the socket. */
const TOPPLED_RAD = 1;
const TOPPLED_HEIGHT_M = 0.03;
/** Further than the first from the hole's axis, the tip travels at the second height above the rim. */
const OVER_HOLE_M = 0.01;
const CARRY_HEIGHT_M = 0.02;

/** Returns the way that the tip has left: up to the height of travel, over the hole, and down. It falls along a good path. */
function tipWayM(truth: Truth): number {
  if (truth.lateralErrorM < OVER_HOLE_M) return remainingToInsertM(truth);
  const heightM = -truth.depthM;
  return truth.lateralErrorM + Math.max(0, CARRY_HEIGHT_M - heightM) + CARRY_HEIGHT_M + SUCCESS_DEPTH_M;
}

export const pickInsertTask: SimTask = {
  id: 'pick-insert',
  object: 'peg',
  arrange: (physics, seed) => {
    const rng = sceneRng(seed);
    const spread = () => rng.range(-SPREAD_M, SPREAD_M);
    physics.arrange({
      armRad: homePosture(rng),
      fingerM: FINGER_OPEN_M,
      gripper: 'open',
      socket: { xM: 0.52 + spread(), yM: 0.1 + spread(), yawRad: 0 },
      baseFromObject: {
        positionM: [0.48 + spread(), -0.1 + spread(), PEG_LENGTH_M / 2],
        orientation: yawOrientation(rng.range(-PEG_YAW_RAD, PEG_YAW_RAD)),
      },
    });
    settle(physics);
  },
  outcome: (truth) => {
    const success = isInserted(truth);
    const height = truth.baseFromObject.positionM[2];
    const toppled = truth.objectTiltRad > TOPPLED_RAD && height < TOPPLED_HEIGHT_M;
    return {
      success,
      failed: !success && (toppled || height < -0.02),
      remainingM: tipWayM(truth) + toolToObjectM(truth),
    };
  },
  workspace: () => ({ lowM: [0.34, -0.24, 0.02], highM: [0.66, 0.24, 0.45] }),
};
