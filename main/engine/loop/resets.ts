/** Resets the cell before an episode: one reset at a time, and the newest one wins. */
import { IDENTITY, type Pose } from '../../api/geometry.ts';
import { expectFinitePose } from '../recording/sensor-check.ts';
import { FAULTS, type LoopFault } from './faults.ts';
import type { LoopOptions } from './loop-types.ts';
import { type LoopEvent, type LoopState, mayReset } from './phases.ts';

interface EpisodeOrigin {
  readonly seed: number;
  readonly baseFromTool: Pose;
}

export type Resets = ReturnType<typeof createResets>;

export function createResets(loop: {
  readonly options: LoopOptions;
  readonly state: () => LoopState;
  readonly dispatch: (event: LoopEvent) => void;
  readonly fault: (fault: LoopFault) => void;
  /** Drops a picture that is still on its way, because it shows the arm elsewhere. */
  readonly forgetPictures: () => void;
}) {
  const { state, dispatch, fault, options } = loop;
  const { cell, task } = options;
  let running: AbortController | undefined;
  let newest: EpisodeOrigin = { seed: 0, baseFromTool: { positionM: [0, 0, 0], orientation: IDENTITY } };
  return {
    /** Resolves when READY is reached, or with false when it was not. */
    run: async (seed: number) => {
      if (!mayReset(state())) return false;
      running?.abort();
      running = new AbortController();
      const { signal } = running;
      dispatch({ kind: 'reset' });
      try {
        await cell.reset(task().id, seed, signal);
        expectFinitePose(cell.state().baseFromTool);
      } catch (error) {
        if (!signal.aborted) fault(FAULTS.reset(error));
        return false;
      }
      if (signal.aborted || state().phase !== 'resetting') return false;
      running = undefined;
      newest = { seed, baseFromTool: cell.state().baseFromTool };
      loop.forgetPictures();
      options.onReset?.();
      dispatch({ kind: 'at-start' });
      return true;
    },
    abort: () => {
      running?.abort();
      running = undefined;
    },
    /** Seed of the newest reset that reached READY, and the pose of the arm after it. */
    newest: () => newest,
  };
}
