/** How punctual the control loop is: lateness of each tick's start against its edge over the newest ticks, and what was missed. */
const WINDOW_TICKS = 600;
const RATE_OVER_MS = 5000;

export interface TickReport {
  readonly ticks: number;
  /** Ticks per second over the newest five; falls while an edge is overdue. */
  readonly hz: number;
  readonly jitterP50Ms: number;
  readonly jitterP99Ms: number;
  readonly missedDeadlines: number;
  readonly skippedEdges: number;
  readonly policyLatencyMs: number;
}

export interface TickStats {
  /** A tick that was due at `edgeMs` begins at `startMs`. */
  edge(edgeMs: number, startMs: number): void;
  skipped(edges: number): void;
  missedDeadline(): void;
  policyLatency(latencyMs: number): void;
  report(nowMs: number): TickReport;
}

export function createTickStats(): TickStats {
  const lateness = new Float64Array(WINDOW_TICKS);
  const starts = new Float64Array(WINDOW_TICKS);
  let ticks = 0;
  let missedDeadlines = 0;
  let skippedEdges = 0;
  let policyLatencyMs = 0;
  return {
    edge: (edgeMs, startMs) => {
      lateness[ticks % WINDOW_TICKS] = Math.abs(startMs - edgeMs);
      starts[ticks % WINDOW_TICKS] = startMs;
      ticks++;
    },
    skipped: (edges) => {
      skippedEdges += edges;
    },
    missedDeadline: () => {
      missedDeadlines++;
    },
    policyLatency: (latencyMs) => {
      policyLatencyMs = latencyMs;
    },
    report: (nowMs) => {
      const sorted = lateness.slice(0, Math.min(ticks, WINDOW_TICKS)).sort();
      return {
        ticks,
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

/** Of an ascending list: the smallest value that at least `share` of them do not exceed; 0 when there is none. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return 0;
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))] ?? 0;
}

/** Intervals between the newest starts; the one that is still open counts once it is longer than they are. */
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
