/**
 * Peg-in-hand states that the scripted grasp reached in physics, in `grasp-pool.json`. The file is made by
 * `make-grasps.ts` and committed, because making it takes half a minute. Each range of seeds has its own pool, so that
 * no grasp is both trained and tested on. A grasp is MuJoCo's `qpos`: the object's pose [x, y, z, qw, qx, qy, qz],
 * seven joint angles, two finger positions.
 */
import type { Pose } from '../../../main/api/geometry.ts';
import type { SeedRange } from '../../../main/api/task.ts';
import pools from './grasp-pool.json' with { type: 'json' };

export type Grasp = readonly number[];

export const GRASPS_PER_POOL = 64;

export function graspPool(range: SeedRange): readonly Grasp[] {
  return pools[range];
}

export function poseFromGrasp(grasp: Grasp, at: number): Pose {
  return {
    positionM: [grasp[at]!, grasp[at + 1]!, grasp[at + 2]!],
    orientation: [grasp[at + 4]!, grasp[at + 5]!, grasp[at + 6]!, grasp[at + 3]!],
  };
}
