/**
 * The grid of the control loop's edges, and its punctuality: how late the newest ticks began, and how many deadlines
 * were missed.
 */
import type { Clock } from '../../api/clock.ts';

const WINDOW_TICKS = 600;
const RATE_OVER_MS = 5000;

/** Edges lie at t_0 + k · period and never move, so that a late tick does not delay the ones that follow. */
export function createGrid(clock: Clock, periodMs: number, stats: TickStats) {
  let originMs = clock.nowMs();
  let tickIndex = -1;
  const edgeMs = () => originMs + tickIndex * periodMs;
  return {
    /** Puts the origin of the grid at `timeMs`. */
    anchor: (timeMs: number) => {
      originMs = timeMs;
      tickIndex = -1;
    },
    /** Returns the time of the next edge. Edges that are overdue by more than half a period are skipped. */
    nextEdgeMs: () => {
      tickIndex++;
      const lateMs = clock.nowMs() - edgeMs();
      if (lateMs > periodMs / 2) {
        const skipped = Math.ceil(lateMs / periodMs);
        tickIndex += skipped;
        stats.skipped(skipped);
      }
      return edgeMs();
    },
  };
}

export type TickStats = ReturnType<typeof createTickStats>;
export type TickReport = ReturnType<TickStats['report']>;

export function createTickStats() {
  const lateness = new Float64Array(WINDOW_TICKS);
  const starts = new Float64Array(WINDOW_TICKS);
  let ticks = 0;
  let missedDeadlines = 0;
  let missedInARow = 0;
  let skippedEdges = 0;
  let policyLatencyMs = 0;
  return {
    /** Notes that the tick due at `edgeMs` begins at `startMs`. */
    edge: (edgeMs: number, startMs: number) => {
      lateness[ticks % WINDOW_TICKS] = Math.abs(startMs - edgeMs);
      starts[ticks % WINDOW_TICKS] = startMs;
      ticks++;
    },
    skipped: (edges: number) => {
      skippedEdges += edges;
    },
    /** Returns how many deadlines have been missed in a row. */
    missedDeadline: () => {
      missedDeadlines++;
      return ++missedInARow;
    },
    /** Ends the row of missed deadlines. */
    keptDeadline: () => {
      missedInARow = 0;
    },
    policyLatency: (latencyMs: number) => {
      policyLatencyMs = latencyMs;
    },
    report: (nowMs: number) => {
      const sorted = lateness.slice(0, Math.min(ticks, WINDOW_TICKS)).sort();
      return {
        ticks,
        /** Ticks per second over the newest five seconds; falls while an edge is overdue. */
        hz: rateOf(starts, ticks, nowMs),
        jitterP50Ms: percentile(sorted, 0.5),
        jitterP99Ms: percentile(sorted, 0.99),
        missedDeadlines,
        skippedEdges,
        policyLatencyMs,
      };
    },
  };
}

/**
 * Returns the smallest value of an ascending list that at least `share` of its values do not exceed; 0 for an empty
 * list.
 */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return 0;
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))] ?? 0;
}

/**
 * Returns ticks per second from the newest intervals. The open interval counts once it is longer than the others are.
 */
function rateOf(starts: Float64Array, ticks: number, nowMs: number): number {
  const start = (back: number) => starts[(ticks - 1 - back) % WINDOW_TICKS] ?? 0;
  const held = Math.min(ticks, WINDOW_TICKS);
  let intervals = 0;
  while (intervals + 1 < held && nowMs - start(intervals + 1) <= RATE_OVER_MS) intervals++;
  if (intervals === 0) return held === 0 ? 0 : 1000 / Math.max(1, nowMs - start(0));
  const spanMs = start(0) - start(intervals);
  const openMs = nowMs - start(0);
  const overdueMs = Math.max(0, openMs - (1.5 * spanMs) / intervals);
  return (1000 * intervals) / Math.max(1, spanMs + overdueMs);
}
