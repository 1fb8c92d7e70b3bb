/**
 * Measures the trainer's memory. Records 100,000 transitions with embeddings of 384 and 27 proprioception numbers into a
 * project, loads them into a pool in a process of its own, and samples. Reports that process's peak resident memory.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openForWriting } from '../../data/database.ts';
import { openLearningSource } from '../../data/learning/learning.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import type { Command } from '../../data/recording/commands.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { FULL, start, step } from '../data/fixture.ts';

const EPISODE_STEPS = 100;
const BATCH = 256;
const DRAWS = 200;

/** Without pictures: the trainer never reads those of an embedded observation. */
function record(folder: string, transitions: number): void {
  const database = openForWriting(folder);
  const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => 1, reserveBytes: 0 });
  const rng = createRng(1);
  const bare = { frames: [], tactile: [] };
  const begun = start(rng, 'run', FULL);
  const first = { ...begun, first: { ...begun.first, ...bare } };
  const steps = Array.from({ length: EPISODE_STEPS }, (_, index) => {
    const one = step(rng, index, index % 4 === 0 ? 'human' : 'policy', FULL);
    return { ...one, next: { ...one.next, ...bare } };
  });
  for (let episodeId = 1; episodeId <= transitions / EPISODE_STEPS; episodeId++) {
    const commands: Command[] = [{ kind: 'begin', episodeId, start: first }];
    for (const one of steps) commands.push({ kind: 'step', episodeId, step: one });
    commands.push({ kind: 'end', episodeId, end: { outcome: 'success', judge: 'simulator' }, lostSteps: 0 });
    const { problems } = recorder.apply(commands);
    if (problems[0]) throw new Error(problems[0].message);
  }
  database.close();
}

function load(folder: string) {
  const pool = createTransitionPool({ embeddingSize: 384, proprioceptionSize: 27, stack: 2, discount: 0.98 });
  const source = openLearningSource({ folder, pool });
  const startedMs = systemClock.nowMs();
  const { transitions } = source.load();
  const loadSec = (systemClock.nowMs() - startedMs) / 1000;
  const rng = createRng(2);
  const batch = pool.createBatch(BATCH);
  pool.sampleBatch(rng, 1, 'rl', batch);
  const sampledMs = systemClock.nowMs();
  for (let draw = 0; draw < DRAWS; draw++) {
    pool.sampleBatch(rng, BATCH / 2, 'rl', batch);
    pool.sampleBatch(rng, BATCH / 2, 'demo', batch, BATCH / 2);
  }
  const sampleMs = (systemClock.nowMs() - sampledMs) / DRAWS;
  source.close();
  const memory = process.memoryUsage();
  return {
    ...{ transitions, loadSec, sampleMs },
    residentMb: Math.round(memory.rss / 1e6),
    peakResidentMb: Math.round(process.resourceUsage().maxRSS / 1e3),
    arrayBuffersMb: Math.round(memory.arrayBuffers / 1e6),
  };
}

export async function run(transitions = 100_000) {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-bench-'));
  try {
    record(folder, transitions);
    const text = execFileSync(process.execPath, [import.meta.filename, folder], { encoding: 'utf8' });
    const measured: ReturnType<typeof load> = JSON.parse(text);
    return { name: 'trainer-memory', ...measured };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  console.log(JSON.stringify(folder === undefined || folder.startsWith('--') ? await run() : load(folder)));
}
