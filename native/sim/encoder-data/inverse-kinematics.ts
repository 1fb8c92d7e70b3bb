/**
 * Inverse kinematics for posing the arm without dynamics: damped least squares on the tool's pose, seven joints.
 * Starts from the home posture turned towards the target, so equal targets give equal postures close to home,
 * where the running cell's posture control keeps the arm as well.
 */
import { Quaternion } from 'three';
import type { Pose } from '../../../main/api/geometry.ts';
import { ARM_JOINTS, ARM_QPOS, cellXml, DEFAULT_CLEARANCE_M, HOME_RAD, JOINT_NAMES } from '../physics/model.ts';
import { createSimModel, type Mujoco } from '../physics/mujoco.ts';

const ITERATIONS = 16;
const DAMPING = 1e-6;
/** Metres and radians alike. */
const TOLERANCE = 1e-7;
const ACCEPTED_ERROR = 1e-4;

export interface ArmSolver {
  /** Joint angles that bring the tool there; undefined when the arm cannot. */
  solve(baseFromTool: Pose): number[] | undefined;
  dispose(): void;
}

export function createArmSolver(mujoco: Mujoco): ArmSolver {
  const sim = createSimModel(mujoco, cellXml({ physicsHz: 500, object: 'peg', clearanceM: DEFAULT_CLEARANCE_M }));
  const toolSite = sim.indexOf('site', 'tool') * 3;
  const handBody = sim.indexOf('body', 'hand') * 4;
  const joints = JOINT_NAMES.map((name) => sim.indexOf('joint', name) * 3);
  const jacobian = new Float64Array(6 * ARM_JOINTS);
  const error = new Float64Array(6);
  const turn = new Quaternion();
  const measured = new Quaternion();

  /** Error of the tool's pose at the current joint angles; fills `error` and `jacobian`. */
  const evaluate = (target: Pose): number => {
    sim.stepOne();
    const { sitePosition, bodyQuaternion, jointAxis, jointAnchor } = sim.views();
    const tool = [sitePosition[toolSite]!, sitePosition[toolSite + 1]!, sitePosition[toolSite + 2]!] as const;
    measured.set(
      -bodyQuaternion[handBody + 1]!,
      -bodyQuaternion[handBody + 2]!,
      -bodyQuaternion[handBody + 3]!,
      bodyQuaternion[handBody]!,
    );
    turn.set(...target.orientation).multiply(measured);
    const sign = turn.w < 0 ? -2 : 2;
    for (const axis of [0, 1, 2] as const) error[axis] = target.positionM[axis] - tool[axis];
    error[3] = sign * turn.x;
    error[4] = sign * turn.y;
    error[5] = sign * turn.z;
    joints.forEach((at, joint) => {
      const [axisX, axisY, axisZ] = [jointAxis[at]!, jointAxis[at + 1]!, jointAxis[at + 2]!];
      const armX = tool[0] - jointAnchor[at]!;
      const armY = tool[1] - jointAnchor[at + 1]!;
      const armZ = tool[2] - jointAnchor[at + 2]!;
      const column = [
        axisY * armZ - axisZ * armY,
        axisZ * armX - axisX * armZ,
        axisX * armY - axisY * armX,
        axisX,
        axisY,
        axisZ,
      ];
      for (let row = 0; row < 6; row++) jacobian[row * ARM_JOINTS + joint] = column[row]!;
    });
    return Math.hypot(...error);
  };

  return {
    solve: (target) => {
      const { qpos } = sim.views();
      qpos.set(HOME_RAD, ARM_QPOS);
      qpos[ARM_QPOS] = Math.atan2(target.positionM[1], target.positionM[0]);
      let remaining = evaluate(target);
      for (let iteration = 0; iteration < ITERATIONS && remaining > TOLERANCE; iteration++) {
        const pulled = solveGram(jacobian, error);
        for (let joint = 0; joint < ARM_JOINTS; joint++) {
          let step = 0;
          for (let row = 0; row < 6; row++) step += jacobian[row * ARM_JOINTS + joint]! * pulled[row]!;
          qpos[ARM_QPOS + joint]! += step;
        }
        remaining = evaluate(target);
      }
      return remaining < ACCEPTED_ERROR ? Array.from(qpos.subarray(ARM_QPOS, ARM_QPOS + ARM_JOINTS)) : undefined;
    },
    dispose: () => sim.dispose(),
  };
}

/** x of (J Jᵀ + damping) x = e, by elimination; the matrix is symmetric and positive, so no pivots are needed. */
function solveGram(jacobian: Float64Array, error: Float64Array): number[] {
  const rows = Array.from({ length: 6 }, (_, row) => [
    ...Array.from({ length: 6 }, (_, column) => {
      let sum = row === column ? DAMPING : 0;
      for (let joint = 0; joint < ARM_JOINTS; joint++)
        sum += jacobian[row * ARM_JOINTS + joint]! * jacobian[column * ARM_JOINTS + joint]!;
      return sum;
    }),
    error[row]!,
  ]);
  for (let pivot = 0; pivot < 6; pivot++) {
    for (let row = 0; row < 6; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!;
      for (let column = pivot; column < 7; column++) rows[row]![column]! -= factor * rows[pivot]![column]!;
    }
  }
  return rows.map((row, index) => row[6]! / row[index]!);
}
