/**
 * Measures how much a run slows down while a window watches it. One trainer works all the time. Stretches with a client
 * alternate with stretches without, so that other load on the machine meets both. The client does what the window does:
 * it reads the curves once, then every status, as text over the wire's schemas. `slowdown` is the median over the pairs
 * of 1 − watched / alone. On a busy machine `spread` limits its accuracy, so the processor time of the watching is
 * reported as well.
 */
import { systemClock } from '../../main/api/clock.ts';
import type { RunStatus } from '../../main/api/run.ts';
import { CALLS, serverMessageSchema } from '../../main/api/window/messages.ts';
import { type Training, whileTraining } from './busy-trainer.ts';

export interface MetricsCostOptions {
  readonly pairs?: number;
  readonly phaseSec?: number;
}

const POINTS = 1000;
const MS_PER_SEC = 1000;

interface Phase {
  readonly updatesPerSec: number;
  /** Processor time of this process, which stands for the engine and the client. */
  readonly processorMsPerSec: number;
}

interface Pair {
  readonly alone: Phase;
  readonly watched: Phase;
}

/** Updates between the first and the last status of a stretch. */
async function phase(training: Training, phaseSec: number, watching: boolean): Promise<Phase> {
  const seen: { step: number; atMs: number }[] = [];
  const stop = training.onStatus((status) => {
    seen.push({ step: status.step, atMs: systemClock.nowMs() });
    if (watching) watch(status);
  });
  const before = process.cpuUsage();
  if (watching) {
    const series = await training.rows.series(training.runId, undefined, POINTS);
    CALLS['run.metrics'].result.parse(JSON.parse(JSON.stringify({ series })));
  }
  await systemClock.sleepUntilMs(systemClock.nowMs() + phaseSec * MS_PER_SEC);
  stop();
  const { user, system } = process.cpuUsage(before);
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last || last.atMs === first.atMs)
    throw new Error(`${seen.length} statuses in ${phaseSec} s; expected one a second. Is the trainer at work?`);
  return {
    updatesPerSec: ((last.step - first.step) * MS_PER_SEC) / (last.atMs - first.atMs),
    processorMsPerSec: (user + system) / MS_PER_SEC / phaseSec,
  };
}

/** As the engine sends it and the window reads it. */
function watch(run: RunStatus): void {
  serverMessageSchema.parse(JSON.parse(JSON.stringify({ kind: 'run', run })));
}

const quantile = (values: readonly number[], at: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? Number.NaN;

export async function run({ pairs = 26, phaseSec = 6 }: MetricsCostOptions = {}) {
  const { result: phases } = await whileTraining(async (training) => {
    const measured: Pair[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      // The order within a pair alternates too, so that a machine that gets slower or faster meets both.
      const first = await phase(training, phaseSec, pair % 2 === 1);
      const second = await phase(training, phaseSec, pair % 2 === 0);
      measured.push(pair % 2 === 1 ? { alone: second, watched: first } : { alone: first, watched: second });
    }
    return measured;
  });
  const slowdowns = phases.map(({ alone, watched }) => 1 - watched.updatesPerSec / alone.updatesPerSec);
  const median = (of: (pair: Pair) => number) => quantile(phases.map(of), 0.5);
  return {
    name: 'metrics-cost',
    pairs,
    slowdown: quantile(slowdowns, 0.5),
    spread: [quantile(slowdowns, 0.25), quantile(slowdowns, 0.75)],
    alone: { updatesPerSec: median(({ alone }) => alone.updatesPerSec) },
    watched: { updatesPerSec: median(({ watched }) => watched.updatesPerSec) },
    /** Share of one core. */
    processorShare: median(({ alone, watched }) => watched.processorMsPerSec - alone.processorMsPerSec) / MS_PER_SEC,
  };
}
