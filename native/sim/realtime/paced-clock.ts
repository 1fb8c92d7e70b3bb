/**
 * The live cell's clock. The servo thread moves this virtual clock, at most as fast as the host's. Simulated time
 * passes only while a caller sleeps on it, and stops at the time slept for. The control loop can therefore wait for
 * pictures and for the policy without missing a deadline. Callbacks fire at the substep at which they are due, before
 * any later substep. Only the control loop sleeps on this clock; all other waits in the engine use the host's clock.
 */
import { type Clock, createVirtualClock, every, type Pacing, systemClock } from '../../../main/api/clock.ts';

/** Steps the physics. */
export interface Mover {
  /** Resolves when simulated time has reached `timeMs`. Never rejects. */
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

  /** Returns, between two sleeps, exactly the time that was slept for, although the servo counts whole substeps. */
  const nowMs = () => (moving ? Math.max(inner.nowMs(), Math.min(targetMs, mover.reachedMs())) : inner.nowMs());

  const move = async () => {
    if (moving) return;
    moving = true;
    while (sleepers > 0) {
      targetMs = inner.nextDueMs();
      await mover.moveToMs(targetMs);
      // Due callbacks must see exactly the time at which they are due.
      moving = false;
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

/**
 * Measures simulated seconds per host second over about the last two. Returns `undefined` until there are two samples.
 */
function createRateMeter(host: Clock, nowMs: () => number) {
  const samples: { readonly hostMs: number; readonly simulatedMs: number }[] = [];
  const sample = () => {
    // Time stands at zero while the cell opens.
    if (nowMs() === 0) return;
    samples.push({ hostMs: host.nowMs(), simulatedMs: nowMs() });
    if (samples.length > RATE_SPAN_SAMPLES) samples.shift();
  };
  const forget = () => {
    // A time that cannot be read has no rate.
    samples.length = 0;
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
