/**
 * The live cell's clock: a virtual clock that is moved by the servo thread, at most as fast as the host's. Simulated time passes only
 * while somebody sleeps on it, up to the time slept for, and stops there; so the control loop can wait for pictures and for the
 * policy without a deadline passing. Callbacks fire at the substep at which they fall due, before any later substep is made.
 * One sleeper at a time: that is the control loop. What else waits in the engine waits on the host's clock.
 */
import { type Clock, createVirtualClock, every, type Pacing, systemClock } from '../../main/api/clock.ts';

/** Steps the physics. */
export interface Mover {
  /** Resolves when simulated time is `timeMs`; at once when it is past that. Never rejects. */
  moveToMs(timeMs: number): Promise<void>;
  /** Simulated time of the newest substep. */
  reachedMs(): number;
}

export interface PacedClock extends Clock {
  readonly pacing: Pacing;
  close(): void;
}

const RATE_SAMPLE_MS = 250;
const RATE_SPAN_SAMPLES = 8;

export function createPacedClock(mover: Mover, lagMs: () => number, host: Clock = systemClock): PacedClock {
  const inner = createVirtualClock();
  let sleepers = 0;
  let moving = false;
  let targetMs = 0;
  const rate = createRateMeter(host, () => nowMs());

  /** Between two sleeps exactly the time that was slept for, though the servo counts whole substeps. */
  const nowMs = () => (moving ? Math.max(inner.nowMs(), Math.min(targetMs, mover.reachedMs())) : inner.nowMs());

  const move = async () => {
    if (moving) return;
    moving = true;
    while (sleepers > 0) {
      targetMs = inner.nextDueMs();
      await mover.moveToMs(targetMs);
      moving = false; // what is due sees the clock at this very time
      inner.advanceToMs(targetMs);
      moving = true;
    }
    moving = false;
  };

  return {
    nowMs,
    wallTimeMs: () => host.wallTimeMs(),
    sleepUntilMs: (timeMs) => {
      if (timeMs <= nowMs()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        sleepers++;
        inner.at(timeMs, () => {
          sleepers--;
          resolve();
        });
        move().catch(reject);
      });
    },
    at: inner.at,
    pacing: { hostNowMs: () => host.nowMs(), lagMs, realTimeFactor: rate.factor },
    close: rate.close,
  };
}

/** Simulated seconds per host second over about the last two; undefined until there are two samples. */
function createRateMeter(host: Clock, nowMs: () => number) {
  const samples: { readonly hostMs: number; readonly simulatedMs: number }[] = [];
  const sample = () => {
    samples.push({ hostMs: host.nowMs(), simulatedMs: nowMs() });
    if (samples.length > RATE_SPAN_SAMPLES) samples.shift();
  };
  const forget = () => {
    samples.length = 0; // a time that cannot be read has no rate
  };
  const close = every(host, RATE_SAMPLE_MS, sample, forget);
  return {
    close,
    factor: () => {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || last.hostMs <= first.hostMs) return undefined;
      return (last.simulatedMs - first.simulatedMs) / (last.hostMs - first.hostMs);
    },
  };
}
