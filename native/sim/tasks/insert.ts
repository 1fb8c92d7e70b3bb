/**
 * The task `insert`: put the peg in the hand into the hole nearby. Episodes start from grasps of the pool, with the
 * socket within ±30 mm of the tip and the tip about 25–45 mm above the rim. 0.5 mm clearance a side, no chamfer. The
 * gripper stays closed.
 */
import type { Rng } from '../../../main/api/rng.ts';
import { FINGER_QPOS, OBJECT_QPOS } from '../physics/model.ts';
import { type Physics, readReadings } from '../physics/physics.ts';
import { READING } from '../physics/readings.ts';
import { graspPool, poseFromGrasp } from './grasp-pool.ts';
import {
  isInserted,
  remainingToInsertM,
  type SimTask,
  SUCCESS_LATERAL_M,
  sceneRng,
  seedRangeOf,
  settle,
} from './task.ts';

const SOCKET_SPREAD_M = 0.03;
const REACH_M = 0.07;
/** A peg at least this far off the tool's axis, with its tip below this height, has fallen. */
const LOST_OFFSET_M = 0.04;
const LOST_HEIGHT_M = 0.02;
const PARTLY_INSERTED_M = 0.009;

/** Places the socket below the peg's tip, with a spread. */
export function placeSocketNearTip(physics: Physics, rng: Rng): void {
  const readings = readReadings(physics);
  const xM = readings[READING.tip]! + rng.range(-SOCKET_SPREAD_M, SOCKET_SPREAD_M);
  const yM = readings[READING.tip + 1]! + rng.range(-SOCKET_SPREAD_M, SOCKET_SPREAD_M);
  physics.placeSocket({ xM, yM, yawRad: 0 });
}

export const insertTask: SimTask = {
  id: 'insert',
  object: 'peg',
  arrange: (physics, seed) => {
    const rng = sceneRng(seed);
    const pool = graspPool(seedRangeOf(seed));
    const grasp = pool[rng.integer(pool.length)]!;
    physics.arrange({
      armRad: grasp.slice(7, 14),
      fingerM: grasp[FINGER_QPOS]!,
      gripper: 'close',
      baseFromObject: poseFromGrasp(grasp, OBJECT_QPOS),
      socket: undefined,
    });
    settle(physics);
    placeSocketNearTip(physics, rng);
  },
  outcome: (truth) => {
    const [toolX, toolY] = truth.baseFromTool.positionM;
    const offsetM = Math.hypot(truth.tipM[0] - toolX, truth.tipM[1] - toolY);
    const inHole = truth.lateralErrorM < SUCCESS_LATERAL_M && truth.depthM > PARTLY_INSERTED_M;
    const success = isInserted(truth);
    return {
      success,
      failed: !success && !inHole && truth.tipM[2] < LOST_HEIGHT_M && offsetM > LOST_OFFSET_M,
      remainingM: remainingToInsertM(truth),
    };
  },
  workspace: ([x, y]) => ({
    lowM: [x - REACH_M, y - REACH_M, 0.03],
    highM: [x + REACH_M, y + REACH_M, 0.15],
  }),
};
