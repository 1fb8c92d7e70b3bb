/** The ticking of an engine from start to close, and the seeds of the episodes that follow one another in it. */
import type { Clock } from '../api/clock.ts';
import { episodeSeed } from '../api/task.ts';
import type { ControlLoop } from './loop/control-loop.ts';
import { FAULTS } from './loop/faults.ts';

export type LiveRun = ReturnType<typeof createLiveRun>;

export function createLiveRun(options: {
  readonly loop: ControlLoop;
  readonly clock: Clock;
  readonly runSeed: number;
}) {
  const { loop, clock, runSeed } = options;
  let state: 'not-started' | 'ticking' | 'closed' = 'not-started';
  let stopped: Promise<void> | undefined;
  let seedIndex = 0;
  const nextSeed = () => episodeSeed('training', seedIndex++, runSeed);
  const resetToNext = () => loop.reset(nextSeed());
  const inBackground = (work: Promise<unknown>) => {
    work.catch((error: unknown) => loop.fault(FAULTS.unforeseen(error)));
  };
  const tickUntilClosed = async () => {
    while (state === 'ticking') await loop.tick();
  };
  return {
    state: () => state,
    /** Ticks until `close`. */
    start: async ({ reset }: { readonly reset: boolean }) => {
      if (state === 'closed') return;
      state = 'ticking';
      loop.anchor(clock.nowMs() + loop.timing.periodMs);
      if (reset) inBackground(resetToNext());
      stopped = tickUntilClosed();
      await stopped;
    },
    /** Holds the arm and resolves when the last tick has ended. */
    close: async () => {
      state = 'closed';
      loop.stop('The engine is closing.');
      await stopped;
    },
    nextSeed,
    /** Continues with the seeds that follow those of the stored episodes. */
    skipSeeds: (count: number) => {
      seedIndex = count;
    },
    /** Moves the arm to the start of the next episode. */
    resetToNext,
    /** Runs work that no caller awaits. When it fails, the arm holds and reports it. */
    inBackground,
  };
}
