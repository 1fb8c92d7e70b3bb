/**
 * Inverse kinematics for posing the arm without dynamics: damped least squares on the tool's pose, seven joints. It
 * starts from the home posture, turned towards the target. Equal targets therefore give equal postures close to home,
 * where the running cell's posture control keeps the arm as well.
 */
import { Quaternion } from 'three';
import type { Pose } from '../../../main/api/geometry.ts';
import { ARM_JOINTS, ARM_QPOS, cellXml, HOME_RAD } from '../physics/model.ts';
import { createSimModel, type Mujoco } from '../physics/mujoco.ts';
import { createToolKinematics } from '../physics/tool-kinematics.ts';

const ITERATIONS = 16;
const DAMPING = 1e-6;
/** Length of the error in metres and radians together. */
const TOLERANCE = 1e-7;
const ACCEPTED_ERROR = 1e-4;

export type ArmSolver = ReturnType<typeof createArmSolver>;

export function createArmSolver(mujoco: Mujoco) {
  const sim = createSimModel(mujoco, cellXml('peg'));
  const tool = createToolKinematics(sim);
  const { jacobian } = tool;
  const error = new Float64Array(6);
  const turn = new Quaternion();
  const measured = new Quaternion();

  /** Fills `error` and the Jacobian at the current joint angles. Returns the length of the error. */
  const evaluate = (target: Pose): number => {
    sim.stepOne();
    tool.update();
    const { pose } = tool;
    measured.set(-pose[3]!, -pose[4]!, -pose[5]!, pose[6]!);
    turn.set(...target.orientation).multiply(measured);
    const sign = turn.w < 0 ? -2 : 2;
    for (const axis of [0, 1, 2] as const) error[axis] = target.positionM[axis] - pose[axis]!;
    error[3] = sign * turn.x;
    error[4] = sign * turn.y;
    error[5] = sign * turn.z;
    return Math.hypot(...error);
  };

  return {
    /** Returns joint angles that bring the tool there; `undefined` when the arm cannot reach it. */
    solve: (target: Pose): number[] | undefined => {
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

/** Solves (J Jᵀ + damping) x = e by elimination. The matrix is symmetric and positive, so it needs no pivoting. */
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
