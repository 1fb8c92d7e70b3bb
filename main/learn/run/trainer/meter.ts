/** Measures a run: means of the metrics over a few updates go to the store, the newest ones to reports; the speed is a curve too. */
import type { MetricPoint, RunStore } from '../../../../data/runs.ts';
import type { Clock } from '../../../api/clock.ts';
import type { Metrics } from '../../algorithms/algorithm.ts';

/** Number of updates that make one point of a curve. */
const UPDATES_PER_POINT = 20;
/** Smallest number of points that is written in one transaction. */
const POINTS_PER_WRITE = 200;
/** Weight of the newest update in the speed. */
const SPEED_MEMORY = 0.05;

interface Sums {
  count: number;
  totals: Record<string, number>;
}

const copyOf = ({ count, totals }: Sums): Sums => ({ count, totals: { ...totals } });
const emptySums = (): Sums => ({ count: 0, totals: {} });

function include(sums: Sums, metrics: Metrics): void {
  sums.count++;
  for (const [name, value] of Object.entries(metrics)) sums.totals[name] = (sums.totals[name] ?? 0) + value;
}

function means({ count, totals }: Sums): Record<string, number> {
  return Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / count]));
}

/** The newest point of every curve; empty before the first. */
interface NewestPoint {
  readonly metrics: Metrics;
  readonly metricsStep?: number;
}

export type Meter = ReturnType<typeof createMeter>;

export function createMeter(clock: Clock, runId: number, runs: Pick<RunStore, 'appendMetrics'>) {
  let point = emptySums();
  let block = emptySums();
  let newest: NewestPoint = { metrics: {} };
  let waiting: MetricPoint[] = [];
  let lastMs: number | undefined;
  /** The updates of the current point whose duration is known, and their total duration. */
  let timed = { updates: 0, ms: 0 };
  let msPerUpdate: number | undefined;
  const flush = () => {
    if (waiting.length > 0) runs.appendMetrics(runId, waiting);
    waiting = [];
  };
  return {
    startedAtWallMs: clock.wallTimeMs(),
    count(step: number, metrics: Metrics): void {
      include(point, metrics);
      include(block, metrics);
      const nowMs = clock.nowMs();
      const tookMs = lastMs === undefined ? undefined : nowMs - lastMs;
      lastMs = nowMs;
      if (tookMs !== undefined) {
        timed = { updates: timed.updates + 1, ms: timed.ms + tookMs };
        msPerUpdate = msPerUpdate === undefined ? tookMs : msPerUpdate + SPEED_MEMORY * (tookMs - msPerUpdate);
      }
      if (step % UPDATES_PER_POINT !== 0) return;
      const measured = timed.ms > 0 ? { updatesPerSec: (1000 * timed.updates) / timed.ms } : {};
      newest = { metrics: { ...means(point), ...measured }, metricsStep: step };
      waiting.push(...Object.entries(newest.metrics).map(([name, value]) => ({ name, step, value })));
      point = emptySums();
      timed = { updates: 0, ms: 0 };
      if (waiting.length >= POINTS_PER_WRITE) flush();
    },
    /** Leaves the time since the last block out of the speed. A `resumed` block keeps the sums that its checkpoint held. */
    beginBlock(resumed: boolean): void {
      if (!resumed) block = emptySums();
      lastMs = undefined;
    },
    /** Returns the means over the block. */
    endBlock: (): Metrics => (block.count > 0 ? means(block) : {}),
    save: () => ({ blockSums: copyOf(block), pointSums: copyOf(point) }),
    restore(saved: { readonly blockSums: Sums; readonly pointSums: Sums }): void {
      [block, point] = [copyOf(saved.blockSums), copyOf(saved.pointSums)];
    },
    newest: () => newest,
    updatesPerSec: () => (msPerUpdate ? 1000 / msPerUpdate : 0),
    flush,
  };
}
