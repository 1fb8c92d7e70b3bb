/** Reads the model's state out into the flat blocks that cross threads: readings, and poses for pictures. */
import { Quaternion, Vector3 } from 'three';
import type { ScenePoses } from '../../device.ts';
import type { ImpedanceController } from './impedance.ts';
import {
  ARM_JOINTS,
  ARM_QPOS,
  FINGER_QPOS,
  type LooseObject,
  OBJECT_QPOS,
  PARKED_HEIGHT_M,
  SCENE_BODIES,
} from './model.ts';
import type { SimModel } from './mujoco.ts';
import { READING } from './readings.ts';
import type { Sensing } from './sensing.ts';

/** Returns a function that fills a block of readings. It needs fresh kinematics and allocates nothing of size. */
export function createReadingsReader(sim: SimModel, controller: ImpedanceController, sensing: Sensing) {
  const tipSite = sim.indexOf('site', 'tip') * 3;
  const holeSite = sim.indexOf('site', 'hole') * 3;
  const vector = new Vector3();
  const toolFromBase = new Quaternion();

  const writeInTool = (readings: Float64Array, at: number, source: Float64Array, from: number) => {
    vector.set(source[from]!, source[from + 1]!, source[from + 2]!).applyQuaternion(toolFromBase);
    readings[at] = vector.x;
    readings[at + 1] = vector.y;
    readings[at + 2] = vector.z;
  };

  return (readings: Float64Array, socketYawRad: number, simTimeSec: number): void => {
    const { pose, twist } = controller.measure();
    readings.set(pose, READING.toolPose);
    toolFromBase.set(-pose[3]!, -pose[4]!, -pose[5]!, pose[6]!);
    writeInTool(readings, READING.twistInTool, twist, 0);
    writeInTool(readings, READING.twistInTool + 3, twist, 3);
    writeInTool(readings, READING.wrenchInTool, sensing.wrench, 0);
    writeInTool(readings, READING.wrenchInTool + 3, sensing.wrench, 3);
    const { qpos, sitePosition } = sim.views();
    for (let joint = 0; joint < ARM_JOINTS; joint++) readings[READING.joints + joint] = qpos[ARM_QPOS + joint]!;
    readings[READING.opening] = (qpos[FINGER_QPOS]! + qpos[FINGER_QPOS + 1]!) / 2;
    readings.set(sensing.padTotals, READING.padTotals);
    for (let axis = 0; axis < 3; axis++) {
      readings[READING.tip + axis] = sitePosition[tipSite + axis]!;
      readings[READING.hole + axis] = sitePosition[holeSite + axis]!;
      readings[READING.objectPose + axis] = qpos[OBJECT_QPOS + axis]!;
      readings[READING.objectPose + 3 + axis] = qpos[OBJECT_QPOS + 4 + axis]!;
    }
    readings[READING.objectPose + 6] = qpos[OBJECT_QPOS + 3]!;
    readings[READING.socketYaw] = socketYawRad;
    readings[READING.contactForce] = Math.hypot(sensing.wrench[0]!, sensing.wrench[1]!, sensing.wrench[2]!);
    readings[READING.simTimeSec] = simTimeSec;
  };
}

/** Returns a function that fills the poses of everything that a picture shows. It needs fresh kinematics. */
export function createScenePoseReader(sim: SimModel, object: LooseObject) {
  const bodies = SCENE_BODIES.map((name) => {
    if (name === 'world') return 0;
    if (name === 'peg' || name === 'block') return name === object ? sim.indexOf('body', 'object') : -1;
    return sim.indexOf('body', name);
  });
  return (poses: ScenePoses): void => {
    const { bodyPosition, bodyQuaternion } = sim.views();
    for (let index = 0; index < bodies.length; index++) {
      const body = bodies[index]!;
      const at = index * 7;
      if (body < 0) {
        poses.fill(0, at, at + 6);
        poses[at + 2] = PARKED_HEIGHT_M;
        poses[at + 6] = 1;
        continue;
      }
      poses[at] = bodyPosition[body * 3]!;
      poses[at + 1] = bodyPosition[body * 3 + 1]!;
      poses[at + 2] = bodyPosition[body * 3 + 2]!;
      poses[at + 3] = bodyQuaternion[body * 4 + 1]!;
      poses[at + 4] = bodyQuaternion[body * 4 + 2]!;
      poses[at + 5] = bodyQuaternion[body * 4 + 3]!;
      poses[at + 6] = bodyQuaternion[body * 4]!;
    }
  };
}
