/**
 * Does a task by hand, in phases: come over the object, reach down, close, raise, carry it over the hole, insert; or
 * lift. One call per control period returns a twist in the base frame, each component in units of the action (10 mm,
 * 0.05 rad). It can begin in the middle of a task, after a policy. The scripted expert and the scripted operator share
 * it.
 */
import { rotateByUnit, type Vec3 } from '../../../main/api/geometry.ts';
import type { TaskId } from '../../../main/api/task.ts';
import { clamp, wrapQuarterTurn, yawOf } from '../physics/frames.ts';
import { BLOCK_HALF_WIDTH_M, FINGER_OPEN_M, PEG_HALF_WIDTH_M, PEG_LENGTH_M } from '../physics/model.ts';
import type { Truth } from '../physics/readings.ts';
import { toolToObjectM } from '../tasks/task.ts';
import { type BaseTwist, type Insertion, UNIT_M, UNIT_RAD } from './insertion.ts';

const PEG_GRASP_HEIGHT_M = 0.045;
const BLOCK_GRASP_HEIGHT_M = 0.022;
const HOVER_HEIGHT_M = 0.11;
const CARRY_TIP_HEIGHT_M = 0.02;
const CLOSE_STEPS = 6;
/** The tool counts as over a point within the first, and as turned like the object within the second. */
const OVER_M = 0.006;
const TURNED_RAD = 0.1;
/** A finger that is open by more than this share holds nothing. */
const OPEN_ABOVE = 0.9;
/** An object at least this far above the table and this near to the tool is held. */
const OFF_TABLE_M = 0.003;
const NEAR_TOOL_M = 0.08;
/** A tool further than the first from the object's centre cannot grasp it; fingers closed beyond the second hold nothing. */
const AWAY_FROM_OBJECT_M = 0.045;
const CLOSED_BEYOND_M = 0.003;
/** Around a standing peg and held lower than the second, the fingers would meet the socket before the peg is in. */
const AROUND_PEG_M = 0.02;
const LOWEST_GRASP_M = 0.0355;
/** Steps after which a grasp that does not hold can be seen. */
const GRASP_SHOWS_STEPS = 6;

type Phase = 'hover' | 'reach' | 'close' | 'raise' | 'carry' | 'insert' | 'lift';

/** Returns true when fingers are not open although the object is away from them, or have closed on nothing. */
export function graspsNothing(task: TaskId, truth: Truth): boolean {
  if (isOpen(truth) || isHeld(task, truth)) return false;
  const halfWidthM = task === 'lift' ? BLOCK_HALF_WIDTH_M : PEG_HALF_WIDTH_M;
  return toolToObjectM(truth) > AWAY_FROM_OBJECT_M || truth.openingM < halfWidthM - CLOSED_BEYOND_M;
}

/** Returns true when the hand is around a standing peg, so low that a peg grasped there would not reach into the socket. */
export function graspsTooLow(truth: Truth): boolean {
  const { positionM } = truth.baseFromTool;
  const [x, y] = truth.baseFromObject.positionM;
  const isAround = Math.hypot(positionM[0] - x, positionM[1] - y) < AROUND_PEG_M;
  return isAround && positionM[2] < LOWEST_GRASP_M && !isHeld('pick-insert', truth);
}

export const isOpen = (truth: Truth): boolean => truth.openingM > OPEN_ABOVE * FINGER_OPEN_M;

/** Returns the twist towards a tool position and yaw, at full speed, that keeps the tool vertical. */
function twistTowards(truth: Truth, targetM: Vec3, yawErrorRad: number): BaseTwist {
  const { positionM, orientation } = truth.baseFromTool;
  const toolAxis = rotateByUnit(orientation, [0, 0, 1]);
  const linear = (axis: 0 | 1 | 2) => clamp((targetM[axis] - positionM[axis]) / UNIT_M);
  return [
    linear(0),
    linear(1),
    linear(2),
    clamp((-toolAxis[1] / UNIT_RAD) * 0.5, 0.5),
    clamp((toolAxis[0] / UNIT_RAD) * 0.5, 0.5),
    clamp((yawErrorRad / UNIT_RAD) * 0.5, 0.6),
  ];
}

function distanceM(truth: Truth, targetM: Vec3): number {
  const { positionM } = truth.baseFromTool;
  return Math.hypot(targetM[0] - positionM[0], targetM[1] - positionM[1], targetM[2] - positionM[2]);
}

const objectYawError = (truth: Truth): number =>
  wrapQuarterTurn(yawOf(truth.baseFromObject.orientation) - yawOf(truth.baseFromTool.orientation));

function overObject(truth: Truth, graspErrorM: readonly [number, number], heightM: number): Vec3 {
  const [x, y] = truth.baseFromObject.positionM;
  return [x + graspErrorM[0], y + graspErrorM[1], heightM];
}

