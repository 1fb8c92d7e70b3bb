/**
 * Records scripted demonstrations that stay at success, labelled as a person would: examples for the reward classifier.
 */
import type { ObservationKind } from '../../api/observation.ts';
import { episodeSeed, type TaskId } from '../../api/task.ts';
import { episodeOf, openSession } from '../session.ts';
import { createScriptedLabeller } from './scripted-labeller.ts';

/** Observations of success that the scripted person labels before she ends the episode: one second. */
const STAY_TICKS = 10;

export interface LabelRequest {
  readonly projectFolder: string;
  readonly task: TaskId;
  readonly observation: ObservationKind;
  readonly seed: number;
  readonly episodes: number;
}

export async function collectLabels(
  { projectFolder, task, observation, seed, episodes }: LabelRequest,
  onEpisode: (done: number, labels: number) => void,
): Promise<void> {
  const policy = { kind: 'process' } as const;
  await using session = await openSession({ projectFolder, task, observation, record: true, policy });
  const { engine } = session.rig;
  engine.change({ success: { ...engine.rig().success, by: 'human' } });
  const labeller = createScriptedLabeller(engine, STAY_TICKS);
  for (let index = 0; index < episodes; index++) {
    episodeOf(await session.rig.episode(episodeSeed('training', index, seed), 'demonstrate'));
    onEpisode(index + 1, labeller.labels());
  }
  labeller.dispose();
  await session.writer?.drained();
}
