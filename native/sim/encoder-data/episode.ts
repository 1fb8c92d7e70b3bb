/**
 * Training scenes from whole episodes of the tasks. The scripted hand of `people/` does the task, and a disturbed episode is
 * interrupted: the hand wanders off, drops or misses the object, closes too early, pauses. Some hands see
 * things several millimetres off: they grasp beside the middle and search beside the hole. Objects and arm start more widely than the task starts them.
 * Undisturbed episodes start as the task's do; the hold-out measurement uses them.
 */
import { Quaternion, Vector3 } from 'three';
import type { Vec3 } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import type { TaskId } from '../../../main/api/task.ts';
import { createInsertion, UNIT_M, UNIT_RAD } from '../people/insertion.ts';
import { createManipulation } from '../people/manipulation.ts';
import { toolDown, yawOrientation } from '../physics/frames.ts';
import { FINGER_OPEN_M, objectHalfHeightM, PHYSICS_HZ } from '../physics/model.ts';
import { type Physics, readReadings } from '../physics/physics.ts';
import { type Truth, truthOf } from '../physics/readings.ts';
import { homePosture, settle, toolToObjectM } from '../tasks/task.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import type { ArmSolver } from './inverse-kinematics.ts';

export type EpisodeMode = 'above' | 'around' | 'grasp' | 'lifted';

const CONTROL_HZ = 10;
const MAX_PERIODS = 220;
/** An episode ends this many periods after its success or failure. */
const AFTERWARDS_PERIODS = 12;
const SEEN_ERROR_M = 0.0008;

/** How well a hand sees and steers. */
export interface Hand {
  /** The hand is interrupted, trembles and is slower. */
  readonly disturbed: boolean;
  /** Standard deviation of the error at which the hand sees the object and the hole, along each axis of the table. */
  readonly graspErrorM: number;
  readonly holeErrorM: number;
}

export const CAREFUL: Hand = { disturbed: false, graspErrorM: SEEN_ERROR_M, holeErrorM: SEEN_ERROR_M };
/** A hand that grasps beside the middle and searches for the hole in the wrong place. */
export const MISTAKEN: Hand = { disturbed: false, graspErrorM: 0.004, holeErrorM: 0.005 };
const MISTAKEN_SHARE = 0.4;

/** Draws the hand of a training episode. */
export function drawHand(rng: Rng): Hand {
  return { ...(rng.uniform() < MISTAKEN_SHARE ? MISTAKEN : CAREFUL), disturbed: true };
}

/** Starts wider than the tasks' own. */
const WIDE = { objectM: 0.05, yawRad: 0.6, socketM: 0.045, postureRad: 0.06 };
const ANYWHERE_SHARE = 0.4;

/** Puts object and socket on the table and the arm above them, more widely spread than an episode of the task. */
export function arrangeWidely(physics: Physics, task: 'lift' | 'pick-insert', solver: ArmSolver, rng: Rng): void {
  const around = (size: number) => rng.range(-size, size);
  const lift = task === 'lift';
  const half = objectHalfHeightM(physics.object);
  const anywhere = rng.uniform() < ANYWHERE_SHARE ? solver.solve(drawToolPose(rng)) : undefined;
  physics.arrange({
    armRad: anywhere ?? homePosture(rng).map((angle) => angle + around(WIDE.postureRad)),
    fingerM: FINGER_OPEN_M,
    gripper: 'open',
    socket: lift ? undefined : { xM: 0.52 + around(WIDE.socketM), yM: 0.1 + around(WIDE.socketM), yawRad: 0 },
    baseFromObject: {
      positionM: [0.48 + around(WIDE.objectM), (lift ? -0.05 : -0.1) + around(WIDE.objectM), half],
      orientation: yawOrientation(around(lift ? WIDE.yawRad : WIDE.yawRad / 2)),
    },
  });
  settle(physics);
}

/** Draws a tool pose anywhere in the tasks' workspace, above the objects. */
export function drawToolPose(rng: Rng, lowestM = 0.1) {
  const tilt = new Quaternion().setFromAxisAngle(
    new Vector3(rng.normal(), rng.normal(), 0).normalize(),
    Math.abs(0.04 * rng.normal()),
  );
  const down = new Quaternion(...toolDown(rng.range(-0.45, 0.45))).multiply(tilt);
  return {
    positionM: [rng.range(0.36, 0.64), rng.range(-0.22, 0.22), rng.range(lowestM, 0.45)] as const,
    orientation: [down.x, down.y, down.z, down.w] as const,
  };
}

interface Disturbance {
  /** Linear then angular, in action units, base frame; added to nothing: the hand does not steer meanwhile. */
  readonly twist: readonly number[] | undefined;
  /** `undefined` leaves the fingers as the hand wants them. */
  readonly gripper: 'open' | 'close' | undefined;
  periods: number;
}