/** Returns the tool's position for which the tip is above the hole, a little over the rim. */
function aboveHole({ baseFromTool, holeM, tipM }: Truth): Vec3 {
  const [toolX, toolY, toolZ] = baseFromTool.positionM;
  return [toolX + holeM[0] - tipM[0], toolY + holeM[1] - tipM[1], toolZ + holeM[2] + CARRY_TIP_HEIGHT_M - tipM[2]];
}

/** Returns true when the object is off the table, near the tool, with fingers that are not open. */
export function isHeld(task: TaskId, truth: Truth): boolean {
  const restHeightM = task === 'lift' ? BLOCK_HALF_WIDTH_M : PEG_LENGTH_M / 2;
  return (
    truth.baseFromObject.positionM[2] > restHeightM + OFF_TABLE_M &&
    toolToObjectM(truth) < NEAR_TOOL_M &&
    !isOpen(truth)
  );
}

/** Returns the phase from which a hand that takes over in this scene continues. */
function phaseAt(task: TaskId, truth: Truth, graspErrorM: readonly [number, number]): Phase {
  if (task === 'insert') return 'insert';
  if (isHeld(task, truth)) {
    if (task === 'lift') return 'lift';
    return truth.lateralErrorM < OVER_M ? 'insert' : 'raise';
  }
  const [toolX, toolY] = truth.baseFromTool.positionM;
  const [x, y] = overObject(truth, graspErrorM, 0);
  const over = Math.hypot(toolX - x, toolY - y) < OVER_M && Math.abs(objectYawError(truth)) < TURNED_RAD;
  return over ? 'reach' : 'hover';
}

/** `graspErrorM` is the error of the object's position as the hand sees it, in the base frame. */
export function createManipulation(task: TaskId, graspErrorM: readonly [number, number], insertion: Insertion) {
  let phase: Phase = task === 'insert' ? 'insert' : 'hover';
  let stepsInPhase = 0;

  const enter = (next: Phase) => {
    phase = next;
    stepsInPhase = 0;
  };

  const reachFor = (truth: Truth, heightM: number, toleranceM: number, next: Phase): BaseTwist => {
    const target = overObject(truth, graspErrorM, heightM);
    const yawError = objectYawError(truth);
    if (distanceM(truth, target) < toleranceM && Math.abs(yawError) < 0.03) enter(next);
    return twistTowards(truth, target, yawError);
  };

  const carry = (truth: Truth): BaseTwist => {
    const [toolX, toolY] = truth.baseFromTool.positionM;
    const target = aboveHole(truth);
    if (Math.hypot(target[0] - toolX, target[1] - toolY) < OVER_M) enter('insert');
    const yawError = wrapQuarterTurn(truth.socketYawRad - yawOf(truth.baseFromTool.orientation));
    return twistTowards(truth, target, yawError);
  };

  const nextTwist = (truth: Truth): BaseTwist => {
    stepsInPhase++;
    const [x, y, z] = truth.baseFromTool.positionM;
    switch (phase) {
      case 'hover':
        return reachFor(truth, HOVER_HEIGHT_M, OVER_M, 'reach');
      case 'reach':
        return reachFor(truth, task === 'lift' ? BLOCK_GRASP_HEIGHT_M : PEG_GRASP_HEIGHT_M, 0.002, 'close');
      case 'close':
        if (stepsInPhase > CLOSE_STEPS) enter(task === 'lift' ? 'lift' : 'raise');
        return [0, 0, 0, 0, 0, 0];
      case 'raise':
        if (truth.tipM[2] > truth.holeM[2] + CARRY_TIP_HEIGHT_M) enter('carry');
        return twistTowards(truth, [x, y, z + UNIT_M], 0);
      case 'carry':
        return carry(truth);
      case 'insert':
        return insertion.next(truth);
      case 'lift':
        return twistTowards(truth, [x, y, z + UNIT_M], 0);
      default:
        return phase satisfies never;
    }
  };

  return {
    /** Continues from the scene as it is now. */
    restart: (truth: Truth): void => {
      insertion.restart();
      enter(phaseAt(task, truth, graspErrorM));
    },
    next: (truth: Truth) => {
      const twist = nextTwist(truth);
      return { twist, gripper: phase === 'hover' || phase === 'reach' ? ('open' as const) : ('close' as const) };
    },
    /** Returns true while the hand is around an object that is not yet off the table. */
    grasping: (truth: Truth): boolean => {
      if (phase === 'reach' || phase === 'close') return true;
      return (phase === 'raise' || phase === 'lift') && !isHeld(task, truth);
    },
    /** Returns true when the grasp has failed or the object has been lost. */
    lost: (truth: Truth): boolean => {
      if (task === 'insert') return false;
      if (phase === 'insert') return isOpen(truth);
      const carrying = phase === 'raise' || phase === 'carry' || phase === 'lift';
      return carrying && stepsInPhase > GRASP_SHOWS_STEPS && !isHeld(task, truth);
    },
  };
}
