/** What the learning library says about runs: presets, pace, which policy fits, which settings were used. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunSpec } from '../../main/api/run.ts';
import { STARTER_MANIFEST } from '../../main/policy/assets.ts';
import { createRunCatalogue } from '../../main/runs/run-catalogue.ts';

const SPEC: RunSpec = {
  ...({ algorithm: 'conrft', preset: 'cell', stage: 'online', task: 'insert', observation: 'pixels' } as const),
  seed: 0,
};

test('every algorithm has its presets; every recipe names an algorithm and a preset that are there', async () => {
  const { algorithms, recipes } = await createRunCatalogue('nowhere').options();
  const presets = new Map(algorithms.map(({ name, presets }) => [name, presets]));
  assert.deepEqual(presets.get('conrft')?.toSorted(), ['cell', 'paper', 'released-code']);
  for (const { name, algorithm, preset } of recipes) assert.ok(presets.get(algorithm)?.includes(preset), name);
});

test('the shipped policy fits the preset that made it, and no other; why not is said', async () => {
  const { misfit } = createRunCatalogue('nowhere');
  assert.equal(await misfit(SPEC, STARTER_MANIFEST), undefined);
  assert.match((await misfit({ ...SPEC, preset: 'paper' }, STARTER_MANIFEST)) ?? '', /other sizes/);
  assert.match((await misfit({ ...SPEC, task: 'lift' }, STARTER_MANIFEST)) ?? '', /for the task insert/);
  assert.match((await misfit({ ...SPEC, observation: 'state' }, STARTER_MANIFEST)) ?? '', /sees pixels/);
  assert.match((await misfit(SPEC, 'nowhere/manifest.json')) ?? '', /no policy manifest/);
});

test('pace and settings: the preset’s, changed where the run says so; groups are written out', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-catalogue-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const catalogue = createRunCatalogue(folder);
  assert.equal((await catalogue.pace(SPEC)).offlineSteps, 1000);
  assert.equal((await catalogue.pace(SPEC)).ownEpisodes, undefined);
  assert.equal((await catalogue.pace({ ...SPEC, algorithm: 'ppo', settings: { episodes: 5 } })).ownEpisodes, 5);
  assert.equal((await catalogue.pace({ ...SPEC, settings: { actorUpdatesPerStep: 3 } })).actorUpdatesPerStep, 3);
  for (const algorithm of ['conrft', 'rlpd', 'imitation'] as const)
    assert.equal((await catalogue.pace({ ...SPEC, algorithm })).hasCritics, algorithm !== 'imitation', algorithm);
  assert.deepEqual(await catalogue.settings(1), {});
  mkdirSync(join(folder, 'runs', '1'), { recursive: true });
  writeFileSync(join(folder, 'runs', '1', 'config.json'), '{"hidden":[64,32],"online":{"beta":0.5},"mcFloor":"cut"}');
  assert.deepEqual(await catalogue.settings(1), { hidden: '64, 32', 'online.beta': '0.5', mcFloor: 'cut' });
});
