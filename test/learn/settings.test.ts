/**
 * Settings of every algorithm: what is not known is refused by name, at every level; what a run's folder holds is taken
 * whole, or told.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RunSpec } from '../../main/api/run.ts';
import { TASKS, type TaskId } from '../../main/api/task.ts';
import { offlineUpdates } from '../../main/learn/algorithms/algorithm.ts';
import {
  algorithmNames,
  configureAlgorithm,
  presetsOf,
  SettingsError,
} from '../../main/learn/algorithms/algorithm-registry.ts';
import { recipes } from '../../main/learn/recipes/recipe-registry.ts';
import { runFolder } from '../../main/learn/run/run-folder.ts';
import { configureRun, keepSettings } from '../../main/learn/run/run-settings.ts';
import { inFolder } from '../data/fixture.ts';

const SPEC: RunSpec = {
  ...{ algorithm: 'conrft', preset: 'cell', stage: 'online', task: 'insert', observation: 'state', seed: 0 },
};
const MAPS = { cameras: 2, height: 4, width: 4, channels: 32 };

/** Paths of all groups of a value, the outermost first. */
function groupsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return [path, ...Object.entries(value).flatMap(([name, each]) => groupsOf(each, [...path, name]))];
}
const stray = (path: readonly string[]) =>
  path.reduceRight<object>((inner, name) => ({ [name]: inner }), { notThere: 1 });

test('a setting that an algorithm does not have is refused by its name, in every group of every preset', () => {
  let groups = 0;
  for (const algorithm of algorithmNames())
    for (const preset of presetsOf(algorithm)) {
      const { settings } = configureAlgorithm({ algorithm, preset }, {}, MAPS);
      assert.equal(configureAlgorithm({ algorithm, preset }, settings, MAPS).name, algorithm, 'its own are taken');
      for (const path of groupsOf(settings)) {
        groups++;
        assert.throws(
          () => configureAlgorithm({ algorithm, preset }, stray(path), MAPS),
          (error) => error instanceof SettingsError && /no setting `notThere`; there (is|are) \w/.test(error.message),
          `${algorithm} ${preset} ${path.join('.')}`,
        );
      }
    }
  assert.ok(groups > 25, `${groups} groups`);
});

test('the refusal says where it is and what there is instead', () => {
  const refused = (changes: object, words: RegExp) =>
    assert.throws(() => configureAlgorithm({ algorithm: 'conrft', preset: 'cell' }, changes), words);
  refused({ mcFlor: 'cut' }, /^SettingsError: settings of conrft: there is no setting `mcFlor`; there are .*mcFloor/);
  refused({ online: { betta: 1 } }, /online: there is no setting `betta`; there are beta, eta, alpha, criticUpdates/);
  refused({ tau: 2 }, /settings of conrft: tau: /);
  const imitation = (changes: object) => configureAlgorithm({ algorithm: 'imitation', preset: 'paper' }, changes);
  assert.throws(() => imitation({ losses: [{ name: 'mse', wieght: 1 }] }), /losses\.0: there is no setting `wieght`/);
});

test('another head takes the place of the preset’s with all its options', () => {
  const { policyHead, settings } = configureAlgorithm(
    { algorithm: 'imitation', preset: 'paper' },
    { head: { name: 'flow', steps: 3 }, losses: [{ name: 'flow-matching', weight: 1 }] },
  );
  assert.equal(policyHead.head, 'flow');
  assert.deepEqual(Reflect.get(settings, 'head'), { name: 'flow', method: 'euler', steps: 3, times: 'uniform' });
});

test('recipes name no setting that their algorithm lacks', () => {
  for (const { algorithm, preset, settings } of recipes())
    assert.equal(configureAlgorithm({ algorithm, preset }, settings).name, algorithm);
});

test('a run goes on with the settings that its folder holds; what is not known there is told with the file', () =>
  inFolder((folder) => {
    const files = runFolder(folder, 1);
    const asked: RunSpec = { ...SPEC, settings: { tau: 0.1 } };
    const first = configureRun(asked, files).settings;
    assert.equal(Reflect.get(first, 'tau'), 0.1);
    writeFileSync(files.config, '{"nStep": 3}');
    const prepared = configureRun(asked, files).settings;
    assert.deepEqual([Reflect.get(prepared, 'nStep'), Reflect.get(prepared, 'tau')], [3, 0.1]);
    writeFileSync(files.config, JSON.stringify({ ...first, ofAnOlderProgram: 1 }));
    assert.throws(
      () => configureRun(asked, files),
      /^TrainingError: .*config\.json: settings of conrft: there is no setting `ofAnOlderProgram`/,
    );
    writeFileSync(files.config, JSON.stringify(first));
    const misspelt: RunSpec = { ...SPEC, settings: { tow: 0.1 } };
    assert.throws(() => configureRun(misspelt, files), /no setting `tow`/);
    writeFileSync(files.checkpoint, '');
    assert.deepEqual(configureRun(misspelt, files).settings, first, 'it has begun: its folder says all');
    assert.deepEqual(configureRun(SPEC, files, MAPS).settings, first, 'and how its nets read the maps');
    for (const torn of ['{"tau": 0.', '[]', '']) {
      writeFileSync(files.config, torn);
      assert.throws(() => configureRun(SPEC, files), /config\.json holds no settings/, torn);
    }
  }));

test('the settings of a run are written when they changed, and never by halves', () =>
  inFolder((folder) => {
    const files = runFolder(folder, 1);
    keepSettings(files, { tau: 1 });
    assert.equal(readFileSync(files.config, 'utf8'), '{\n  "tau": 1\n}\n');
    const other = runFolder(folder, 2);
    keepSettings(other, { tau: 1 });
    utimesSync(other.config, 1, 1);
    keepSettings(other, { tau: 1 });
    assert.equal(statSync(other.config).mtimeMs, 1000, 'the same settings are left alone');
    keepSettings(other, { tau: 2 });
    assert.notEqual(statSync(other.config).mtimeMs, 1000);
  }));

test('the preset `cell` makes as many more offline updates as a task’s demonstrations are longer; `paper` does not', () => {
  const updates = (preset: 'cell' | 'paper', task: TaskId) =>
    offlineUpdates(configureAlgorithm({ algorithm: 'conrft', preset }).settings, task);
  const { insert, 'pick-insert': pickInsert } = TASKS;
  assert.equal(updates('cell', 'insert'), 1000);
  assert.equal(
    updates('cell', 'pick-insert'),
    Math.round((1000 * pickInsert.demonstrationSteps) / insert.demonstrationSteps),
  );
  assert.equal(updates('paper', 'pick-insert'), updates('paper', 'insert'));
});
