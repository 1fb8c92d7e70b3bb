/**
 * How a hand does a task, in phases: come over the object, reach down, close, raise, carry it over the hole, insert; or lift. One
 * call per control period; the twist is in the base frame, each component in units of the action (10 mm, 0.05 rad). It can begin
 * in the middle, where somebody else has left off. Shared by the scripted expert and the scripted operator.
 */
import { rotateByUnit, type Vec3 } from '../../../main/api/geometry.ts';
import type { TaskId } from '../../../main/api/task.ts';
import { clamp, wrapQuarterTurn, yawOf } from '../physics/frames.ts';
import { BLOCK_HALF_WIDTH_M, FINGER_OPEN_M, PEG_LENGTH_M } from '../physics/model.ts';
import type { Truth } from '../physics/readings.ts';
import { toolToObjectM } from '../tasks/task.ts';
import type { BaseTwist, Insertion } from './insertion.ts';

const UNIT_M = 0.01;
const UNIT_RAD = 0.05;
const PEG_GRASP_HEIGHT_M = 0.045;
const BLOCK_GRASP_HEIGHT_M = 0.022;
const HOVER_HEIGHT_M = 0.11;
const CARRY_TIP_HEIGHT_M = 0.02;
const CLOSE_STEPS = 6;
/** The tool is over a place within this, and turned like the object within that. */
const OVER_M = 0.006;
const TURNED_RAD = 0.1;
/** A finger further out than this share of its way holds nothing. */
const OPEN_ABOVE = 0.9;
/** An object this far above the table, and this near to the tool, is held. */
const OFF_TABLE_M = 0.003;
const NEAR_TOOL_M = 0.08;
/** A grasp shows within so many steps whether it holds. */
const GRASP_SHOWS_STEPS = 6;

type Phase = 'hover' | 'reach' | 'close' | 'raise' | 'carry' | 'insert' | 'lift';

export interface HandStyle {
  /** Where the hand believes the object to be, base frame, beside where it is. */
  readonly graspErrorM: readonly [number, number];
  /** Share of full speed on the way; the insertion has its own. */
  readonly speed: number;
  readonly insertion: Insertion;
}

export interface HandMotion {
  readonly twist: BaseTwist;
  readonly gripper: 'open' | 'close';
}

export interface Manipulation {
  /** Goes on from how the scene is now, whoever brought it there. */
  restart(truth: Truth): void;
  next(truth: Truth): HandMotion;
  /** Around the object, until it is off the table. */
  grasping(truth: Truth): boolean;
  /** The object was not in the fingers, or is not any more. */
  lost(truth: Truth): boolean;
}

export const isOpen = (truth: Truth): boolean => truth.openingM > OPEN_ABOVE * FINGER_OPEN_M;

