/**
 * Training scenes by pose alone, without dynamics: the situations of the tasks, spread more evenly and wider than any
 * policy spreads them. The tip's pose is drawn relative to the hole, and the arm follows by inverse kinematics.
 */
import { Quaternion, Vector3 } from 'three';
import type { Pose, Quaternion as QuaternionNumbers, Vec3 } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import { toolDown, yawOrientation } from '../physics/frames.ts';
import {
  BLOCK_HALF_WIDTH_M,
  FINGER_OPEN_M,
  HOLE_DEPTH_M,
  type LooseObject,
  objectHalfHeightM,
  PEG_HALF_WIDTH_M,
  PEG_LENGTH_M,
} from '../physics/model.ts';
import type { Arrangement } from '../physics/physics.ts';
import { drawToolPose } from './episode.ts';
import { composePoses, drawGrasp, type HeldPeg, invertPose } from './grasp.ts';
import type { ArmSolver } from './inverse-kinematics.ts';

/** Share of each situation among the posed scenes. */
const MODE_SHARES = {
  near: 0.2,
  rim: 0.13,
  jam: 0.08,
  inserted: 0.07,
  approach: 0.13,
  carry: 0.07,
  pick: 0.08,
  lift: 0.08,
  above: 0.07,
  'held-block': 0.06,
  toppled: 0.03,
} as const;
export type KinematicMode = keyof typeof MODE_SHARES;

interface KinematicScene {
  readonly object: LooseObject;
  readonly arrangement: Arrangement;
}

export function drawMode(rng: Rng): KinematicMode {
  let left = rng.uniform();
  for (const [mode, share] of Object.entries(MODE_SHARES)) {
    left -= share;
    // The entries' names are the keys of MODE_SHARES, but `Object.entries` returns strings.
    if (left < 0) return mode as KinematicMode;
  }
  return 'near';
}

/** Draws one scene. Returns `undefined` when the arm cannot reach it. */
export function drawKinematicScene(
  mode: KinematicMode,
  grasps: readonly HeldPeg[],
  solver: ArmSolver,
  rng: Rng,
): KinematicScene | undefined {
  const spread = (size: number) => rng.range(-size, size);
  const socket = { xM: 0.52 + spread(0.06), yM: 0.1 + spread(0.06), yawRad: 0 };
  switch (mode) {
    case 'near':
    case 'rim':
    case 'jam':
    case 'inserted':
    case 'approach': {
      const grasp = drawGrasp(grasps, rng);
      const tip = drawTip(mode, rng);
      const holeM: Vec3 = [socket.xM, socket.yM, HOLE_DEPTH_M];
      const baseFromTip: Pose = {
        positionM: [holeM[0] + tip.offsetM[0], holeM[1] + tip.offsetM[1], holeM[2] + tip.offsetM[2]],
        orientation: tip.orientation,
      };
      const baseFromObject = composePoses(baseFromTip, OBJECT_ABOVE_TIP);
      return heldScene(grasp, composePoses(baseFromObject, invertPose(grasp.toolFromObject)), socket, solver);
    }
    case 'carry':
      return heldScene(drawGrasp(grasps, rng), drawToolPose(rng, 0.08), socket, solver);
    case 'held-block':
      return heldBlock(solver, rng);
    case 'pick':
    case 'lift':
      return standingScene(mode, socket, solver, rng);
    case 'above':
    case 'toppled':
      return lyingAround(mode, socket, solver, rng);
    default:
      return mode satisfies never;
  }
}

/** Pose of the peg's frame from its tip: the frame is at the centre, half a length above the tip. */
const OBJECT_ABOVE_TIP: Pose = { positionM: [0, 0, PEG_LENGTH_M / 2], orientation: [0, 0, 0, 1] };

interface Tip {
  /** Offset from the hole at the rim, in base axes. */
  readonly offsetM: Vec3;
  /** Orientation of the peg, z up. */
  readonly orientation: QuaternionNumbers;
}

function drawTip(mode: 'near' | 'rim' | 'jam' | 'inserted' | 'approach', rng: Rng): Tip {
  const spread = (size: number) => rng.range(-size, size);
  const wide = rng.uniform() < 0.2;
  const tiltRad = wide ? 0.2 : 0.06;
  const free = (): QuaternionNumbers => upright(spread(wide ? 0.35 : 0.14), spread(tiltRad), spread(tiltRad));
  switch (mode) {
    case 'near':
      return { offsetM: [spread(0.008), spread(0.008), rng.range(0, 0.015)], orientation: free() };
    case 'rim': {
      const radius = rng.range(0.0004, 0.0055);
      const angle = rng.range(0, 2 * Math.PI);
      return {
        offsetM: [radius * Math.cos(angle), radius * Math.sin(angle), rng.range(-0.0003, 0.0006)],
        orientation: upright(spread(0.14), spread(0.06), spread(0.06)),
      };
    }
    case 'jam': {
      const depth = rng.range(0.0005, 0.009);
      const tilt = Math.min(0.06, 0.0007 / depth);
      return {
        offsetM: [spread(0.0008), spread(0.0008), -depth],
        orientation: upright(spread(0.05), spread(tilt), spread(tilt)),
      };
    }
    case 'inserted': {
      const depth = rng.range(0.002, HOLE_DEPTH_M - 0.001);
      const tilt = Math.min(0.03, 0.0008 / depth);
      return {
        offsetM: [spread(0.0005), spread(0.0005), -depth],
        orientation: upright(spread(0.03), spread(tilt), spread(tilt)),
      };
    }
    case 'approach':
      return { offsetM: [spread(0.07), spread(0.07), rng.range(0.005, 0.11)], orientation: free() };
    default:
      return mode satisfies never;
  }
}

