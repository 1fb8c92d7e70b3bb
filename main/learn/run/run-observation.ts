/** What a run's nets see: how large it is, and which recorded episodes hold it. */
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK, STATE_ESTIMATE_SIZE } from '../../api/observation.ts';
import type { RunSpec } from '../../api/run.ts';
import { TASKS } from '../../api/task.ts';
import type { ObservationSizes } from '../algorithms/algorithm.ts';

/** `encoded`: size of the encoder's embedding, of use to a run on pixels only. */
export function observationSizes({ observation, task }: RunSpec, encoded: number | undefined): ObservationSizes {
  return {
    embedding: { pixels: encoded ?? 0, state: STATE_ESTIMATE_SIZE, blind: 0 }[observation],
    proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK,
    actionMask: TASKS[task].actionMask,
  };
}

/** Pixels and proprioception are in every episode; the state's estimate only where it was asked for. */
export function isUsable(
  spec: Pick<RunSpec, 'task' | 'observation'>,
  episode: Pick<RunSpec, 'task' | 'observation'>,
): boolean {
  return episode.task === spec.task && (spec.observation !== 'state' || episode.observation === 'state');
}