/** Twist towards a tool position and yaw, tool kept vertical. */
function twistTowards(truth: Truth, targetM: Vec3, yawErrorRad: number, speed: number): BaseTwist {
  const { positionM, orientation } = truth.baseFromTool;
  const toolAxis = rotateByUnit(orientation, [0, 0, 1]);
  const linear = (axis: 0 | 1 | 2) => clamp((targetM[axis] - positionM[axis]) / UNIT_M, speed);
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

export function createManipulation(task: TaskId, { graspErrorM, speed, insertion }: HandStyle): Manipulation {
  let phase: Phase = task === 'insert' ? 'insert' : 'hover';
  let stepsInPhase = 0;

  const enter = (next: Phase) => {
    phase = next;
    stepsInPhase = 0;
  };

  const objectYawError = (truth: Truth) =>
    wrapQuarterTurn(yawOf(truth.baseFromObject.orientation) - yawOf(truth.baseFromTool.orientation));
  const overObject = (truth: Truth, heightM: number): Vec3 => {
    const [x, y] = truth.baseFromObject.positionM;
    return [x + graspErrorM[0], y + graspErrorM[1], heightM];
  };
  const graspHeightM = task === 'lift' ? BLOCK_GRASP_HEIGHT_M : PEG_GRASP_HEIGHT_M;
  const restHeightM = task === 'lift' ? BLOCK_HALF_WIDTH_M : PEG_LENGTH_M / 2;

  const isHeld = (truth: Truth): boolean =>
    truth.baseFromObject.positionM[2] > restHeightM + OFF_TABLE_M &&
    toolToObjectM(truth) < NEAR_TOOL_M &&
    !isOpen(truth);

  const phaseAt = (truth: Truth): Phase => {
    if (task === 'insert') return 'insert';
    if (isHeld(truth)) {
      if (task === 'lift') return 'lift';
      return truth.lateralErrorM < OVER_M ? 'insert' : 'raise';
    }
    const [toolX, toolY] = truth.baseFromTool.positionM;
    const [x, y] = overObject(truth, 0);
    const over = Math.hypot(toolX - x, toolY - y) < OVER_M && Math.abs(objectYawError(truth)) < TURNED_RAD;
    return over ? 'reach' : 'hover';
  };

  const reachFor = (truth: Truth, heightM: number, toleranceM: number, next: Phase): BaseTwist => {
    const target = overObject(truth, heightM);
    const yawError = objectYawError(truth);
    if (distanceM(truth, target) < toleranceM && Math.abs(yawError) < 0.03) enter(next);
    return twistTowards(truth, target, yawError, speed);
  };

  /** Above the hole, the tip a little over the rim. */
  const carry = (truth: Truth): BaseTwist => {
    const [toolX, toolY, toolZ] = truth.baseFromTool.positionM;
    const target: Vec3 = [
      toolX + truth.holeM[0] - truth.tipM[0],
      toolY + truth.holeM[1] - truth.tipM[1],
      toolZ + truth.holeM[2] + CARRY_TIP_HEIGHT_M - truth.tipM[2],
    ];
    if (Math.hypot(target[0] - toolX, target[1] - toolY) < OVER_M) enter('insert');
    const yawError = wrapQuarterTurn(truth.socketYawRad - yawOf(truth.baseFromTool.orientation));
    return twistTowards(truth, target, yawError, speed);
  };

  const nextTwist = (truth: Truth): BaseTwist => {
    stepsInPhase++;
    const [x, y, z] = truth.baseFromTool.positionM;
    switch (phase) {
      case 'hover':
        return reachFor(truth, HOVER_HEIGHT_M, OVER_M, 'reach');
      case 'reach':
        return reachFor(truth, graspHeightM, 0.002, 'close');
      case 'close':
        if (stepsInPhase > CLOSE_STEPS) enter(task === 'lift' ? 'lift' : 'raise');
        return [0, 0, 0, 0, 0, 0];
      case 'raise':
        if (truth.tipM[2] > truth.holeM[2] + CARRY_TIP_HEIGHT_M) enter('carry');
        return twistTowards(truth, [x, y, z + UNIT_M], 0, speed);
      case 'carry':
        return carry(truth);
      case 'insert':
        return insertion.next(truth);
      case 'lift':
        return twistTowards(truth, [x, y, z + UNIT_M], 0, speed);
      default:
        return phase satisfies never;
    }
  };

  return {
    restart: (truth) => {
      insertion.restart();
      enter(phaseAt(truth));
    },
    next: (truth) => {
      const twist = nextTwist(truth);
      return { twist, gripper: phase === 'hover' || phase === 'reach' ? 'open' : 'close' };
    },
    grasping: (truth) => {
      if (phase === 'reach' || phase === 'close') return true;
      return (phase === 'raise' || phase === 'lift') && !isHeld(truth);
    },
    lost: (truth) => {
      if (task === 'insert') return false;
      if (phase === 'insert') return isOpen(truth);
      const carrying = phase === 'raise' || phase === 'carry' || phase === 'lift';
      return carrying && stepsInPhase > GRASP_SHOWS_STEPS && !isHeld(truth);
    },
  };
}
