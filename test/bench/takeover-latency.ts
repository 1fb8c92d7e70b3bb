/**
 * Measures the takeover latency in the real-time cell: from the arrival of a HID report that takes over to the first
 * physics substep that uses the changed set-point. The path is driver, arbitration, safety, shared memory, servo thread.
 */
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { createEngine } from '../../main/engine/engine.ts';
import { DEFAULT_TIMING } from '../../main/engine/loop/driving.ts';
import { percentile } from '../../main/engine/loop/tick-stats.ts';
import { createFakeHid } from '../../native/fake-hid.ts';
import { axesReport } from '../../native/sim/people/spacemouse-report.ts';
import { createRealtimeCell } from '../../native/sim/realtime/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { shippedPolicy } from './shipped-policy.ts';

const REPORT_EVERY_MS = 8;
/** Long enough that a late use counts as what it is, not as a miss. */
const PUSHED_MS = 1000;
const RELEASE_MS = 200;

export async function run(options: { readonly takeovers?: number } = {}) {
  const takeovers = options.takeovers ?? 100;
  const cell = createRealtimeCell();
  const hid = createFakeHid();
  const puck = createSpaceMouse({ transport: hid, clock: systemClock, takeover: () => DEFAULT_TAKEOVER });
  const rng = createRng(7);
  const engine = createEngine({
    projectFolder: '',
    cell,
    pace: { kind: 'simulated', latencyMs: DEFAULT_TIMING.effectDelayMs },
    puck,
    ...shippedPolicy(),
    unattended: true,
    settings: {
      autoStart: true,
      takeover: { mode: 'motion', engageDeflection: 0.12, neutralDeflection: 0.06, releaseAfterMs: 50, holdButton: 0 },
    },
  });
  await engine.open();
  const ticking = engine.run({ reset: true });
  const latenciesMs: number[] = [];
  let missed = 0;
  const waitMs = (ms: number) => systemClock.sleepUntilMs(systemClock.nowMs() + ms);
  while (latenciesMs.length + missed < takeovers) {
    if (engine.loop.driver() !== 'policy') {
      // A machine that is busy with other things may make the arm hold: go on as an operator would.
      if (engine.loop.phase() === 'hold') await engine.resume();
      await waitMs(10);
      continue;
    }
    await waitMs(rng.range(0, 100));
    if (engine.loop.driver() !== 'policy') continue;
    const before = cell.lastFirstUse().number;
    const arrivedMs = systemClock.nowMs();
    hid.push(axesReport([0, 0, -0.2, 0, 0, 0]));
    const untilMs = arrivedMs + PUSHED_MS;
    let used = cell.lastFirstUse();
    while (used.number <= before && systemClock.nowMs() < untilMs) {
      await waitMs(1);
      used = cell.lastFirstUse();
    }
    if (used.number > before) latenciesMs.push(Math.max(0, used.usedMs - arrivedMs));
    else missed++;
    for (let sent = 0; sent < 4; sent++) {
      await waitMs(REPORT_EVERY_MS);
      hid.push(axesReport([0, 0, 0, 0, 0, 0]));
    }
    await waitMs(RELEASE_MS);
  }
  await engine.close();
  await ticking;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    name: 'takeover-latency',
    takeovers: latenciesMs.length,
    missed,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
  };
}
