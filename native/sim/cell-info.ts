/** Description of the simulated cell, the same live and in lockstep. */
import type { SafetyLimits } from '../../main/api/limits.ts';
import type { RobotInfo } from '../device.ts';
import { CELL_SHAPES } from './camera/look.ts';
import { JOINT_NAMES } from './physics/model.ts';
import { TAXEL_ROWS } from './physics/tactile.ts';

export const CAMERA_SIZE_PX = 128;
/** Samples per pixel along each axis. */
export const CAMERA_SUPERSAMPLE = 2;

/** The cell's own limits; `SimTask.workspace` narrows the box during an episode. */
export const CELL_LIMITS: SafetyLimits = {
  workspaceLowM: [0.3, -0.3, 0.012],
  workspaceHighM: [0.7, 0.3, 0.5],
  maxTiltRad: 0.5,
  maxLinearMPerSec: 0.25,
  maxAngularRadPerSec: 1,
  maxSetPointLeadM: 0.02,
  maxSetPointLeadRad: 0.15,
  softForceN: 30,
  stopForceN: 60,
  maxStateAgeMs: 250,
  gripperRefractoryMs: 500,
};

export const CELL_INFO: RobotInfo = {
  name: 'Simulated cell',
  simulated: true,
  jointNames: JOINT_NAMES,
  limits: CELL_LIMITS,
  cameras: CELL_SHAPES.cameras.map(({ name }) => ({ name, widthPx: CAMERA_SIZE_PX, heightPx: CAMERA_SIZE_PX })),
  tactilePads: CELL_SHAPES.tactile.map(({ pad }) => ({ name: pad, rows: TAXEL_ROWS, columns: TAXEL_ROWS })),
  shapes: CELL_SHAPES,
};
