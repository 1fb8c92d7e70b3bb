/** Tests the answers of the learning library about runs: presets, pace, policies that fit, used settings. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunSpec } from '../../main/api/run.ts';
import { configureAlgorithm } from '../../main/learn/algorithms/algorithm-registry.ts';
import { exportPolicy, readPolicy } from '../../main/learn/policies/export-policy.ts';
import { CELL_ENCODER_MANIFEST, CELL_TRUNK_MANIFEST, starterManifestFor } from '../../main/models/assets.ts';
import { readEncoderManifest } from '../../main/models/encoder-manifest.ts';
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
  assert.equal(await misfit(SPEC, starterManifestFor('insert')), undefined);
  assert.match((await misfit({ ...SPEC, preset: 'paper' }, starterManifestFor('insert'))) ?? '', /other sizes/);
  assert.match((await misfit({ ...SPEC, task: 'lift' }, starterManifestFor('insert'))) ?? '', /for the task insert/);
  assert.match((await misfit({ ...SPEC, observation: 'state' }, starterManifestFor('insert'))) ?? '', /sees pixels/);
  assert.match((await misfit(SPEC, 'nowhere/manifest.json')) ?? '', /no policy manifest/);
});

test('with an encoder that makes maps, policies of another one do not fit, and HIL-SERL reads the maps', async (t) => {
  const { misfit, pace } = createRunCatalogue('nowhere', CELL_TRUNK_MANIFEST);
  assert.match((await misfit(SPEC, starterManifestFor('insert'))) ?? '', /another encoder than cell-trunk/);
  assert.equal(
    await misfit({ ...SPEC, observation: 'state' }, starterManifestFor('insert')),
    'it sees pixels, this run state',
  );
  assert.equal(
    await createRunCatalogue('nowhere', CELL_ENCODER_MANIFEST).misfit(SPEC, starterManifestFor('insert')),
    undefined,
  );
  assert.equal((await pace({ ...SPEC, algorithm: 'hil-serl' })).hasCritics, true);
  const folder = mkdtempSync(join(tmpdir(), 'takeover-catalogue-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const published = publishedOnTrunk(join(folder, 'policy'));
  const hilSerl = { ...SPEC, algorithm: 'hil-serl' } as const;
  assert.equal(await misfit(hilSerl, published), undefined, 'its nets read the maps');
  assert.match((await createRunCatalogue('nowhere').misfit(hilSerl, published)) ?? '', /other sizes/);
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

/** An untrained policy of HIL-SERL on the trunk that ships. */
function publishedOnTrunk(folder: string): string {
  const { maps, sha256, embeddingSize } = readEncoderManifest(CELL_TRUNK_MANIFEST);
  const algorithm = configureAlgorithm({ algorithm: 'hil-serl', preset: 'cell' }, {}, maps);
  const { manifest } = readPolicy(starterManifestFor('insert'));
  const { proprioceptionSize, actionMask } = manifest;
  const parameters = algorithm
    .policyParameters({ embedding: embeddingSize, proprioception: proprioceptionSize, actionMask })
    .map(({ name, shape }) => ({ name, shape }));
  const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const own = { name: 'run-1/0', parameters, embeddingSize, encoderSha256: sha256 };
  const { graph: _graph, weights: _weights, kind: _kind, ...rest } = manifest;
  return exportPolicy(folder, { ...rest, ...algorithm.policyHead, ...own }, new Uint8Array(1), new Float32Array(count));
}
