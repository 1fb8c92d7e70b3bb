/**
 * Puts a peg into a hole as a person does: come over the hole with the peg upright, descend until it touches, search in
 * a spiral while pressing lightly, sink it with a wiggle. When it is stuck, lift and begin again. One call per control
 * period returns a twist in the base frame, each component in units of the action (10 mm, 0.05 rad). The scripted
 * operator and the scripted expert share it.
 */
import { rotateByUnit } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import { clamp, wrapQuarterTurn, yawOf } from '../physics/frames.ts';
import type { Truth } from '../physics/readings.ts';

/** Motion of an action of 1. */
export const UNIT_M = 0.01;
export const UNIT_RAD = 0.05;
const SPIRAL_PITCH_M = 0.0008;
const SPIRAL_STEP_M = 0.0009;
const SPIRAL_LIMIT_M = 0.0035;
/** The tip is in the hole below the first height over the rim, and on the rim up to the second. */
const IN_HOLE_M = -0.002;
const ON_RIM_M = 0.0025;
const STUCK_WIGGLE_STEPS = 3;
const STUCK_RETRY_STEPS = 14;

interface InsertionStyle {
  /** Error of the hole's position as the hand sees it, base frame. */
  readonly seenErrorM: readonly [number, number];
  /** Share of full speed. */
  readonly speed: number;
  readonly spiralDirection: 1 | -1;
}

/** Linear then angular, in action units, base frame. */
export type BaseTwist = [number, number, number, number, number, number];

type Linear = [number, number, number];

export type Insertion = ReturnType<typeof createInsertion>;

/** Returns the angular part that brings the peg's axis upright and the tool's yaw to the socket's. */
function alignmentTwist(truth: Truth): Linear {
  const axis = rotateByUnit(truth.baseFromObject.orientation, [0, 0, 1]);
  const upward = axis[2] < 0 ? -1 : 1;
  const yawError = wrapQuarterTurn(truth.socketYawRad - yawOf(truth.baseFromTool.orientation));
  return [
    clamp(((upward * axis[1]) / UNIT_RAD) * 0.35, 0.5),
    clamp(((-upward * axis[0]) / UNIT_RAD) * 0.35, 0.5),
    clamp((yawError / UNIT_RAD) * 0.5, 0.6),
  ];
}

export function createInsertion(rng: Rng, { seenErrorM, speed, spiralDirection }: InsertionStyle) {
  let spiralRad = 0;
  let spiralPhase = 0;
  let liftSteps = 0;
  let stepsInHole = 0;
  let stuckSteps = 0;
  let lowestM = Number.POSITIVE_INFINITY;

  /** Forgets the search: the next call starts afresh. */
  const restart = () => {
    spiralRad = 0;
    spiralPhase = rng.range(0, 2 * Math.PI);
    liftSteps = 0;
    stepsInHole = 0;
    stuckSteps = 0;
    lowestM = Number.POSITIVE_INFINITY;
  };

  const retreat = (errorX: number, errorY: number): Linear => {
    liftSteps--;
    spiralRad = 0;
    return [...limited(errorX / UNIT_M, errorY / UNIT_M, speed), 0.5];
  };

  const sink = (heightM: number): Linear => {
    stepsInHole++;
    if (heightM < lowestM - 0.0007) {
      lowestM = heightM;
      stuckSteps = 0;
    } else stuckSteps++;
    const stuck = stuckSteps > STUCK_WIGGLE_STEPS;
    const wiggle = stuck ? 0.3 : 0.08;
    if (stuckSteps > STUCK_RETRY_STEPS) {
      liftSteps = 2;
      stuckSteps = 0;
      lowestM = Number.POSITIVE_INFINITY;
    }
    return [
      wiggle * Math.sin(stepsInHole * 1.9),
      wiggle * Math.cos(stepsInHole * 1.3),
      -speed - 0.1 - (stuck ? 0.2 : 0),
    ];
  };

  const search = (errorX: number, errorY: number): Linear => {
    const radius = (SPIRAL_PITCH_M * spiralRad) / (2 * Math.PI);
    spiralRad += Math.min(1.1, SPIRAL_STEP_M / Math.max(radius, 0.0005));
    if (radius > SPIRAL_LIMIT_M) {
      liftSteps = 4;
      spiralPhase = rng.range(0, 2 * Math.PI);
    }
    const angle = spiralPhase + spiralDirection * spiralRad;
    lowestM = Number.POSITIVE_INFINITY;
    const x = ((errorX + radius * Math.cos(angle)) / UNIT_M) * 1.3;
    const y = ((errorY + radius * Math.sin(angle)) / UNIT_M) * 1.3;
    return [...limited(x, y, 0.4), -0.25 - 0.15 * speed];
  };

  restart();
  return {
    restart,
    next: (truth: Truth): BaseTwist => {
      const errorX = truth.holeM[0] + seenErrorM[0] - truth.tipM[0];
      const errorY = truth.holeM[1] + seenErrorM[1] - truth.tipM[1];
      const heightM = -truth.depthM;
      const linear =
        liftSteps > 0
          ? retreat(errorX, errorY)
          : heightM < IN_HOLE_M
            ? sink(heightM)
            : heightM > ON_RIM_M
              ? approach(errorX, errorY, heightM, speed)
              : search(errorX, errorY);
      return [...linear, ...alignmentTwist(truth)];
    },
  };
}

/** Shortens a planar vector to at most `limit`. */
function limited(x: number, y: number, limit: number): [number, number] {
  const length = Math.hypot(x, y);
  return length > limit ? [(x * limit) / length, (y * limit) / length] : [x, y];
}

/** Comes over the hole first, then down; far from the hole it also descends a little. */
function approach(errorX: number, errorY: number, heightM: number, speed: number): Linear {
  const distance = Math.hypot(errorX, errorY);
  const planar = limited((errorX / UNIT_M) * 0.8, (errorY / UNIT_M) * 0.8, speed);
  if (distance > 0.012) return [...planar, heightM > 0.03 ? -0.2 : 0];
  if (distance > 0.003 && heightM < 0.008) return [...planar, 0];
  return [...planar, -speed * (heightM > 0.012 ? 1 : 0.5)];
}
