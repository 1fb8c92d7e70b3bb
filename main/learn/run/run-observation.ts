/** The observation of a run's nets: its size, and which recorded episodes hold it. */
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK, STATE_ESTIMATE_SIZE } from '../../api/observation.ts';
import type { RunSpec } from '../../api/run.ts';
import { TASKS } from '../../api/task.ts';
import type { ObservationSizes } from '../algorithms/algorithm.ts';

/** `encoded` is the size of the encoder's embedding, which only a run on pixels uses. */
export function observationSizes({ observation, task }: RunSpec, encoded: number | undefined): ObservationSizes {
  return {
    embedding: { pixels: encoded ?? 0, state: STATE_ESTIMATE_SIZE, blind: 0 }[observation],
    proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK,
    actionMask: TASKS[task].actionMask,
  };
}

/** True when an episode holds the run's observation. Only episodes recorded with `state` hold the estimate of the state. */
export function isUsable(
  spec: Pick<RunSpec, 'task' | 'observation'>,
  episode: Pick<RunSpec, 'task' | 'observation'>,
): boolean {
  return episode.task === spec.task && (spec.observation !== 'state' || episode.observation === 'state');
}