const DISTURBANCE_CHANCE = 0.045;

function drawDisturbance(usesGripper: boolean, rng: Rng): Disturbance {
  const kind = rng.uniform();
  const wander = () => [0.7, 0.7, 0.6, 0.3, 0.3, 0.5].map((size) => size * rng.normal());
  const flip = rng.uniform() < 0.5 ? ('open' as const) : ('close' as const);
  if (kind < 0.5) return { twist: wander(), gripper: undefined, periods: 3 + rng.integer(9) };
  if (!usesGripper || kind < 0.65)
    return { twist: [0, 0, 0, 0, 0, 0], gripper: undefined, periods: 2 + rng.integer(4) };
  if (kind < 0.82) return { twist: undefined, gripper: flip, periods: 3 + rng.integer(8) };
  return { twist: wander(), gripper: flip, periods: 4 + rng.integer(10) };
}

/**
 * Drives an arranged scene. Every call runs one control period and returns the truth at its end, `undefined` once the episode is
 * over.
 */
export function createEpisodeDriver(physics: Physics, task: TaskId, hand: Hand, rng: Rng) {
  let truth = truthOf(readReadings(physics));
  const box = SIM_TASKS[task].workspace(truth.baseFromTool.positionM);
  const { disturbed } = hand;
  const seen = (errorM: number): [number, number] => [errorM * rng.normal(), errorM * rng.normal()];
  const insertion = createInsertion(rng.split('insertion'), {
    seenErrorM: seen(hand.holeErrorM),
    speed: rng.range(0.35, 0.75),
    spiralDirection: rng.uniform() < 0.5 ? -1 : 1,
  });
  const person = createManipulation(task, seen(hand.graspErrorM), insertion);
  person.restart(truth);
  const usesGripper = task !== 'insert';
  const noise = disturbed ? rng.range(0, 0.35) : 0.05;
  const speed = disturbed ? rng.range(0.5, 1) : 1;
  let disturbance: Disturbance | undefined;
  let periodsLeft = MAX_PERIODS;

  const next = () => {
    if (disturbance && disturbance.periods-- <= 0) {
      disturbance = undefined;
      person.restart(truth);
    }
    if (disturbed && !disturbance && rng.uniform() < DISTURBANCE_CHANCE)
      disturbance = drawDisturbance(usesGripper, rng);
    if (person.lost(truth)) person.restart(truth);
    const wanted = person.next(truth);
    const twist = (disturbance?.twist ?? wanted.twist).map((value, axis) => {
      const trembling = speed * value + (axis < 3 ? noise : 0.6 * noise) * rng.normal();
      return Math.max(-1, Math.min(1, trembling));
    });
    return { twist, gripper: usesGripper ? (disturbance?.gripper ?? wanted.gripper) : ('close' as const) };
  };

  return (): Truth | undefined => {
    const outcome = SIM_TASKS[task].outcome(truth);
    if (outcome.success || outcome.failed) periodsLeft = Math.min(periodsLeft, AFTERWARDS_PERIODS);
    if (periodsLeft-- <= 0) return undefined;
    const { twist, gripper } = next();
    const { positionM, orientation } = truth.baseFromTool;
    const moved = ([0, 1, 2] as const).map((axis) =>
      Math.max(box.lowM[axis], Math.min(box.highM[axis], positionM[axis] + UNIT_M * twist[axis]!)),
    );
    physics.command({
      baseFromTool: {
        positionM: [moved[0]!, moved[1]!, moved[2]!],
        orientation: turned(orientation, [twist[3]! * UNIT_RAD, twist[4]! * UNIT_RAD, twist[5]! * UNIT_RAD]),
      },
      gripper,
      rampMs: 1000 / CONTROL_HZ,
    });
    for (let step = 0; step < PHYSICS_HZ / CONTROL_HZ; step++) physics.step();
    truth = truthOf(readReadings(physics));
    return truth;
  };
}

/** Turns an orientation by a rotation vector of the base frame. */
function turned(orientation: readonly [number, number, number, number], rotation: Vec3) {
  const vector = new Vector3(...rotation);
  const angle = vector.length();
  const turn = new Quaternion().setFromAxisAngle(angle > 0 ? vector.divideScalar(angle) : vector, angle);
  const { x, y, z, w } = turn.multiply(new Quaternion(...orientation));
  return [x, y, z, w] as const;
}

const ABOVE_M = 0.12;
const GRASP_M = 0.035;

/** Names where the hand is against an object that it has to grasp or holds. */
export function episodeModeOf(truth: Truth, held: boolean): EpisodeMode {
  if (held) return 'lifted';
  const distanceM = toolToObjectM(truth);
  return distanceM > ABOVE_M ? 'above' : distanceM > GRASP_M ? 'around' : 'grasp';
}
