/**
 * Cartesian impedance control of the tool point, as SERL's controller has it. A clipped spring and a damper become
 * joint torques by the Jacobian's transpose; gravity compensation and a posture torque in the Jacobian's nullspace are
 * added. The set-point moves linearly from its present pose to the commanded one, over the ramp of the command. Nothing
 * here allocates per substep.
 */
import type { Pose } from '../../../main/api/geometry.ts';
import { ARM_JOINTS, ARM_QPOS, ARM_QVEL, HOME_RAD, JOINT_TORQUE_LIMIT_NM } from './model.ts';
import type { SimModel, SimViews } from './mujoco.ts';
import { createToolKinematics, type PoseNumbers, type ToolKinematics } from './tool-kinematics.ts';

const STIFFNESS_N_PER_M = 2000;
const DAMPING_N_SEC_PER_M = 89;
const STIFFNESS_NM_PER_RAD = 150;
const DAMPING_NM_SEC_PER_RAD = 7;
const ERROR_CLIP_M = 0.02;
const ERROR_CLIP_RAD = 0.1;
const POSTURE_STIFFNESS = 10;
const POSTURE_DAMPING = Math.sqrt(POSTURE_STIFFNESS);
/** Keeps the nullspace projection finite near a singular posture. */
const PROJECTION_DAMPING = 1e-3;

export type ImpedanceController = ReturnType<typeof createImpedanceController>;

export function createImpedanceController(sim: SimModel) {
  const tool = createToolKinematics(sim);
  const setPoint = createSetPoint(sim.timestepSec);
  const posture = createPosture(tool.jacobian);
  const force = new Float64Array(6);
  return {
    /** Moves the set-point from its present pose to the target, over a ramp in seconds. */
    setTarget: setPoint.moveTo,
    /** Makes the measured pose the set-point, at once. Needs fresh kinematics. */
    hold: () => {
      tool.update();
      setPoint.holdAt(tool.pose);
    },
    /** Advances the set-point by one substep and writes the arm's torques to `ctrl`. Needs fresh kinematics. */
    control: () => {
      tool.update();
      setPoint.advance();
      computeForce(setPoint.pose, tool, force);
      const views = sim.views();
      const postureTorque = posture.torque(views);
      const { ctrl, qfrcBias } = views;
      for (let joint = 0; joint < ARM_JOINTS; joint++) {
        let torque = qfrcBias[ARM_QVEL + joint]! + postureTorque[joint]!;
        for (let row = 0; row < 6; row++) torque += tool.jacobian[row * 7 + joint]! * force[row]!;
        const limit = JOINT_TORQUE_LIMIT_NM[joint]!;
        ctrl[joint] = Math.max(-limit, Math.min(limit, torque));
      }
    },
    /** Returns the tool's pose and twist at the model's present kinematics. */
    measure: () => {
      tool.update();
      return tool;
    },
    save: setPoint.save,
    restore: setPoint.restore,
  };
}

/** The pose that the spring pulls to. It moves along a straight line; its quaternion is interpolated and normalised. */
function createSetPoint(timestepSec: number) {
  // Start pose [7], goal pose [7], set-point [7], ramp length, time in the ramp: one block, so that saving is a copy.
  const memory = new Float64Array(23);
  const start = memory.subarray(0, 7);
  const goal = memory.subarray(7, 14);
  const pose = memory.subarray(14, 21);
  const RAMP = 21;
  const ELAPSED = 22;
  return {
    pose,
    moveTo: (target: Pose, rampSec: number) => {
      start.set(pose);
      goal.set(target.positionM, 0);
      goal.set(target.orientation, 3);
      memory[RAMP] = rampSec;
      memory[ELAPSED] = 0;
    },
    holdAt: (measured: PoseNumbers) => {
      pose.set(measured);
      start.set(measured);
      goal.set(measured);
      memory[RAMP] = 0;
      memory[ELAPSED] = 0;
    },
    advance: () => {
      memory[ELAPSED] = memory[ELAPSED]! + timestepSec;
      const fraction = memory[RAMP]! > 0 ? Math.min(1, memory[ELAPSED]! / memory[RAMP]!) : 1;
      for (let axis = 0; axis < 3; axis++) pose[axis] = start[axis]! + (goal[axis]! - start[axis]!) * fraction;
      const dot = start[3]! * goal[3]! + start[4]! * goal[4]! + start[5]! * goal[5]! + start[6]! * goal[6]!;
      const sign = dot < 0 ? -1 : 1;
      let squared = 0;
      for (let part = 3; part < 7; part++) {
        const value = start[part]! + (sign * goal[part]! - start[part]!) * fraction;
        pose[part] = value;
        squared += value * value;
      }
      const scale = 1 / Math.sqrt(squared);
      for (let part = 3; part < 7; part++) pose[part]! *= scale;
    },
    save: () => memory.slice(),
    restore: (state: Float64Array) => memory.set(state),
  };
}

