/**
 * Scripted expert with privileged sight: solves `insert`, `pick-insert` and `lift` in the action space of policies.
 * For demonstrations, tests and data, never for a result. One call per control period; the action is in the tool frame
 * (main/api/action.ts): 10 mm per unit relative to the measured position, 0.05 rad per unit on a leashed target.
 */
import type { Vec3 } from '../../main/api/geometry.ts';
import type { Rng } from '../../main/api/rng.ts';
import type { TaskId } from '../../main/api/task.ts';
import { clamp, rotate, twistInTool, wrapQuarterTurn, yawOf } from './frames.ts';
import { type BaseTwist, createInsertion } from './insertion.ts';
import type { Truth } from './readings.ts';

const UNIT_M = 0.01;
const UNIT_RAD = 0.05;
const SEEN_ERROR_M = 0.0005;
const PEG_GRASP_HEIGHT_M = 0.045;
const BLOCK_GRASP_HEIGHT_M = 0.022;
const HOVER_HEIGHT_M = 0.11;
const CARRY_TIP_HEIGHT_M = 0.02;
const CLOSE_STEPS = 6;

export interface Expert {
  /** [7] in [-1, 1], tool frame. */
  nextAction(truth: Truth): Float32Array;
}

type Phase = 'hover' | 'reach' | 'close' | 'raise' | 'carry' | 'insert' | 'lift';

/** Twist towards a tool position and yaw, tool kept vertical. */
function twistTowards(truth: Truth, targetM: Vec3, yawErrorRad: number, limit = 1): BaseTwist {
  const { positionM, orientation } = truth.baseFromTool;
  const toolAxis = rotate(orientation, [0, 0, 1]);
  const linear = (axis: 0 | 1 | 2) => clamp((targetM[axis] - positionM[axis]) / UNIT_M, limit);
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

export function createExpert(task: TaskId, rng: Rng): Expert {
  const seen = () => rng.range(-SEEN_ERROR_M, SEEN_ERROR_M);
  const insertion = createInsertion(rng.split('insertion'), {
    seenErrorM: [seen(), seen()],
    speed: 0.65,
    spiralDirection: rng.uniform() < 0.5 ? -1 : 1,
  });
  const graspError: readonly [number, number] = [seen(), seen()];
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
    return [x + graspError[0], y + graspError[1], heightM];
  };
  const graspHeightM = task === 'lift' ? BLOCK_GRASP_HEIGHT_M : PEG_GRASP_HEIGHT_M;

  const reachFor = (truth: Truth, heightM: number, toleranceM: number, next: Phase): BaseTwist => {
    const target = overObject(truth, heightM);
    const yawError = objectYawError(truth);
    if (distanceM(truth, target) < toleranceM && Math.abs(yawError) < 0.03) enter(next);
    return twistTowards(truth, target, yawError);
  };

  /** Above the hole, the tip a little over the rim. */
  const carry = (truth: Truth): BaseTwist => {
    const [toolX, toolY, toolZ] = truth.baseFromTool.positionM;
    const target: Vec3 = [
      toolX + truth.holeM[0] - truth.tipM[0],
      toolY + truth.holeM[1] - truth.tipM[1],
      toolZ + truth.holeM[2] + CARRY_TIP_HEIGHT_M - truth.tipM[2],
    ];
    if (Math.hypot(target[0] - toolX, target[1] - toolY) < 0.006) enter('insert');
    const yawError = wrapQuarterTurn(truth.socketYawRad - yawOf(truth.baseFromTool.orientation));
    return twistTowards(truth, target, yawError);
  };

  const nextTwist = (truth: Truth): BaseTwist => {
    stepsInPhase++;
    const [x, y, z] = truth.baseFromTool.positionM;
    switch (phase) {
      case 'hover':
        return reachFor(truth, HOVER_HEIGHT_M, 0.006, 'reach');
      case 'reach':
        return reachFor(truth, graspHeightM, 0.002, 'close');
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
    nextAction: (truth) => {
      const twist = nextTwist(truth);
      const action = new Float32Array(7);
      twistInTool(truth.baseFromTool.orientation, twist).forEach((value, index) => {
        action[index] = clamp(value);
      });
      action[6] = phase === 'hover' || phase === 'reach' ? 1 : -1;
      return action;
    },
  };
}
