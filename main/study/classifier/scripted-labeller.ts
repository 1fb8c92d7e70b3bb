/**
 * A scripted person who labels for the reward classifier in the simulated cell, where she sees what the simulator
 * knows. At success she keeps the key down, tick after tick, and then ends the episode with her verdict. As in the
 * window, a label is for the newest recorded observation.
 */
import type { Engine } from '../../engine/engine.ts';

export interface Labeller {
  /** Number of labels given so far. */
  labels(): number;
  dispose(): void;
}

/** `stayTicks`: observations of success to label before the episode is ended. */
export function createScriptedLabeller(engine: Engine, stayTicks: number): Labeller {
  let given = 0;
  let inEpisode = 0;
  let shown: 'success' | 'failure' | 'neither' = 'neither';
  const off = engine.onSnapshot(({ task }) => {
    if (!engine.loop.episodeOpen()) inEpisode = 0;
    // The snapshot before this one is the newest observation that is recorded.
    else if (shown === 'failure') engine.verdict('failure', undefined);
    else if (shown === 'success') {
      if (inEpisode >= stayTicks) engine.verdict('success', undefined);
      else if (engine.success.label('positive', undefined).kind === 'done') {
        inEpisode++;
        given++;
      }
    }
    shown = task?.success ? 'success' : task?.failed ? 'failure' : 'neither';
  });
  return { labels: () => given, dispose: off };
}
