/**
 * When a person who watches a policy takes over, and when they let go: it strays, it stalls, it jams; it is on its way again. Looks
 * at the simulator's truth once per control period. Where the fingers have to grasp, a person lets them finish before letting go.
 */
import type { TaskId } from '../../../main/api/task.ts';
import type { Truth } from '../physics/readings.ts';
import { isInserted } from '../tasks/task.ts';
import { SIM_TASKS } from '../tasks/task-registry.ts';

/** Take over when … */
const STRAY_LATERAL_M = 0.055;
const STRAY_HEIGHT_M = 0.075;
const STRAY_TILT_RAD = 0.3;
/** … of a task that begins with grasping: further from its end than at the start, by this much. */
const STRAY_FROM_START_M = 0.06;
const PROGRESS_M = 0.0015;
const JAM_FORCE_N = 25;
const JAM_STEPS = 8;
/** … and let go after a while with enough gained. */
const RELEASE_AFTER_STEPS = 4;
const RELEASE_DEPTH_M = 0.005;
const RELEASE_GAIN_IN_HOLE_M = 0.004;

/** Patience follows the length of the way: an insertion begins 50 mm from its end, a grasp half a metre. */
const INSERTION = { stallSteps: 18, releaseGainM: 0.012, releaseAtLatestSteps: 25 };
const GRASP = { stallSteps: 12, releaseGainM: 0.06, releaseAtLatestSteps: 40 };

export type TakeoverReason = 'stray' | 'stall' | 'jam';

export interface Supervision {
  /** The episode begins. */
  begin(truth: Truth): void;
  /** Once per control period, whoever drives. */
  watch(truth: Truth): void;
  reasonToTake(truth: Truth): TakeoverReason | undefined;
  taken(truth: Truth): void;
  /** `grasping`: the person is about to grasp. */
  shouldRelease(truth: Truth, stepsDriven: number, grasping: boolean): boolean;
  released(truth: Truth): void;
}

export function createSupervision(task: TaskId): Supervision {
  const { stallSteps: patienceSteps, releaseGainM, releaseAtLatestSteps } = task === 'insert' ? INSERTION : GRASP;
  const remaining = (truth: Truth) => SIM_TASKS[task].outcome(truth).remainingM;
  let atStartM = 0;
  let bestM = 0;
  let atTakeoverM = 0;
  let stallSteps = 0;
  let jamSteps = 0;

  const released = (truth: Truth) => {
    bestM = remaining(truth);
    stallSteps = 0;
    jamSteps = 0;
  };
  const hasStrayed = (truth: Truth): boolean =>
    task === 'insert'
      ? truth.lateralErrorM > STRAY_LATERAL_M || -truth.depthM > STRAY_HEIGHT_M || truth.objectTiltRad > STRAY_TILT_RAD
      : remaining(truth) > atStartM + STRAY_FROM_START_M;

  return {
    begin: (truth) => {
      atStartM = remaining(truth);
      released(truth);
    },
    watch: (truth) => {
      const remainingM = remaining(truth);
      if (remainingM < bestM - PROGRESS_M) {
        bestM = remainingM;
        stallSteps = 0;
      } else stallSteps++;
      jamSteps = truth.contactForceN > JAM_FORCE_N ? jamSteps + 1 : 0;
    },
    reasonToTake: (truth) => {
      if (hasStrayed(truth)) return 'stray';
      if (stallSteps >= patienceSteps) return 'stall';
      return jamSteps >= JAM_STEPS ? 'jam' : undefined;
    },
    taken: (truth) => {
      atTakeoverM = remaining(truth);
    },
    shouldRelease: (truth, stepsDriven, grasping) => {
      if (grasping) return false;
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
