/**
 * Checks Stop: the time until the status says HOLD, whether HOLD lasts until Resume, and whether the tool stands still
 * meanwhile.
 */
import type { Clock } from '../../../main/api/clock.ts';
import type { Phase } from '../../../main/api/episode.ts';
import type { ServerMessage } from '../../../main/api/window/messages.ts';
import { percentile } from '../../../main/engine/loop/tick-stats.ts';
import type { Disturbances } from './disturbances.ts';
import type { Seat } from './seat.ts';
import { motionOf, type ToolMotion } from './tool-motion.ts';

const HELD_WITHIN_MS = 30_000;
/** Time for moving parts to come to rest, on the cell's clock, which may be slower than the host's. */
const SETTLE_MS = 500;
/** Host time limit for `SETTLE_MS`: a simulated clock may stand still, and nothing moves then. */
const SETTLED_WITHIN_MS = 5000;
/** Poses are sent to a millionth of a metre. The servo keeps a held arm well within this. */
export const STILL_MM = 1;
const PUNCTUAL_MS = 100;

export interface HoldReport {
  readonly stops: number;
  /** Number of stops, by the phase that they ended. A stop of an arm that was already held has no time. */
  readonly byPhase: Readonly<Record<string, number>>;
  readonly notHeld: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly over100Ms: number;
  /** Cases in which HOLD was left before Resume was pressed, with the phase that followed. */
  readonly undone: readonly string[];
  readonly holdsWatched: number;
  /** Farthest distance that the tool moved after half a second of HOLD, on the cell's clock. */
  readonly farthestMm: number;
  readonly moved: readonly string[];
  /** Farthest distance from the moment of HOLD on, by coasting or a jump. */
  readonly farthestFromHoldMm: number;
  /** Number of stops not judged, because the engine was killed or stopped meanwhile. */
  readonly disturbed: number;
}

export interface HoldCheck {
  /** Presses Stop, watches the arm for `holdMs` and does not resume. `as`: what the phase is called in the report. */
  stopAndWatch(holdMs: number, as?: string): Promise<void>;
  onMessage(message: ServerMessage): void;
  report(): HoldReport;
}

interface HoldOptions {
  readonly clock: Clock;
  readonly seat: () => Seat;
  readonly motion: ToolMotion;
  readonly disturbances: Disturbances;
}

export function createHoldCheck(options: HoldOptions): HoldCheck {
  const { clock, seat, disturbances } = options;
  const latenciesMs: number[] = [];
  const byPhase = new Map<string, number>();
  const undone: string[] = [];
  const moved: string[] = [];
  let stops = 0;
  let notHeld = 0;
  let holdsWatched = 0;
  let farthest = 0;
  let farthestFromHold = 0;
  let disturbed = 0;
  /** Phases other than HOLD reported since HOLD was reached; `undefined` = nothing is watched. */
  let phasesSince: Phase[] | undefined;

  const watchHeld = async (holdMs: number) => {
    phasesSince = [];
    const motions = await motionsWhileHeld(options, holdMs);
    const left = phasesSince[0];
    phasesSince = undefined;
    return { left, ...motions };
  };

  return {
    stopAndWatch: async (holdMs, as) => {
      const sinceMs = clock.nowMs();
      const before = seat().status()?.phase;
      if (before === undefined) return;
      const name = as ?? before;
      const [outcome, held] = await Promise.all([
        seat().call('control.stop'),
        seat()
          .until((status) => status.phase === 'hold', HELD_WITHIN_MS)
          .then((status) => status && clock.nowMs()),
      ]);
      const tookMs = (held ?? clock.nowMs()) - sinceMs;
      const watched = held === undefined ? undefined : await watchHeld(holdMs);
      if (outcome.kind === 'closed' || disturbances.engineSince(sinceMs)) {
        disturbed++;
        return;
      }
      stops++;
      byPhase.set(name, (byPhase.get(name) ?? 0) + 1);
      if (!watched) {
        notHeld++;
        return;
      }
      if (before !== 'hold') latenciesMs.push(tookMs);
      holdsWatched++;
      farthest = Math.max(farthest, watched.settled.farthestMm);
      farthestFromHold = Math.max(farthestFromHold, watched.fromHold.farthestMm);
      if (watched.left !== undefined) undone.push(`${name}: ${watched.left}`);
      if (watched.settled.farthestMm >= STILL_MM) moved.push(`${name}: ${watched.settled.words}`);
    },
    onMessage: (message) => {
      if (message.kind === 'status' && message.status.phase !== 'hold') phasesSince?.push(message.status.phase);
    },
    report: () => {
      const sorted = latenciesMs.toSorted((a, b) => a - b);
      return {
        stops,
        byPhase: Object.fromEntries(byPhase),
        notHeld,
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
        maxMs: sorted.at(-1) ?? 0,
        over100Ms: sorted.filter((ms) => ms > PUNCTUAL_MS).length,
        undone,
        holdsWatched,
        farthestMm: farthest,
        moved,
        farthestFromHoldMm: farthestFromHold,
        disturbed,
      };
    },
  };
}

async function motionsWhileHeld({ clock, seat, motion }: HoldOptions, holdMs: number) {
  const fromHold = motion.collect();
  const settledMs = (seat().status()?.timeMs ?? 0) + SETTLE_MS;
  await seat().until(({ timeMs }) => timeMs >= settledMs, SETTLED_WITHIN_MS);
  const afterSettling = motion.collect();
  await clock.sleepUntilMs(clock.nowMs() + holdMs);
  return { fromHold: motionOf(fromHold()), settled: motionOf(afterSettling()) };
}