/** Writes the clipped spring's and the damper's force and torque on the tool. */
function computeForce(setPoint: PoseNumbers, { pose: measured, twist }: ToolKinematics, force: Float64Array): void {
  // Rotation from measured to set-point: set-point times the conjugate of measured, as a rotation vector.
  const [ax, ay, az, aw] = [setPoint[3]!, setPoint[4]!, setPoint[5]!, setPoint[6]!];
  const [bx, by, bz, bw] = [-measured[3]!, -measured[4]!, -measured[5]!, measured[6]!];
  const ex = aw * bx + ax * bw + ay * bz - az * by;
  const ey = aw * by - ax * bz + ay * bw + az * bx;
  const ez = aw * bz + ax * by - ay * bx + az * bw;
  const ew = aw * bw - ax * bx - ay * by - az * bz;
  const sine = Math.sqrt(ex * ex + ey * ey + ez * ez);
  const factor = sine > 1e-9 ? ((ew < 0 ? -1 : 1) * 2 * Math.atan2(sine, Math.abs(ew))) / sine : 0;
  for (let axis = 0; axis < 3; axis++) {
    const errorM = Math.max(-ERROR_CLIP_M, Math.min(ERROR_CLIP_M, setPoint[axis]! - measured[axis]!));
    force[axis] = STIFFNESS_N_PER_M * errorM - DAMPING_N_SEC_PER_M * twist[axis]!;
    const error = (axis === 0 ? ex : axis === 1 ? ey : ez) * factor;
    const errorRad = Math.max(-ERROR_CLIP_RAD, Math.min(ERROR_CLIP_RAD, error));
    force[3 + axis] = STIFFNESS_NM_PER_RAD * errorRad - DAMPING_NM_SEC_PER_RAD * twist[3 + axis]!;
  }
}

/** The torque that pulls the arm to its home posture without moving the tool: (I − Jᵀ(JJᵀ)⁻¹J) τ. */
function createPosture(jacobian: Float64Array) {
  const gram = new Float64Array(36);
  const posture = new Float64Array(ARM_JOINTS);
  const projected = new Float64Array(6);
  return {
    /** Returns one torque per joint, in an array that the next call overwrites. */
    torque: ({ qpos, qvel }: SimViews): Float64Array => {
      for (let row = 0; row < 6; row++) {
        for (let column = 0; column <= row; column++) {
          let sum = row === column ? PROJECTION_DAMPING : 0;
          for (let joint = 0; joint < ARM_JOINTS; joint++)
            sum += jacobian[row * 7 + joint]! * jacobian[column * 7 + joint]!;
          gram[row * 6 + column] = sum;
        }
      }
      for (let joint = 0; joint < ARM_JOINTS; joint++) {
        const error = HOME_RAD[joint]! - qpos[ARM_QPOS + joint]!;
        posture[joint] = POSTURE_STIFFNESS * error - POSTURE_DAMPING * qvel[ARM_QVEL + joint]!;
      }
      for (let row = 0; row < 6; row++) {
        let sum = 0;
        for (let joint = 0; joint < ARM_JOINTS; joint++) sum += jacobian[row * 7 + joint]! * posture[joint]!;
        projected[row] = sum;
      }
      choleskySolve(gram, projected);
      for (let joint = 0; joint < ARM_JOINTS; joint++) {
        let sum = posture[joint]!;
        for (let row = 0; row < 6; row++) sum -= jacobian[row * 7 + joint]! * projected[row]!;
        posture[joint] = sum;
      }
      return posture;
    },
  };
}

/** Solves A x = b for a symmetric positive 6×6 A given by its lower triangle; both are overwritten. */
function choleskySolve(matrix: Float64Array, vector: Float64Array): void {
  const size = 6;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column]!;
      for (let k = 0; k < column; k++) sum -= matrix[row * size + k]! * matrix[column * size + k]!;
      matrix[row * size + column] = row === column ? Math.sqrt(sum) : sum / matrix[column * size + column]!;
    }
  }
  for (let row = 0; row < size; row++) {
    let sum = vector[row]!;
    for (let k = 0; k < row; k++) sum -= matrix[row * size + k]! * vector[k]!;
    vector[row] = sum / matrix[row * size + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = vector[row]!;
    for (let k = row + 1; k < size; k++) sum -= matrix[k * size + row]! * vector[k]!;
    vector[row] = sum / matrix[row * size + row]!;
  }
}
