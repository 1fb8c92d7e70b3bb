/** Policies by name: what is there, in what order, and what is said about one that is not, or cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPolicyCatalogue } from '../../../main/runs/policies/policy-catalogue.ts';
import { findPolicy, listPolicies, UnknownPolicyError } from '../../../main/runs/policies/policy-registry.ts';
import { inFolder } from '../../data/fixture.ts';
import { createFakeRows } from '../fake-trainer.ts';

function writePolicy(projectFolder: string, run: number, step: number, atSec: number): string {
  const folder = join(projectFolder, 'runs', `${run}`, `policy-${step}`);
  mkdirSync(folder, { recursive: true });
  const manifest = {
    ...{ kind: 'policy', name: `run-${run}/${step}`, head: 'consistency', task: 'insert', observation: 'state' },
    ...{ graph: 'graph.onnx', weights: 'weights.bin', parameters: [], embeddingSize: 7, proprioceptionSize: 54 },
    ...{ actionMask: [true, true, true, true, true, true, false], actingNoiseStd: 0.1, trainedSteps: step },
  };
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify(manifest));
  utimesSync(path, atSec, atSec);
  return path;
}
/** The starter that ships may be there too. */
const published = (projectFolder: string) =>
  listPolicies(projectFolder)
    .map(({ name }) => name)
    .filter((name) => name !== 'starter');

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
      (await shelf.list()).filter(({ name }) => name !== 'starter'),
      [
        { name: 'run-1/20', trainedSteps: 20, createdAtMs: 100_000, successRate: undefined },
        { name: 'run-1/40', trainedSteps: 40, createdAtMs: 200_000, successRate: 0.75 },
      ],
    );
    assert.equal(await shelf.manifestPath('run-1/20'), path);
    assert.equal(await shelf.manifestPath('run-9/1'), undefined);
  }));
