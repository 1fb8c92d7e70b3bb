/**
 * Measures how fast the store records. An episode of the cell is handed to the writer's thread over and over, as fast as
 * the writer takes it. A step has two 128×128 pictures, two 16×16 pads and an embedding of 384. Also measures the bytes
 * per transition on disk and the time of a commit.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../data/database.ts';
import { openStoreWriter } from '../../data/recording/writer.ts';
import { systemClock } from '../../main/api/clock.ts';
import { recordCellEpisode } from './cell-episode.ts';

const EMBEDDING_SIZE = 384;
const COMMITS = 50;

export async function run(transitions = 3000) {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-bench-'));
  try {
    const { start: begun, steps } = await recordCellEpisode(EMBEDDING_SIZE);
    const writer = await openStoreWriter({ folder, reserveBytes: 0 });
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const startedMs = systemClock.nowMs();
    let callMs = 0;
    let recorded = 0;
    for (; recorded < transitions; recorded += steps.length) {
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
    for (let index = 0; index < COMMITS; index++) {
      const one = steps[index % steps.length];
      if (!one) break;
      const beforeMs = systemClock.nowMs();
      writer.appendStep(episodeId, { ...one, index });
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
      transitionsPerSec: Math.round(recorded / seconds),
      bytesPerTransition: Math.round(statSync(projectFile(folder)).size / count),
      callMs: callMs / recorded,
      p50Ms: commits[25] ?? 0,
      p99Ms: commits[49] ?? 0,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(JSON.stringify(await run()));
