/**
 * Measures the punctuality of the control tick at 10 Hz in the real-time cell. The starter policy drives, everything is
 * recorded, and a client subscribes to every stream over the real socket. An idle 10 Hz timer on a thread of its own runs
 * beside it and shows the jitter of the machine itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../../main/api/clock.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { createEngine } from '../../main/engine/engine.ts';
import { DEFAULT_TIMING } from '../../main/engine/loop/driving.ts';
import { percentile } from '../../main/engine/loop/tick-stats.ts';
import { serveEngine } from '../../main/engine/server/server.ts';
import { createFakeHid } from '../../native/fake-hid.ts';
import { createRealtimeCell } from '../../native/sim/realtime/realtime-cell.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';
import { shippedPolicy } from './shipped-policy.ts';

export async function run(options: { readonly seconds?: number } = {}) {
  const seconds = options.seconds ?? 30;
  const folder = await mkdtemp(join(tmpdir(), 'tick-jitter-'));
  const cell = createRealtimeCell();
  const writer = await openStoreWriter({ folder });
  const engine = createEngine({
    projectFolder: folder,
    cell,
    pace: { kind: 'simulated', latencyMs: DEFAULT_TIMING.effectDelayMs },
    puck: createSpaceMouse({ transport: createFakeHid(), clock: systemClock, takeover: () => DEFAULT_TAKEOVER }),
    writer,
    ...shippedPolicy(),
    settings: { autoStart: true },
    unattended: true,
  });
  const server = await serveEngine({ engine, windowPuck: undefined, windowFolder: folder });
  await engine.open();
  const names = [...cell.info.cameras, ...cell.info.tactilePads].map(({ name }) => name);
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/socket`);
  let streamedBytes = 0;
  client.on('message', (data: Buffer, isBinary) => {
    if (isBinary) streamedBytes += data.byteLength;
  });
  await new Promise<void>((resolve) => client.once('open', () => resolve()));
  client.send(JSON.stringify({ kind: 'hello', code: new URL(server.issueUrl()).hash.replace('#code=', '') }));
  client.send(JSON.stringify({ kind: 'subscribe', streams: [...names, 'poses'], maxHz: 30 }));
  const idle = new Worker(new URL('./idle-timer.ts', import.meta.url));
  const ticking = engine.run({ reset: true });
  const untilMs = systemClock.nowMs() + seconds * 1000;
  let holds = 0;
  while (systemClock.nowMs() < untilMs) {
    await systemClock.sleepUntilMs(systemClock.nowMs() + 250);
    if (engine.loop.phase() === 'hold' && (await engine.resume()).kind === 'done') holds++;
  }
  const report = engine.loop.stats();
  const idleMs = await new Promise<number[]>((resolve) => {
    idle.once('message', resolve);
    idle.postMessage('stop');
  });
  const { stepsWritten } = writer.pressure();
  client.terminate();
  await engine.close();
  await ticking;
  await server.close();
  await writer.close();
  await rm(folder, { recursive: true });
  const idleSorted = idleMs.sort((a, b) => a - b);
  return {
    name: 'tick-jitter',
    seconds,
    ticks: report.ticks,
    p50Ms: report.jitterP50Ms,
    p99Ms: report.jitterP99Ms,
    idleP50Ms: percentile(idleSorted, 0.5),
    idleP99Ms: percentile(idleSorted, 0.99),
    missedDeadlines: report.missedDeadlines,
    skippedEdges: report.skippedEdges,
    holds,
    stepsWritten,
    streamedMegabytes: streamedBytes / 1e6,
  };
}
