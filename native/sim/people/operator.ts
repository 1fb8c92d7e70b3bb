/**
 * A scripted, imperfect person at the puck, for acceptance runs without people. The person sees the hole with a
 * constant error, trembles, hesitates and drives slowly; the reports are the raw HID bytes that a real puck would send.
 * With `demonstrate`, the person drives from start to end. With `supervise`, the person watches a policy, takes over
 * when it strays, stalls or jams, and lets go once enough is gained (`supervision.ts`). One decision per control
 * period, from the simulator's truth. Button 0 closes the gripper and button 1 opens it; a press is repeated until it
 * has worked.
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
const TREMOR_LINEAR = 0.06;
const TREMOR_ANGULAR = 0.04;
const PAUSE_TREMOR = 0.02;
const PAUSE_CHANCE = 0.03;

const CLOSE_BUTTON = 0;
const OPEN_BUTTON = 1;

interface OperatorOptions {
  /** Default: `insert`. */
  readonly task?: TaskId;
  readonly rng: Rng;
  readonly mode: 'demonstrate' | 'supervise';
  readonly map?: TeleopMap;
  /**
   * Setting by which the rig notices the person. In `hold` mode the button is held down while driving; it must not be
   * one of the gripper's two when the task uses the gripper.
   */
  readonly takeover?: TakeoverMode;
  readonly holdButton?: number;
}

export type Operator = ReturnType<typeof createOperator>;

export function createOperator(options: OperatorOptions) {
  const { task = 'insert', rng, mode, map = DEFAULT_TELEOP_MAP } = options;
  const { takeover = 'motion', holdButton = DEFAULT_TAKEOVER.holdButton } = options;
  const usesGripper = TASKS[task].actionMask[GRIPPER] === true;
  if (usesGripper && takeover === 'hold' && (holdButton === CLOSE_BUTTON || holdButton === OPEN_BUTTON))
    throw new RangeError(`button ${holdButton} moves the gripper in ${task}; hold another one to drive`);
  const supervision = createSupervision(task);
  const person = createPerson(task, rng);
  const puck = createPuck(map, takeover, holdButton);
  let driving = false;
  let reason: TakeoverReason | undefined;
  let takeovers = 0;
  let stepsDriven = 0;

  const take = (truth: Truth) => {
    driving = true;
    stepsDriven = 0;
    supervision.taken(truth);
    person.take(truth);
  };
  const supervise = (truth: Truth) => {
    if (driving) {
      if (!supervision.shouldRelease(truth, stepsDriven, person.grasping(truth))) return;
      driving = false;
      supervision.released(truth);
      return;
    }
    const found = supervision.reasonToTake(truth);
    if (!found) return;
    reason = found;
    takeovers++;
    take(truth);
  };

  return {
    /** Begins an episode, with a new error of sight. */
    begin: (truth: Truth): void => {
      person.begin();
      puck.begin();
      driving = false;
      reason = undefined;
      supervision.begin(truth);
      if (mode === 'demonstrate') take(truth);
    },
    /** Makes one decision. Returns the reports to send now. */
    tick: (truth: Truth): Uint8Array[] => {
      supervision.watch(truth);
      if (mode === 'supervise') supervise(truth);
      const motion = driving ? person.move(truth) : undefined;
      if (driving) stepsDriven++;
      return puck.reports(motion, usesGripper);
    },
    driving: () => driving,
    /** Says why control was last taken. */
    reason: () => reason,
    takeovers: () => takeovers,
  };
}

/** One control period of the person's hand: the twist, with tremor, and the button that the gripper needs. */
interface Motion {
  readonly twist: Vec6;
  readonly press: number | undefined;
}

/** The person's hand: sees with an error, pauses at times, and trembles. */
function createPerson(task: TaskId, rng: Rng) {
  let hand = newHand();
  let pauseSteps = 0;

  function newHand() {
    const seenErrorM = [rng.normal() * SEEN_ERROR_STD_M, rng.normal() * SEEN_ERROR_STD_M] as const;
    const speed = rng.range(0.35, 0.65);
    const insertion = createInsertion(rng, { seenErrorM, speed, spiralDirection: rng.uniform() < 0.5 ? -1 : 1 });
    return createManipulation(task, seenErrorM, insertion);
  }

  /** Presses to open until the fingers are apart, and to close until the grasp is made. */
  const buttonFor = (wanted: 'open' | 'close', truth: Truth): number | undefined => {
    if (wanted === 'open') return isOpen(truth) ? undefined : OPEN_BUTTON;
    return hand.grasping(truth) || isOpen(truth) ? CLOSE_BUTTON : undefined;
  };

  return {
    begin: () => {
      hand = newHand();
    },
    take: (truth: Truth) => {
      hand.restart(truth);
      pauseSteps = rng.uniform() < 0.5 ? 1 : 0;
    },
    grasping: (truth: Truth) => hand.grasping(truth),
    move: (truth: Truth): Motion => {
      const pausing = pauseSteps > 0;
      if (!pausing && hand.lost(truth)) hand.restart(truth);
      const intended = pausing ? undefined : hand.next(truth);
      if (pausing) pauseSteps--;
      else if (rng.uniform() < PAUSE_CHANCE) pauseSteps = 1 + rng.integer(4);
      const tremble = (index: number, std: number) => (intended?.twist[index] ?? 0) + std * rng.normal();
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
      return { twist, press: intended && buttonFor(intended.gripper, truth) };
    },
  };
}

/** Turns motions into HID reports, with the button that is held while driving. */
function createPuck(map: TeleopMap, takeover: TakeoverMode, holdButton: number) {
  /** Buttons as last reported; unknown at an episode's start, when the last episode may have left one down. */
  let buttons: number | undefined;
  return {
    begin: () => {
      buttons = undefined;
    },
    reports: (motion: Motion | undefined, usesGripper: boolean): Uint8Array[] => {
      const reports = [axesReport(motion ? puckFromBaseTwist(motion.twist, map) : [0, 0, 0, 0, 0, 0])];
      const held = motion && takeover === 'hold' ? 1 << holdButton : 0;
      if (takeover === 'hold' && held !== buttons) {
        buttons = held;
        // The axes come first, so that a reader who samples the puck at the button's report sees the hand's motion.
        reports.push(buttonsReport(held));
      }
      if (usesGripper && motion?.press !== undefined)
        reports.push(buttonsReport(held | (1 << motion.press)), buttonsReport(held));
      return reports;
    },
  };
}
