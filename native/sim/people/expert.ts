/**
 * Scripted expert that acts on the simulator's truth: solves every task in the action space of policies. It is for
 * demonstrations, tests and data, never for a result. One call per control period returns an action in the tool frame
 * (`main/api/action.ts`).
 */
import type { Rng } from '../../../main/api/rng.ts';
import type { TaskId } from '../../../main/api/task.ts';
import { clamp, twistInTool } from '../physics/frames.ts';
import type { Truth } from '../physics/readings.ts';
import { createInsertion } from './insertion.ts';
import { createManipulation } from './manipulation.ts';

const SEEN_ERROR_M = 0.0005;

export type Expert = ReturnType<typeof createExpert>;

export function createExpert(task: TaskId, rng: Rng) {
  const seen = () => rng.range(-SEEN_ERROR_M, SEEN_ERROR_M);
  const insertion = createInsertion(rng.split('insertion'), {
    seenErrorM: [seen(), seen()],
    speed: 0.65,
    spiralDirection: rng.uniform() < 0.5 ? -1 : 1,
  });
  const hand = createManipulation(task, [seen(), seen()], insertion);

  return {
    /** Returns [7] in [-1, 1], tool frame. */
    nextAction: (truth: Truth): Float32Array => {
      const { twist, gripper } = hand.next(truth);
      const action = new Float32Array(7);
      twistInTool(truth.baseFromTool.orientation, twist).forEach((value, index) => {
        action[index] = clamp(value);
      });
      action[6] = gripper === 'open' ? 1 : -1;
      return action;
    },
  };
}
