/**
 * A scripted, imperfect person at the puck, for acceptance runs without people. Sees the hole with an own bias of
 * N(0, 0.8 mm), trembles, hesitates, drives at 35–65 % speed; produces the raw HID reports that a real puck would send.
 * `demonstrate`: drives from start to end. `supervise`: watches a policy, takes over when it strays, stalls or jams, and
 * hands back once the peg is on its way. Decides once per control period, from the simulator's truth. Insertion only.
 */
import type { Vec6 } from '../../main/api/geometry.ts';
import type { Rng } from '../../main/api/rng.ts';
import {
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  puckFromBaseTwist,
  type TakeoverMode,
  type TeleopMap,
} from '../../main/api/teleop.ts';
import { createInsertion } from './insertion.ts';
import type { Truth } from './readings.ts';
import { axesReport, buttonsReport } from './spacemouse-report.ts';
import { isInserted, remainingToInsertM } from './tasks/task.ts';

const SEEN_ERROR_STD_M = 0.0008;
const TREMOR_LINEAR = 0.06;
const TREMOR_ANGULAR = 0.04;
const PAUSE_TREMOR = 0.02;
const PAUSE_CHANCE = 0.03;

/** Take over when … */
const STRAY_LATERAL_M = 0.055;
const STRAY_HEIGHT_M = 0.075;
const STRAY_TILT_RAD = 0.3;
const PROGRESS_M = 0.0015;
const STALL_STEPS = 18;
const JAM_FORCE_N = 25;
const JAM_STEPS = 8;
/** … and let go after a while with enough gained. */
const RELEASE_AFTER_STEPS = 4;
const RELEASE_GAIN_M = 0.012;
const RELEASE_DEPTH_M = 0.005;
const RELEASE_GAIN_IN_HOLE_M = 0.004;
const RELEASE_AT_LATEST_STEPS = 25;

export interface OperatorOptions {
  readonly rng: Rng;
  readonly mode: 'demonstrate' | 'supervise';
  readonly map?: TeleopMap;
  /** How the rig notices the person: in `hold` mode the button is held down while driving. */
  readonly takeover?: TakeoverMode;
  readonly holdButton?: number;
}

export type TakeoverReason = 'stray' | 'stall' | 'jam';

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
    rng,
    mode,
    map = DEFAULT_TELEOP_MAP,
    takeover = 'motion',
    holdButton = DEFAULT_TAKEOVER.holdButton,
  } = options;
  let insertion = newInsertion();
  let pauseSteps = 0;
  let driving = false;
  let reason: TakeoverReason | undefined;
  let takeovers = 0;
  let bestRemainingM = 0;
  let stallSteps = 0;
  let jamSteps = 0;
  let stepsDriven = 0;
  let remainingAtTakeoverM = 0;
  let buttons = 0;

  function newInsertion() {
    return createInsertion(rng, {
      seenErrorM: [rng.normal() * SEEN_ERROR_STD_M, rng.normal() * SEEN_ERROR_STD_M],
      speed: rng.range(0.35, 0.65),
      spiralDirection: rng.uniform() < 0.5 ? -1 : 1,
    });
  }

  const take = (truth: Truth) => {
    driving = true;
    stepsDriven = 0;
    remainingAtTakeoverM = remainingToInsertM(truth);
    insertion.restart();
    pauseSteps = rng.uniform() < 0.5 ? 1 : 0;
  };

  const release = (truth: Truth) => {
    driving = false;
    bestRemainingM = remainingToInsertM(truth);
    stallSteps = 0;
    jamSteps = 0;
  };

  const reasonToTake = (truth: Truth): TakeoverReason | undefined => {
    const strayed =
      truth.lateralErrorM > STRAY_LATERAL_M || -truth.depthM > STRAY_HEIGHT_M || truth.objectTiltRad > STRAY_TILT_RAD;
    if (strayed) return 'stray';
    if (stallSteps >= STALL_STEPS) return 'stall';
    return jamSteps >= JAM_STEPS ? 'jam' : undefined;
  };

  const shouldRelease = (truth: Truth): boolean => {
    const gainM = remainingAtTakeoverM - remainingToInsertM(truth);
    const gained = gainM > RELEASE_GAIN_M || (truth.depthM > RELEASE_DEPTH_M && gainM > RELEASE_GAIN_IN_HOLE_M);
    return (
      (stepsDriven >= RELEASE_AFTER_STEPS && gained) || stepsDriven >= RELEASE_AT_LATEST_STEPS || isInserted(truth)
    );
  };

  const watch = (truth: Truth) => {
    const remainingM = remainingToInsertM(truth);
    if (remainingM < bestRemainingM - PROGRESS_M) {
      bestRemainingM = remainingM;
      stallSteps = 0;
    } else stallSteps++;
    jamSteps = truth.contactForceN > JAM_FORCE_N ? jamSteps + 1 : 0;
  };

  const handTwist = (truth: Truth): Vec6 => {
    const tremble = (index: number, std: number) => (intended?.[index] ?? 0) + std * rng.normal();
    const pausing = pauseSteps > 0;
    const intended = pausing ? undefined : insertion.next(truth);
    if (pausing) pauseSteps--;
    else if (rng.uniform() < PAUSE_CHANCE) pauseSteps = 1 + rng.integer(4);
    const linear = pausing ? PAUSE_TREMOR : TREMOR_LINEAR;
    const angular = pausing ? PAUSE_TREMOR : TREMOR_ANGULAR;
    return [
      tremble(0, linear),
      tremble(1, linear),
      tremble(2, linear),
      tremble(3, angular),
      tremble(4, angular),
      tremble(5, angular),
    ];
  };

  return {
    begin: (truth) => {
      insertion = newInsertion();
      driving = false;
      reason = undefined;
      release(truth);
      if (mode === 'demonstrate') take(truth);
    },
    tick: (truth) => {
      watch(truth);
      if (mode === 'supervise') {
        if (driving && shouldRelease(truth)) release(truth);
        else if (!driving) {
          const found = reasonToTake(truth);
          if (found) {
            reason = found;
            takeovers++;
            take(truth);
          }
        }
      }
      const axes: Vec6 = driving ? puckFromBaseTwist(handTwist(truth), map) : [0, 0, 0, 0, 0, 0];
      if (driving) stepsDriven++;
      const reports = [axesReport(axes)];
      const wanted = driving && takeover === 'hold' ? 1 << holdButton : 0;
      if (wanted !== buttons) {
        buttons = wanted;
        // After the axes: whoever samples the puck when the button goes down sees the hand's motion, not rest.
        reports.push(buttonsReport(buttons));
      }
      return reports;
    },
    driving: () => driving,
    reason: () => reason,
    takeovers: () => takeovers,
  };
}
