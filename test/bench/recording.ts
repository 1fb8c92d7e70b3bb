/**
 * How fast the store records: two 128×128 cameras, two 16×16 pads and an embedding of 384 per step, as fast as the writer
 * takes them, through its thread. Also the bytes per transition on disk, and how long a commit is away at 10 Hz.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../data/database.ts';
import { openStoreWriter } from '../../data/writer.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { FULL, start, step } from '../data/fixture.ts';

const EPISODE_STEPS = 100;

export async function run(transitions = 3000) {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-bench-'));
  try {
    const rng = createRng(1);
    const steps = Array.from({ length: EPISODE_STEPS }, (_, index) => step(rng, index, 'policy', FULL));
    const begun = start(rng, 'run', FULL);
    const writer = await openStoreWriter({ folder, reserveBytes: 0 });
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const startedMs = systemClock.nowMs();
    let callMs = 0;
    for (let recorded = 0; recorded < transitions; recorded += EPISODE_STEPS) {
      const episodeId = writer.beginEpisode(begun);
      for (const one of steps) {
        await writer.room();
        const beforeMs = systemClock.nowMs();
        writer.appendStep(episodeId, one);
        callMs += systemClock.nowMs() - beforeMs;
      }
      writer.endEpisode(episodeId, { outcome: 'success', judge: 'simulator' });
    }
    await writer.drained();
    const seconds = (systemClock.nowMs() - startedMs) / 1000;

    const commits: number[] = [];
    const episodeId = writer.beginEpisode(begun);
    for (const one of steps.slice(0, 50)) {
      const beforeMs = systemClock.nowMs();
      writer.appendStep(episodeId, one);
      await writer.drained();
      commits.push(systemClock.nowMs() - beforeMs);
      await systemClock.sleepUntilMs(beforeMs + 20);
    }
    await writer.close();
    if (problems.length > 0) throw new Error(problems.join('\n'));
    commits.sort((left, right) => left - right);
    const count = writer.pressure().stepsWritten;
    return {
      name: 'recording',
      transitions: count,
      transitionsPerSec: Math.round(transitions / seconds),
      bytesPerTransition: Math.round(statSync(projectFile(folder)).size / count),
      callMs: callMs / transitions,
      p50Ms: commits[25] ?? 0,
      p99Ms: commits[49] ?? 0,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(JSON.stringify(await run()));
