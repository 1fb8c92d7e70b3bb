/** Published policies that go and that stay: by age, by who refers to them, and never one that is held. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { policiesToPrune } from '../../../main/runs/policies/policy-pruning.ts';
import { openRunRows } from '../../../main/runs/run-rows.ts';
import { inFolder } from '../../data/fixture.ts';
import { recordToyEpisodes } from '../../learn/toy-project.ts';
import { SPEC } from '../fake-trainer.ts';

const publishedFor = (seconds: number) =>
  Array.from({ length: seconds / 5 + 1 }, (_, at) => ({ name: `run-1/${at}`, createdAtMs: 5000 * at }));

test('an hour of a live run: the newest, one every five minutes, and those that are needed', () => {
  const published = publishedFor(3600);
  const gone = new Set(policiesToPrune(published, new Set(['run-1/100', 'run-1/701'])));
  const kept = published.filter(({ name }) => !gone.has(name)).map(({ name }) => name);
  const history = Array.from({ length: 12 }, (_, at) => `run-1/${60 * at}`);
  const newest = Array.from({ length: 20 }, (_, at) => `run-1/${701 + at}`);
  assert.deepEqual(new Set(kept), new Set([...history, 'run-1/100', ...newest]));
});

test('pruned after every publication, the history is the same as pruned once', () => {
  let there: ReturnType<typeof publishedFor> = [];
  for (const policy of publishedFor(1800)) {
    there.push(policy);
    const gone = new Set(policiesToPrune(there, new Set()));
    there = there.filter(({ name }) => !gone.has(name));
  }
  const once = new Set(policiesToPrune(publishedFor(1800), new Set()));
  assert.deepEqual(
    there,
    publishedFor(1800).filter(({ name }) => !once.has(name)),
  );
});

test('folders are removed, except those that an episode, a measurement, a run or the engine refers to', () =>
  inFolder(async (folder) => {
    await recordToyEpisodes(folder, { demonstrations: 0, corrected: 1, policy: 'run-1/30', seed: 1 });
    const rows = openRunRows(folder);
    const runId = await rows.createRun(SPEC);
    await rows.createRun({ ...SPEC, startFrom: 'run-1/40' });
    const about = { runId, newestSequence: 1, folder: '' };
    await rows.addCheckpoint({ ...about, step: 50, policy: 'run-1/50', successRate: 0.5, episodes: 10 });
    await rows.addCheckpoint({ ...about, step: 60, policy: 'run-1/60', successRate: undefined, episodes: undefined });
    await rows.updateRun(runId, { policy: 'run-1/400' });
    const run = join(folder, 'runs', '1');
    for (let step = 10; step <= 400; step += 10) {
      mkdirSync(join(run, `policy-${step}`), { recursive: true });
      writeFileSync(join(run, `policy-${step}`, 'manifest.json'), '{}');
      utimesSync(join(run, `policy-${step}`), step, step);
    }
    writeFileSync(join(run, 'checkpoint.bin'), 'weights');
    assert.equal(await rows.prunePolicies(runId, ['run-1/70']), 15);
    const steps = readdirSync(run).flatMap((name) => (name.startsWith('policy-') ? [Number(name.slice(7))] : []));
    const newest = Array.from({ length: 20 }, (_, at) => 210 + 10 * at);
    // 10 begins the history. 310 is five minutes later, and among the newest.
    assert.deepEqual(
      steps.sort((a, b) => a - b),
      [10, 30, 40, 50, 70, ...newest].sort((a, b) => a - b),
    );
    assert.ok(existsSync(join(run, 'checkpoint.bin')));
    assert.equal(await rows.prunePolicies(runId, ['run-1/70']), 0);
    assert.equal(await rows.prunePolicies(7, []), 0);
    await rows.close();
  }));
