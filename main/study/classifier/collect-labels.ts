/**
 * Records scripted demonstrations that stay at success, labelled as a person would: examples for the reward classifier.
 */
import { episodeSeed } from '../../api/task.ts';
import type { Engine } from '../../engine/engine.ts';
import type { DemonstrationRequest } from '../demonstrations.ts';
import { openSession } from '../session.ts';

/** Observations of success that the scripted person labels before she ends the episode: one second. */
const STAY_TICKS = 10;

export async function collectLabels(
  { seed, count, ...cell }: DemonstrationRequest,
  onEpisode: (done: number, labels: number) => void,
): Promise<void> {
  await using session = await openSession({ ...cell, record: true });
  const { engine } = session.rig;
  engine.change({ success: { ...engine.rig().success, by: 'human' } });
  const labeller = createScriptedLabeller(engine);
  for (let index = 0; index < count; index++) {
    await session.episode(episodeSeed('training', index, seed), 'demonstrate');
    onEpisode(index + 1, labeller.labels());
  }
  labeller.dispose();
  await session.writer?.drained();
}

/**
 * A scripted person who labels for the reward classifier in the simulated cell, where she sees what the simulator
 * knows. At success she keeps the key down, tick after tick, and then ends the episode with her verdict. As in the
 * window, a label is for the newest recorded observation.
 */
function createScriptedLabeller(engine: Engine) {
  let given = 0;
  let inEpisode = 0;
  let shown: 'success' | 'failure' | 'neither' = 'neither';
  const off = engine.onSnapshot(({ task }) => {
    if (!engine.loop.episodeOpen()) inEpisode = 0;
    // The snapshot before this one is the newest observation that is recorded.
    else if (shown === 'failure') engine.verdict('failure', undefined);
    else if (shown === 'success') {
      if (inEpisode >= STAY_TICKS) engine.verdict('success', undefined);
      else if (engine.success.label('positive', undefined).kind === 'done') {
        inEpisode++;
        given++;
      }
    }
    shown = task?.success ? 'success' : task?.failed ? 'failure' : 'neither';
  });
  return { labels: () => given, dispose: off };
}
