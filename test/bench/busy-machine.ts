/**
 * Measures the program on a busy machine: `takeover serve`, with a window that watches every stream and sometimes takes
 * over. It runs alone and beside four busy loops. A slow computer may slow the simulated clock and nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { percentile } from '../../main/engine/loop/tick-stats.ts';
import { serve } from '../e2e/served.ts';
import { besideBusyLoops } from './busy-loops.ts';
import { openHeadlessWindow } from './headless-window.ts';
import { run as takeoverLatency } from './takeover-latency.ts';

const BUSY_LOOPS = 4;
const START_WITHIN_MS = 120_000;
const PATIENCE_MS = 60_000;
const PUSH: readonly number[] = [0, 0, -0.3, 0, 0, 0];

interface Watched {
  readonly seconds: number;
  readonly ticksPerSimulatedSec: number;
  readonly faults: number;
  readonly holds: number;
  readonly missedDeadlines: number;
  readonly skippedEdges: number;
  readonly warnings: number;
  readonly episodes: number;
  readonly takeovers: number;
  readonly realTimeFactor: number;
  readonly lowestRealTimeFactor: number;
  readonly keyToDriverP50Ms: number;
  readonly keyToDriverP99Ms: number;
  readonly firstWords: readonly string[];
}

async function watch(seconds: number): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'busy-machine-'));
  const engine = await serve(folder);
  const window = await openHeadlessWindow(engine.url);
  const rng = createRng(3);
  const counts = { faults: 0, holds: 0, warnings: 0, episodes: 0 };
  const factors: number[] = [];
  const words: string[] = [];
  let phase = 'hold';
  window.onMessage((message) => {
    if (message.kind === 'notice' && message.level !== 'info') {
      counts.warnings++;
      words.push(message.text);
    }
    if (message.kind === 'episode' && message.episode.outcome !== undefined) counts.episodes++;
    if (message.kind !== 'status') return;
    const { status } = message;
    if (status.phase === 'hold' && phase !== 'hold') {
      counts.holds++;
      if (status.fault) {
        counts.faults++;
        words.push(status.fault.what);
      }
    }
    phase = status.phase;
    if (status.tick.realTimeFactor !== undefined) factors.push(status.tick.realTimeFactor);
  });
  await window.call('controls.claim');
  await window.until((status) => status.driver === 'policy', START_WITHIN_MS, 'the policy to drive');
  factors.length = 0; // The start does not count.
  const latenciesMs: number[] = [];
  const startedMs = systemClock.nowMs();
  const untilMs = startedMs + seconds * 1000;
  const pause = (ms: number) => systemClock.sleepUntilMs(systemClock.nowMs() + ms);
  while (systemClock.nowMs() < untilMs) {
    await window.until((status) => status.driver === 'policy', PATIENCE_MS, 'the policy to drive');
    await pause(rng.range(500, 2500));
    if (window.status()?.driver !== 'policy') continue;
    const pushedMs = systemClock.nowMs();
    window.push(PUSH);
    const taken = await window
      .until((status) => status.driver !== 'policy', PATIENCE_MS, 'the person to drive')
      .finally(() => {
        if (window.status()?.driver === 'human') latenciesMs.push(systemClock.nowMs() - pushedMs);
      });
    await pause(taken.driver === 'human' ? 400 : 0);
    window.push(undefined);
    await window.until((status) => status.driver !== 'human', PATIENCE_MS, 'control to go back');
  }
  const status = window.status();
  window.close();
  engine.child.kill('SIGTERM');
  await engine.exited;
  await rm(folder, { recursive: true });
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    seconds: (systemClock.nowMs() - startedMs) / 1000,
    ticksPerSimulatedSec: status?.tick.hz ?? 0,
    ...counts,
    missedDeadlines: status?.tick.missedDeadlines ?? -1,
    skippedEdges: status?.tick.skippedEdges ?? -1,
    takeovers: sorted.length,
    realTimeFactor: factors.reduce((sum, factor) => sum + factor, 0) / Math.max(1, factors.length),
    lowestRealTimeFactor: Math.min(...factors),
    keyToDriverP50Ms: percentile(sorted, 0.5),
    keyToDriverP99Ms: percentile(sorted, 0.99),
    firstWords: words.slice(0, 5),
  };
}

export async function run(
  options: { readonly aloneSec?: number; readonly busySec?: number; readonly takeovers?: number } = {},
) {
  const { aloneSec = 60, busySec = 600, takeovers = 100 } = options;
  const reportToSubstep = () => takeoverLatency({ takeovers });
  const alone = await watch(aloneSec);
  const aloneLatency = await reportToSubstep();
  const busy = await besideBusyLoops(BUSY_LOOPS, () => watch(busySec));
  const busyLatency = await besideBusyLoops(BUSY_LOOPS, reportToSubstep);
  return {
    name: 'busy-machine',
    ...busy,
    busyTakeover: { p50Ms: busyLatency.p50Ms, p99Ms: busyLatency.p99Ms, missed: busyLatency.missed },
    alone,
    aloneTakeover: { p50Ms: aloneLatency.p50Ms, p99Ms: aloneLatency.p99Ms, missed: aloneLatency.missed },
  };
}
