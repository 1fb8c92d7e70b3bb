/**
 * A scripted person who labels for the reward classifier, in the simulated cell: she sees what the simulator knows. Where the peg is in,
 * she stays and keeps the key down, tick after tick, then ends the episode with her verdict. Acts as the window does: on what is on
 * the screen now, which is the newest recorded observation.
 */
import type { Engine } from '../../engine/engine.ts';

export interface Labeller {
  /** Labels given since it was made. */
  labels(): number;
  dispose(): void;
}

/** `stay`: moments of success to label before the episode is ended. */
export function createScriptedLabeller(engine: Engine, stay: number): Labeller {
  let given = 0;
  let inEpisode = 0;
  let shown: 'success' | 'failure' | 'neither' = 'neither';
  const off = engine.onSnapshot(({ task }) => {
    if (!engine.loop.episodeOpen()) inEpisode = 0;
    // The snapshot before this one is the newest observation that is recorded.
    else if (shown === 'failure') engine.verdict('failure', undefined);
    else if (shown === 'success') {
      if (inEpisode >= stay) engine.verdict('success', undefined);
      else if (engine.success.label('positive', undefined).kind === 'done') {
        inEpisode++;
        given++;
      }
    }
    shown = task?.success ? 'success' : task?.failed ? 'failure' : 'neither';
  });
  return { labels: () => given, dispose: off };
}
