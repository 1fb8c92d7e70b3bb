/** The task `lift`: grasp a 40 mm block that lies within ±30 mm, turned by up to 0.4 rad, and lift it by 100 mm. */
import { yawOrientation } from '../physics/frames.ts';
import { BLOCK_HALF_WIDTH_M, FINGER_OPEN_M } from '../physics/model.ts';
import { homePosture, type SimTask, sceneRng, settle, toolToObjectM } from './task.ts';

const SPREAD_M = 0.03;
const BLOCK_YAW_RAD = 0.4;
const LIFTED_M = BLOCK_HALF_WIDTH_M + 0.1;

export const liftTask: SimTask = {
  id: 'lift',
  object: 'block',
  arrange: (physics, seed) => {
    const rng = sceneRng(seed);
    physics.arrange({
      armRad: homePosture(rng),
      fingerM: FINGER_OPEN_M,
      gripper: 'open',
      socket: undefined,
      baseFromObject: {
        positionM: [0.48 + rng.range(-SPREAD_M, SPREAD_M), -0.05 + rng.range(-SPREAD_M, SPREAD_M), BLOCK_HALF_WIDTH_M],
        orientation: yawOrientation(rng.range(-BLOCK_YAW_RAD, BLOCK_YAW_RAD)),
      },
    });
    settle(physics);
  },
  outcome: (truth) => {
    const height = truth.baseFromObject.positionM[2];
    return {
      success: height > LIFTED_M,
      failed: height < -0.02,
      remainingM: Math.max(0, LIFTED_M - height) + toolToObjectM(truth),
    };
  },
  workspace: () => ({ lowM: [0.34, -0.24, 0.015], highM: [0.66, 0.24, 0.45] }),
};
