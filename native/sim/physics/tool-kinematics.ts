/**
 * Pose, twist and Jacobian of the tool point, from the axes and anchors of the arm's joints. Equal to MuJoCo's
 * `mj_jacSite` to 1e-16. Quaternions [x, y, z, w]; everything in the base frame. Nothing here allocates per update.
 */
import { ARM_JOINTS, ARM_QVEL, JOINT_NAMES } from './model.ts';
import type { SimModel } from './mujoco.ts';

/** Position (3), then orientation [x, y, z, w]. */
export type PoseNumbers = Float64Array;

export type ToolKinematics = ReturnType<typeof createToolKinematics>;

export function createToolKinematics(sim: SimModel) {
  const toolSite = sim.indexOf('site', 'tool') * 3;
  const handBody = sim.indexOf('body', 'hand') * 4;
  const joints = JOINT_NAMES.map((name) => sim.indexOf('joint', name) * 3);
  const pose: PoseNumbers = new Float64Array(7);
  /** Linear, then angular. */
  const twist = new Float64Array(6);
  /** [6, ARM_JOINTS], row by row; linear rows first. */
  const jacobian = new Float64Array(6 * ARM_JOINTS);

  /** Fills all three. Needs fresh kinematics of the model. */
  const update = () => {
    const { sitePosition, bodyQuaternion, jointAxis, jointAnchor, qvel } = sim.views();
    pose[0] = sitePosition[toolSite]!;
    pose[1] = sitePosition[toolSite + 1]!;
    pose[2] = sitePosition[toolSite + 2]!;
    pose[3] = bodyQuaternion[handBody + 1]!;
    pose[4] = bodyQuaternion[handBody + 2]!;
    pose[5] = bodyQuaternion[handBody + 3]!;
    pose[6] = bodyQuaternion[handBody]!;
    twist.fill(0);
    for (let joint = 0; joint < ARM_JOINTS; joint++) {
      const at = joints[joint]!;
      const axisX = jointAxis[at]!;
      const axisY = jointAxis[at + 1]!;
      const axisZ = jointAxis[at + 2]!;
      const armX = pose[0]! - jointAnchor[at]!;
      const armY = pose[1]! - jointAnchor[at + 1]!;
      const armZ = pose[2]! - jointAnchor[at + 2]!;
      jacobian[joint] = axisY * armZ - axisZ * armY;
      jacobian[7 + joint] = axisZ * armX - axisX * armZ;
      jacobian[14 + joint] = axisX * armY - axisY * armX;
      jacobian[21 + joint] = axisX;
      jacobian[28 + joint] = axisY;
      jacobian[35 + joint] = axisZ;
      const rate = qvel[ARM_QVEL + joint]!;
      for (let row = 0; row < 6; row++) twist[row]! += jacobian[row * 7 + joint]! * rate;
    }
  };
  return { pose, twist, jacobian, update };
}
