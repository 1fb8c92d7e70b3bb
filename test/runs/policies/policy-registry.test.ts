/** Policies by name: what is there, in what order, and what is said about one that is not, or cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { taskIdSchema } from '../../../main/api/task.ts';
import { CELL_ENCODER_MANIFEST, STARTERS, starterManifestFor } from '../../../main/models/assets.ts';
import { readEncoderManifest } from '../../../main/models/encoder-manifest.ts';
import { createPolicyCatalogue } from '../../../main/runs/policies/policy-catalogue.ts';
import { findPolicy, listPolicies, UnknownPolicyError } from '../../../main/runs/policies/policy-registry.ts';
import { inFolder } from '../../data/fixture.ts';
import { createFakeRows } from '../fake-trainer.ts';

function writePolicy(projectFolder: string, run: number, step: number, atSec: number, change: object = {}): string {
  const folder = join(projectFolder, 'runs', `${run}`, `policy-${step}`);
  mkdirSync(folder, { recursive: true });
  const manifest = {
    ...{ kind: 'policy', name: `run-${run}/${step}`, head: 'consistency', task: 'insert', observation: 'state' },
    ...{ graph: 'graph.onnx', weights: 'weights.bin', parameters: [], embeddingSize: 7, proprioceptionSize: 54 },
    ...{ actionMask: [true, true, true, true, true, true, false], actingNoiseStd: 0.1, trainedSteps: step },
    ...change,
  };
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify(manifest));
  utimesSync(path, atSec, atSec);
  return path;
}
/** The starters that ship may be there too. */
const published = (projectFolder: string) =>
  listPolicies(projectFolder)
    .map(({ name }) => name)
    .filter((name) => !STARTERS.has(name));

test('the policies of all runs, oldest first', () =>
  inFolder((folder) => {
    assert.deepEqual(published(folder), []);
    writePolicy(folder, 2, 40, 300);
    writePolicy(folder, 1, 1000, 100);
    writePolicy(folder, 10, 5, 200);
    assert.deepEqual(published(folder), ['run-1/1000', 'run-10/5', 'run-2/40']);
  }));

test('a name gives the manifest; an unknown one says which there are', () =>
  inFolder((folder) => {
    const path = writePolicy(folder, 1, 20, 100);
    const found = findPolicy(folder, 'run-1/20');
    assert.deepEqual(
      [found.name, found.manifestPath, found.manifest.trainedSteps, found.createdAtMs],
      ['run-1/20', path, 20, 100_000],
    );
    for (const name of ['run-1/21', 'nonsense', '../run-1/20', ''])
      assert.throws(() => findPolicy(folder, name), {
        name: 'UnknownPolicyError',
        message: /no policy named ".*".*There are: .*run-1\/20/,
      });
  }));

test('what is no policy is left out of the list, and refused in words by its name', () =>
  inFolder((folder) => {
    writePolicy(folder, 1, 20, 100);
    writeFileSync(writePolicy(folder, 1, 30, 100), '{"kind": "policy", "name": 7}');
    writeFileSync(writePolicy(folder, 1, 40, 100), '{ cut sho');
    mkdirSync(join(folder, 'runs', '1', 'policy-50.part'), { recursive: true });
    mkdirSync(join(folder, 'runs', '1', 'policy-60'));
    writeFileSync(join(folder, 'runs', '1', 'checkpoint.bin'), '');
    writeFileSync(join(folder, 'runs', 'notes.txt'), 'mine');
    assert.deepEqual(published(folder), ['run-1/20']);
    const refused = (name: string, why: RegExp) =>
      assert.throws(
        () => findPolicy(folder, name),
        (error) => error instanceof UnknownPolicyError && why.test(error.message),
      );
    refused('run-1/30', /policy-30.manifest\.json is no policy manifest: name: .*Publish the policy again/);
    refused('run-1/40', /policy-40.manifest\.json is no policy manifest: .*JSON/);
    refused('run-1/60', /no policy named "run-1\/60"/);
  }));

test('the shelf adds the success rates that were measured', () =>
  inFolder(async (folder) => {
    const path = writePolicy(folder, 1, 20, 100);
    writePolicy(folder, 1, 40, 200);
    const measured = { id: 1, runId: 1, step: 40, policy: 'run-1/40', folder: '', newestSequence: 0, createdAtMs: 0 };
    const rows = { ...createFakeRows(), checkpoints: async () => [{ ...measured, successRate: 0.75, episodes: 20 }] };
    const shelf = createPolicyCatalogue(folder, rows);
    assert.deepEqual(
      (await shelf.list()).filter(({ name }) => !STARTERS.has(name)),
      [
        { name: 'run-1/20', task: 'insert', trainedSteps: 20, createdAtMs: 100_000, successRate: undefined },
        { name: 'run-1/40', task: 'insert', trainedSteps: 40, createdAtMs: 200_000, successRate: 0.75 },
      ],
    );
    assert.deepEqual(await shelf.find('run-1/20'), { name: 'run-1/20', manifestPath: path, task: 'insert' });
    assert.equal(await shelf.find('run-9/1'), undefined);
  }));

test('each task has its starter: `starter` names that of the task, and a policy of another task is refused', () =>
  inFolder((folder) => {
    for (const task of taskIdSchema.options) {
      const { manifest, manifestPath, name } = findPolicy(folder, 'starter', task);
      assert.deepEqual([manifestPath, manifest.task], [starterManifestFor(task), task]);
      assert.equal(findPolicy(folder, name).manifestPath, manifestPath);
    }
    writePolicy(folder, 1, 20, 100);
    assert.throws(() => findPolicy(folder, 'run-1/20', 'lift'), {
      name: 'UnknownPolicyError',
      message: /run-1\/20 is a policy for the task insert, and here the task is lift\. Name .* starter-lift/,
    });
  }));

test('a task begins with its starter and the newest policy of its runs, those of this encoder only', () =>
  inFolder(async (folder) => {
    const encoderSha256 = readEncoderManifest(CELL_ENCODER_MANIFEST).sha256;
    const forLift = { task: 'lift', observation: 'pixels', encoderSha256 };
    writePolicy(folder, 1, 20, 100, forLift);
    writePolicy(folder, 1, 40, 200, forLift);
    writePolicy(folder, 2, 60, 300, { ...forLift, task: 'insert' });
    writePolicy(folder, 3, 80, 400, { ...forLift, encoderSha256: 'another' });
    const shelf = createPolicyCatalogue(folder, createFakeRows(), CELL_ENCODER_MANIFEST);
    const { starter, newest } = await shelf.openingFor('lift');
    assert.deepEqual([starter?.name, newest?.name], ['starter-lift', 'run-1/40']);
    assert.equal((await shelf.openingFor('pick-insert')).newest, undefined);
  }));
