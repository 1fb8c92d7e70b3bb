/** SIGKILL at random moments, 50 times, into two projects. At most the step in flight is lost, and the files are sound. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { openForReading } from '../../data/database.ts';
import { createQueries } from '../../data/reading/queries.ts';
import { systemClock } from '../../main/api/clock.ts';
import { createRng } from '../../main/api/rng.ts';
import { inFolder, openWriter } from './fixture.ts';

const KILLS = 50;
const LANES = 2;
const child = new URL('./recorder-child.ts', import.meta.url).pathname;

/** Starts a recorder and kills it `afterMs` later, counted from its opening of the project or from its birth. */
async function recordAndKill(
  folder: string,
  cache: string,
  seed: number,
  afterMs: number,
  fromBirth: boolean,
): Promise<readonly [number, number]> {
  const recorder = spawn(process.execPath, [child, folder, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  let text = '';
  const opened = Promise.withResolvers<void>();
  recorder.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.includes('\n')) opened.resolve();
  });
  const closed = new Promise<void>((resolve) => recorder.once('close', () => resolve()));
  if (!fromBirth) await Promise.race([opened.promise, closed]);
  await systemClock.sleepUntilMs(systemClock.nowMs() + afterMs);
  recorder.kill('SIGKILL');
  await closed;
  assert.doesNotMatch(text, /false alarm/, 'no committed step is missing after a kill');
  const lines = text.split('\n').filter((line) => /^\d+ \d+$/.test(line));
  const [episodeId = 0, steps = 0] = (lines.at(-1) ?? '').split(' ').map(Number);
  return [episodeId, steps];
}

function check(folder: string, episodeId: number, confirmed: number): void {
  const database = openForReading(folder);
  assert.equal(database.pragma('integrity_check', { simple: true }), 'ok');
  if (episodeId > 0) {
    const queries = createQueries(database);
    const stored = queries.episode(episodeId)?.steps ?? 0;
    assert.ok(stored >= confirmed && stored <= confirmed + 1, `${confirmed} steps confirmed, ${stored} stored`);
    assert.equal(queries.observations(episodeId).length, stored + 1);
    const added = database.prepare<[number], number>('SELECT count(*) FROM rl_buffer WHERE episode_id = ?').pluck();
    assert.equal(added.get(episodeId), stored);
  }
  database.close();
}

test(`SIGKILL ${KILLS} times loses at most the step in flight`, () =>
  inFolder(async (root) => {
    const lane = async (index: number) => {
      const rng = createRng(50).split(index);
      const folder = `${root}/${index}`;
      let confirmed = 0;
      for (let kill = 0; kill < KILLS / LANES; kill++) {
        const fromBirth = kill % 5 === 4;
        const afterMs = rng.range(0, fromBirth ? 500 : 60);
        const [episodeId, steps] = await recordAndKill(folder, `${root}/compiled`, kill, afterMs, fromBirth);
        confirmed += steps;
        check(folder, episodeId, steps);
      }
      const writer = await openWriter(folder);
      const problems: string[] = [];
      writer.onProblem((problem) => problems.push(problem.message));
      assert.doesNotMatch(problems.join(), /missing/);
      assert.ok(problems.length <= 1, 'each start closes what the kill before it had cut short');
      return confirmed;
    };
    const confirmed = await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
    assert.ok(confirmed.every((steps) => steps > 0));
  }));