function heldScene(
  grasp: HeldPeg,
  baseFromTool: Pose,
  socket: Arrangement['socket'],
  solver: ArmSolver,
): KinematicScene | undefined {
  const armRad = solver.solve(baseFromTool);
  if (!armRad) return undefined;
  const baseFromObject = composePoses(baseFromTool, grasp.toolFromObject);
  return {
    object: 'peg',
    arrangement: { armRad, fingerM: grasp.fingerM, gripper: 'close', baseFromObject, socket },
  };
}

/** Draws a block between the fingers, anywhere in the workspace of `lift`. */
function heldBlock(solver: ArmSolver, rng: Rng): KinematicScene | undefined {
  const spread = (size: number) => rng.range(-size, size);
  const toolFromObject: Pose = {
    positionM: [spread(0.012), spread(0.0006), spread(0.012)],
    orientation: turned([1, 0, 0, 0], spread(0.01), spread(0.12)),
  };
  const baseFromTool = drawToolPose(rng, 0.02 + rng.range(0, 0.05));
  const baseFromObject = composePoses(baseFromTool, toolFromObject);
  const armRad = baseFromObject.positionM[2] < BLOCK_HALF_WIDTH_M ? undefined : solver.solve(baseFromTool);
  if (!armRad) return undefined;
  const fingerM = BLOCK_HALF_WIDTH_M - rng.range(0, 0.0008);
  return { object: 'block', arrangement: { armRad, fingerM, gripper: 'close', baseFromObject, socket: undefined } };
}

/** Draws a scene with the hand around, or above, an object that stands on the table. */
function standingScene(
  mode: 'pick' | 'lift',
  socket: Arrangement['socket'],
  solver: ArmSolver,
  rng: Rng,
): KinematicScene | undefined {
  const spread = (size: number) => rng.range(-size, size);
  const object = mode === 'lift' ? 'block' : 'peg';
  const yawRad = spread(mode === 'lift' ? 0.6 : 0.3);
  const objectM = drawObjectPlace(object, rng);
  const lowestM = mode === 'lift' ? 0.02 : 0.043;
  const close = rng.uniform() < 0.4;
  const reach = close ? 0.005 : 0.035;
  const baseFromTool: Pose = {
    positionM: [
      objectM[0] + spread(reach),
      objectM[1] + spread(reach),
      lowestM + (close ? rng.range(0, 0.02) : rng.uniform() * rng.range(0, 0.16)),
    ],
    orientation: tilted(yawRad + spread(0.35), spread(0.05), spread(0.05)),
  };
  const armRad = solver.solve(baseFromTool);
  if (!armRad) return undefined;
  const baseFromObject = { positionM: objectM, orientation: yawOrientation(yawRad) };
  return looseScene(object, armRad, baseFromObject, socket, rng);
}

/** Draws a scene with the hand anywhere in the workspace and an object that stands, or has toppled. */
function lyingAround(
  mode: 'above' | 'toppled',
  socket: Arrangement['socket'],
  solver: ArmSolver,
  rng: Rng,
): KinematicScene | undefined {
  const object = mode === 'above' && rng.uniform() < 0.5 ? 'block' : 'peg';
  const armRad = solver.solve(drawToolPose(rng, mode === 'above' ? 0.12 : 0.06));
  if (!armRad) return undefined;
  const [x, y, half] = drawObjectPlace(object, rng);
  const baseFromObject: Pose =
    mode === 'toppled'
      ? {
          positionM: [x, y, PEG_HALF_WIDTH_M],
          orientation: turned(yawOrientation(rng.range(-Math.PI, Math.PI)), Math.PI / 2, 0),
        }
      : { positionM: [x, y, half], orientation: yawOrientation(rng.range(-0.6, 0.6)) };
  return looseScene(object, armRad, baseFromObject, socket, rng);
}

/** Draws where an object stands: wider than the tasks place it, because hands push objects. */
function drawObjectPlace(object: LooseObject, rng: Rng): Vec3 {
  const [x, y] = [0.48 + rng.range(-0.055, 0.055), (object === 'block' ? -0.05 : -0.1) + rng.range(-0.055, 0.055)];
  return [x, y, objectHalfHeightM(object)];
}

function looseScene(
  object: LooseObject,
  armRad: number[],
  baseFromObject: Pose,
  socket: Arrangement['socket'],
  rng: Rng,
): KinematicScene {
  const narrowestM = object === 'block' ? BLOCK_HALF_WIDTH_M + 0.0006 : 0.0085;
  const fingerM = rng.uniform() < 0.6 ? FINGER_OPEN_M : rng.range(narrowestM, FINGER_OPEN_M);
  return {
    object,
    arrangement: {
      ...{ armRad, fingerM, baseFromObject },
      gripper: 'open',
      socket: object === 'block' ? undefined : socket,
    },
  };
}

/** Returns the orientation of a standing peg, turned by yaw and tilted. */
function upright(yawRad: number, tiltXRad: number, tiltYRad: number): QuaternionNumbers {
  return turned(yawOrientation(yawRad), tiltXRad, tiltYRad);
}

/** Returns the orientation of a tool that points down, turned by yaw and tilted. */
function tilted(yawRad: number, tiltXRad: number, tiltYRad: number): QuaternionNumbers {
  return turned(toolDown(yawRad), tiltXRad, tiltYRad);
}

function turned(orientation: QuaternionNumbers, tiltXRad: number, tiltYRad: number): QuaternionNumbers {
  const { x, y, z, w } = new Quaternion(...orientation)
    .multiply(new Quaternion().setFromAxisAngle(new Vector3(1, 0, 0), tiltXRad))
    .multiply(new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), tiltYRad));
  return [x, y, z, w];
}
