/**
 * Training scenes from the running physics: a peg in the hand is driven as a policy drives it, by at most 10 mm and
 * 0.05 rad per control period. Its goals change every few periods: above the socket, near the hole, pressed on the rim,
 * pressed on the socket's top beside the hole, in the hole. Contacts, slip, jams and controller lag are therefore those of the
 * running cell.
 */
import { Quaternion } from 'three';
import type { Pose, Quaternion as QuaternionNumbers, Vec3 } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import { toolDown } from '../physics/frames.ts';
import { PHYSICS_HZ } from '../physics/model.ts';
import { type Physics, readReadings } from '../physics/physics.ts';
import { type Truth, truthOf } from '../physics/readings.ts';
import { insertTask, placeSocketNearTip } from '../tasks/insert.ts';
import { settle } from '../tasks/task.ts';
import { composePoses, type HeldPeg } from './grasp.ts';

export type RolloutMode = 'driven-air' | 'driven-rim' | 'driven-beside' | 'driven-hole' | 'driven-far';

const CONTROL_HZ = 10;
const STEP_M = 0.01;
const STEP_RAD = 0.05;
const MAX_TILT_RAD = 0.3;
const TREMOR_M = 0.0005;

/** Goal for the tip, relative to the hole in base axes, and for the tool's tilt and yaw. */
interface Goal {
  readonly offsetM: Vec3;
  readonly orientation: QuaternionNumbers;
  /** Share of the full speed. */
  readonly speed: number;
  readonly periods: number;
}

/** Puts a peg into the hand and a socket under it, as the task `insert` does. */
export function beginRollout(physics: Physics, grasp: HeldPeg, rng: Rng): void {
  const { armRad, fingerM, toolFromObject } = grasp;
  const arrange = (baseFromObject: Pose) =>
    physics.arrange({ armRad, fingerM, gripper: 'close', baseFromObject, socket: undefined });
  arrange({ positionM: [0.5, 0, 0.5], orientation: [0, 0, 0, 1] });
  arrange(composePoses(truthOf(readReadings(physics)).baseFromTool, toolFromObject));
  settle(physics);
  placeSocketNearTip(physics, rng);
}

/** Returns a function that drives one control period and returns the truth at its end. */
export function createRolloutDriver(physics: Physics, rng: Rng): () => Truth {
  let truth = truthOf(readReadings(physics));
  const box = insertTask.workspace(truth.baseFromTool.positionM);
  let goal = drawGoal(rng);
  let periodsLeft = goal.periods;
  let orientation: QuaternionNumbers = truth.baseFromTool.orientation;

  const towards = (): Pose => {
    const { positionM } = truth.baseFromTool;
    const wanted = [0, 1, 2].map((axis) => truth.holeM[axis]! + goal.offsetM[axis]! - truth.tipM[axis]!);
    const length = Math.hypot(...wanted);
    const step = Math.min(length, STEP_M * goal.speed) / (length || 1);
    const moved = ([0, 1, 2] as const).map((axis) => {
      const to = positionM[axis] + wanted[axis]! * step + TREMOR_M * rng.normal();
      return Math.max(box.lowM[axis], Math.min(box.highM[axis], to));
    });
    orientation = turnTowards(orientation, goal.orientation, STEP_RAD * goal.speed);
    return { positionM: [moved[0]!, moved[1]!, moved[2]!], orientation };
  };

  return () => {
    if (periodsLeft-- <= 0) {
      goal = drawGoal(rng);
      periodsLeft = goal.periods;
    }
    physics.command({ baseFromTool: towards(), gripper: 'close', rampMs: 1000 / CONTROL_HZ });
    for (let step = 0; step < PHYSICS_HZ / CONTROL_HZ; step++) physics.step();
    truth = truthOf(readReadings(physics));
    return truth;
  };
}

function drawGoal(rng: Rng): Goal {
  const kind = rng.uniform();
  const speed = rng.range(0.25, 1);
  const spread = (size: number) => rng.range(-size, size);
  if (kind < 0.26) {
    // The goal is in the hole or on its edge. It may lie below the reachable depth, so that the tool presses.
    const error = 0.0004 * rng.normal();
    const depth = rng.range(0.001, 0.034);
    return {
      offsetM: [error, 0.0004 * rng.normal(), -depth],
      orientation: drawOrientation(rng, 0.015),
      speed,
      periods: 4 + rng.integer(12),
    };
  }
  if (kind < 0.45) {
    const offsetM: Vec3 = [0.003 * rng.normal(), 0.003 * rng.normal(), rng.range(-0.006, 0.002)];
    return { offsetM, orientation: drawOrientation(rng, 0.04), speed, periods: 3 + rng.integer(7) };
  }
  if (kind < 0.65) {
    // The tip lies on the socket's top and is pressed there for long, as by a policy that searches in the wrong place.
    const radius = rng.range(0.001, 0.02);
    const angle = rng.range(0, 2 * Math.PI);
    return {
      offsetM: [radius * Math.cos(angle), radius * Math.sin(angle), -rng.range(0.001, 0.012)],
      orientation: drawOrientation(rng, 0.04),
      speed,
      periods: 5 + rng.integer(14),
    };
  }
  if (kind < 0.83) {
    const offsetM: Vec3 = [0.006 * rng.normal(), 0.006 * rng.normal(), rng.range(0.001, 0.02)];
    return { offsetM, orientation: drawOrientation(rng, 0.05), speed, periods: 3 + rng.integer(6) };
  }
  return {
    offsetM: [spread(0.06), spread(0.06), rng.range(0.005, 0.1)],
    orientation: drawOrientation(rng, rng.uniform() < 0.3 ? 0.15 : 0.05),
    speed,
    periods: 3 + rng.integer(8),
  };
}

/** Draws an orientation that points down, with yaw and tilt of about `spreadRad`. */
function drawOrientation(rng: Rng, spreadRad: number): QuaternionNumbers {
  const limited = () => Math.max(-MAX_TILT_RAD, Math.min(MAX_TILT_RAD, spreadRad * rng.normal()));
  const tilt = new Quaternion(limited() / 2, limited() / 2, 0, 1).normalize();
  const { x, y, z, w } = new Quaternion(...toolDown(1.4 * limited())).multiply(tilt);
  return [x, y, z, w];
}

function turnTowards(from: QuaternionNumbers, to: QuaternionNumbers, stepRad: number): QuaternionNumbers {
  const { x, y, z, w } = new Quaternion(...from).rotateTowards(new Quaternion(...to), stepRad);
  return [x, y, z, w];
}

const FAR_LATERAL_M = 0.012;
const FAR_HEIGHT_M = 0.02;
const RIM_HEIGHT_M = 0.0012;
const IN_HOLE_M = -0.0005;
/** On the rim and further than this from the hole's axis, the tip is beside the hole; up to the second distance. */
const BESIDE_M = 0.003;
const BESIDE_FAR_M = 0.025;

/** Names the tip's region, for the table of the hold-out set. */
export function rolloutModeOf(truth: Truth): RolloutMode {
  const heightM = -truth.depthM;
  const { lateralErrorM } = truth;
  if (heightM < RIM_HEIGHT_M && lateralErrorM > BESIDE_M && lateralErrorM < BESIDE_FAR_M) return 'driven-beside';
  if (lateralErrorM > FAR_LATERAL_M || heightM > FAR_HEIGHT_M) return 'driven-far';
  if (lateralErrorM < 0.0025 && heightM < IN_HOLE_M) return 'driven-hole';
  return heightM < RIM_HEIGHT_M ? 'driven-rim' : 'driven-air';
}
