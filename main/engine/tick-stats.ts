/** How punctual the control loop is: lateness of each tick's start against its edge over the newest ticks, and what was missed. */
const WINDOW_TICKS = 600;

export interface TickReport {
  readonly ticks: number;
  readonly jitterP50Ms: number;
  readonly jitterP99Ms: number;
  readonly missedDeadlines: number;
  readonly skippedEdges: number;
  readonly policyLatencyMs: number;
}

export interface TickStats {
  edge(latenessMs: number): void;
  skipped(edges: number): void;
  missedDeadline(): void;
  policyLatency(latencyMs: number): void;
  report(): TickReport;
}

export function createTickStats(): TickStats {
  const lateness = new Float64Array(WINDOW_TICKS);
  let ticks = 0;
  let missedDeadlines = 0;
  let skippedEdges = 0;
  let policyLatencyMs = 0;
  return {
    edge: (latenessMs) => {
      lateness[ticks++ % WINDOW_TICKS] = Math.abs(latenessMs);
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
    report: () => {
      const sorted = lateness.slice(0, Math.min(ticks, WINDOW_TICKS)).sort();
      return {
        ticks,
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
