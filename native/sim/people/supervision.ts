/**
 * Decides when a person who watches a policy takes over, and when the person lets go. The person takes over when the
 * policy strays, stalls, jams, closes its fingers on nothing, or is about to grasp a peg too low. The person lets go once enough is gained; one who took over
 * with empty fingers makes the grasp first. One look at the simulator's truth per control period.
 */
import type { TaskId } from '../../../main/api/task.ts';
import type { Truth } from '../physics/readings.ts';
import { isInserted } from '../tasks/task.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';
import { graspsNothing, graspsTooLow, isHeld } from './manipulation.ts';

/** Distances and tilt beyond which an insertion has strayed. */
const STRAY_LATERAL_M = 0.055;
const STRAY_HEIGHT_M = 0.075;
const STRAY_TILT_RAD = 0.3;
/** A task with a grasp has strayed when it is this much further from its end than at the start. */
const STRAY_FROM_START_M = 0.06;
const PROGRESS_M = 0.0015;
const JAM_FORCE_N = 25;
const JAM_STEPS = 8;
/** Steps after which a person notices fingers that hold nothing. */
const EMPTY_STEPS = 3;
/** A person notices after this many steps that the hand is too low to grasp. */
const LOW_STEPS = 2;
/** A person lets go after at least this many steps and one of the gains below. */
const RELEASE_AFTER_STEPS = 4;
const RELEASE_DEPTH_M = 0.005;
const RELEASE_GAIN_IN_HOLE_M = 0.004;

/** Patience and gains follow the distance at the start: 50 mm for an insertion, half a metre for a grasp. */
const INSERTION = { stallSteps: 18, releaseGainM: 0.012, releaseAtLatestSteps: 25 };
const GRASP = { stallSteps: 12, releaseGainM: 0.06, releaseAtLatestSteps: 40 };
/** A person who has to grasp first lets go after this many steps at the latest. */
const GRASPED_AT_LATEST_STEPS = 90;

export type TakeoverReason = 'stray' | 'stall' | 'jam' | 'empty' | 'low';

export function createSupervision(task: TaskId) {
  const { stallSteps: patienceSteps, releaseGainM, releaseAtLatestSteps } = task === 'insert' ? INSERTION : GRASP;
  const remaining = (truth: Truth) => SIM_TASKS[task].outcome(truth).remainingM;
  let atStartM = 0;
  let bestM = 0;
  let atTakeoverM = 0;
  let stallSteps = 0;
  let jamSteps = 0;
  let emptySteps = 0;
  let lowSteps = 0;
  let toGrasp = false;

  const released = (truth: Truth) => {
    bestM = remaining(truth);
    stallSteps = 0;
    jamSteps = 0;
    emptySteps = 0;
    lowSteps = 0;
  };
  const hasStrayed = (truth: Truth): boolean =>
    task === 'insert'
      ? truth.lateralErrorM > STRAY_LATERAL_M || -truth.depthM > STRAY_HEIGHT_M || truth.objectTiltRad > STRAY_TILT_RAD
      : remaining(truth) > atStartM + STRAY_FROM_START_M;

  return {
    /** Call it when the episode begins. */
    begin: (truth: Truth): void => {
      atStartM = remaining(truth);
      released(truth);
    },
    /** Call it once per control period, before the decisions. */
    watch: (truth: Truth): void => {
      const remainingM = remaining(truth);
      if (remainingM < bestM - PROGRESS_M) {
        bestM = remainingM;
        stallSteps = 0;
      } else stallSteps++;
      jamSteps = truth.contactForceN > JAM_FORCE_N ? jamSteps + 1 : 0;
      emptySteps = task !== 'insert' && graspsNothing(task, truth) ? emptySteps + 1 : 0;
      lowSteps = task === 'pick-insert' && graspsTooLow(truth) ? lowSteps + 1 : 0;
    },
    reasonToTake: (truth: Truth): TakeoverReason | undefined => {
      if (hasStrayed(truth)) return 'stray';
      if (emptySteps >= EMPTY_STEPS) return 'empty';
      if (lowSteps >= LOW_STEPS) return 'low';
      if (stallSteps >= patienceSteps) return 'stall';
      return jamSteps >= JAM_STEPS ? 'jam' : undefined;
    },
    taken: (truth: Truth): void => {
      atTakeoverM = remaining(truth);
      toGrasp = task !== 'insert' && !isHeld(task, truth);
    },
    /** `grasping` is true while the person is about to grasp. */
    shouldRelease: (truth: Truth, stepsDriven: number, grasping: boolean): boolean => {
      if (grasping) return false;
      if (toGrasp) return isHeld(task, truth) || stepsDriven >= GRASPED_AT_LATEST_STEPS;
      const gainM = atTakeoverM - remaining(truth);
      const inHole = task !== 'lift' && truth.depthM > RELEASE_DEPTH_M;
      const gained = gainM > releaseGainM || (inHole && gainM > RELEASE_GAIN_IN_HOLE_M);
      return (
        (stepsDriven >= RELEASE_AFTER_STEPS && gained) ||
        stepsDriven >= releaseAtLatestSteps ||
        (task !== 'lift' && isInserted(truth))
      );
    },
    released,
  };
}
