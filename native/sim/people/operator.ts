/**
 * A scripted, imperfect person at the puck, for acceptance runs without people. Sees the hole with an own bias of
 * N(0, 0.8 mm), trembles, hesitates, drives at 35–65 % speed; produces the raw HID reports that a real puck would send.
 * `demonstrate`: drives from start to end. `supervise`: watches a policy, takes over when it strays, stalls or jams, and
 * hands back once it is on its way (`supervision.ts`). Decides once per control period, from the simulator's truth.
 * Where the task uses the gripper, button 0 closes and button 1 opens, pressed again every period until the fingers are as wanted.
 */
import { ACTION_NAMES } from '../../../main/api/action.ts';
import type { Vec6 } from '../../../main/api/geometry.ts';
import type { Rng } from '../../../main/api/rng.ts';
import { TASKS, type TaskId } from '../../../main/api/task.ts';
import {
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  puckFromBaseTwist,
  type TakeoverMode,
  type TeleopMap,
} from '../../../main/api/teleop.ts';
import type { Truth } from '../physics/readings.ts';
import { createInsertion } from './insertion.ts';
import { createManipulation, isOpen } from './manipulation.ts';
import { axesReport, buttonsReport } from './spacemouse-report.ts';
import { createSupervision, type TakeoverReason } from './supervision.ts';

const GRIPPER = ACTION_NAMES.indexOf('gripper');

const SEEN_ERROR_STD_M = 0.0008;
/** Through free air a person pushes the puck as far as it goes. */
const TRAVEL_SPEED = 1;
const TREMOR_LINEAR = 0.06;
const TREMOR_ANGULAR = 0.04;
const PAUSE_TREMOR = 0.02;
const PAUSE_CHANCE = 0.03;

const CLOSE_BUTTON = 0;
const OPEN_BUTTON = 1;

export interface OperatorOptions {
  /** Default: insert. */
  readonly task?: TaskId;
  readonly rng: Rng;
  readonly mode: 'demonstrate' | 'supervise';
  readonly map?: TeleopMap;
  /**
   * How the rig notices the person: in `hold` mode the button is held down while driving. It must be none of the gripper's two
   * where the task uses the gripper.
   */
  readonly takeover?: TakeoverMode;
  readonly holdButton?: number;
}

export interface Operator {
  /** Begins an episode: a new look at the scene. */
  begin(truth: Truth): void;
  /** One decision; the reports to send now. */
  tick(truth: Truth): Uint8Array[];
  driving(): boolean;
  /** Why control was last taken. */
  reason(): TakeoverReason | undefined;
  takeovers(): number;
}

export function createOperator(options: OperatorOptions): Operator {
  const {
    task = 'insert',
    rng,
    mode,
    map = DEFAULT_TELEOP_MAP,
    takeover = 'motion',
    holdButton = DEFAULT_TAKEOVER.holdButton,
  } = options;
  const usesGripper = TASKS[task].actionMask[GRIPPER] === true;
  if (usesGripper && takeover === 'hold' && (holdButton === CLOSE_BUTTON || holdButton === OPEN_BUTTON))
    throw new RangeError(`button ${holdButton} moves the gripper in ${task}; hold another one to drive`);
  const supervision = createSupervision(task);
  let hand = newHand();
  let pauseSteps = 0;
  let driving = false;
  let reason: TakeoverReason | undefined;
  let takeovers = 0;
  let stepsDriven = 0;
  /** As last reported; unknown at an episode's start, when the button may still be down from the one before. */
  let buttons: number | undefined;

  function newHand() {
    const seenErrorM = [rng.normal() * SEEN_ERROR_STD_M, rng.normal() * SEEN_ERROR_STD_M] as const;
    const speed = rng.range(0.35, 0.65);
    const insertion = createInsertion(rng, { seenErrorM, speed, spiralDirection: rng.uniform() < 0.5 ? -1 : 1 });
    return createManipulation(task, { graspErrorM: seenErrorM, speed: TRAVEL_SPEED, insertion });
  }

  const take = (truth: Truth) => {
    driving = true;
    stepsDriven = 0;
    supervision.taken(truth);
    hand.restart(truth);
    pauseSteps = rng.uniform() < 0.5 ? 1 : 0;
  };

  const release = (truth: Truth) => {
    driving = false;
    supervision.released(truth);
  };

  /** What the hand does: the twist, with tremor, and the gripper's button, if it presses one. */
  const move = (truth: Truth): { readonly twist: Vec6; readonly press: number | undefined } => {
    const tremble = (index: number, std: number) => (intended?.twist[index] ?? 0) + std * rng.normal();
    const pausing = pauseSteps > 0;
    if (!pausing && hand.lost(truth)) hand.restart(truth);
    const intended = pausing ? undefined : hand.next(truth);
    if (pausing) pauseSteps--;
    else if (rng.uniform() < PAUSE_CHANCE) pauseSteps = 1 + rng.integer(4);
    const linear = pausing ? PAUSE_TREMOR : TREMOR_LINEAR;
    const angular = pausing ? PAUSE_TREMOR : TREMOR_ANGULAR;
    const twist: Vec6 = [
      tremble(0, linear),
      tremble(1, linear),
      tremble(2, linear),
      tremble(3, angular),
      tremble(4, angular),
      tremble(5, angular),
    ];
    return { twist, press: usesGripper && intended ? buttonFor(intended.gripper, truth) : undefined };
  };

  /** Presses to open until the fingers are apart, to close until the grasp is made. */
  const buttonFor = (wanted: 'open' | 'close', truth: Truth): number | undefined => {
    if (wanted === 'open') return isOpen(truth) ? undefined : OPEN_BUTTON;
    return hand.grasping(truth) || isOpen(truth) ? CLOSE_BUTTON : undefined;
  };

  return {
    begin: (truth) => {
      hand = newHand();
      buttons = undefined;
      driving = false;
      reason = undefined;
      supervision.begin(truth);
      if (mode === 'demonstrate') take(truth);
    },
    tick: (truth) => {
      supervision.watch(truth);
      if (mode === 'supervise') {
        if (driving && supervision.shouldRelease(truth, stepsDriven, hand.grasping(truth))) release(truth);
        else if (!driving) {
          const found = supervision.reasonToTake(truth);
          if (found) {
            reason = found;
            takeovers++;
            take(truth);
          }
        }
      }
      const moved = driving ? move(truth) : undefined;
      const axes: Vec6 = moved ? puckFromBaseTwist(moved.twist, map) : [0, 0, 0, 0, 0, 0];
      if (driving) stepsDriven++;
      const reports = [axesReport(axes)];
      const held = driving && takeover === 'hold' ? 1 << holdButton : 0;
      if (takeover === 'hold' && held !== buttons) {
        buttons = held;
        // After the axes: whoever samples the puck when the button goes down sees the hand's motion, not rest.
        reports.push(buttonsReport(held));
      }
      if (moved?.press !== undefined) reports.push(buttonsReport(held | (1 << moved.press)), buttonsReport(held));
      return reports;
    },
    driving: () => driving,
    reason: () => reason,
    takeovers: () => takeovers,
  };
}
