/** The program, as a process of its own, refuses what it does not understand and what a project lacks. It always ends. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFile } from '../../data/database.ts';
import { REFUSED_EXIT_CODE } from '../../electron/engine/restart-policy.ts';
import { openRunRows } from '../../main/runs/run-rows.ts';
import { inFolder, openWriter } from '../data/fixture.ts';
import { recordToyEpisodes } from '../learn/toy-project.ts';
import { SMALL_RUN, takeover } from './takeover-child.ts';

test('the program itself: no verb, an unknown one, help', async () => {
  const [none, unknown, inherited, help, verbHelp, wrong] = await Promise.all([
    takeover(),
    takeover('dance'),
    takeover('toString'),
    takeover('--help'),
    takeover('rollout', '--help'),
    takeover('rollout', '--episodes', 'x'),
  ]);
  assert.deepEqual([none.status, unknown.status, inherited.status, help.status], [2, 2, 2, 0]);
  for (const verb of ['serve', 'demo', 'rollout', 'finetune', 'evaluate', 'hil', 'export', 'doctor'])
    assert.match(help.stdout, new RegExp(`^ {2}${verb} `, 'm'));
  assert.match(unknown.stderr, /there is no verb "dance"[\s\S]*usage: takeover/);
  assert.match(inherited.stderr, /there is no verb "toString"/);
  assert.equal(verbHelp.status, 0);
  for (const option of ['--policy', '--operator', '--episodes', '--data', '--seed', '--json'])
    assert.ok(verbHelp.stdout.includes(option), option);
  assert.equal(wrong.status, 2);
  assert.match(
    wrong.stderr,
    /^takeover rollout: --episodes x: expected a whole number from 1 to 100000.*--help lists the options\)\n$/,
  );
});

test('what is missing is said with what to do, and the process ends', () =>
  inFolder(async (folder) => {
    const data = (name: string) => ['--data', join(folder, name)];
    mkdirSync(join(folder, 'bare'));
    await openWriter(join(folder, 'taken'));
    const [evaluated, rolled, trained, exported, stacked, outless, served, blind, taken] = await Promise.all([
      takeover('evaluate', '--policy', 'run-1/5', ...data('bare')),
      takeover('rollout', '--policy', 'nobody', ...data('bare')),
      takeover('finetune', '--observation', 'state', ...data('none')),
      takeover('export', '--out', join(folder, 'out'), ...data('none')),
      takeover('demo', '--task', 'stack', ...data('bare')),
      takeover('export', ...data('bare')),
      takeover('serve', '--policy', 'nobody', '--port', '0', ...data('bare')),
      takeover('serve', '--encoder', 'nowhere.json', '--port', '0', ...data('bare')),
      takeover('rollout', '--policy', 'scripted', '--observation', 'state', ...data('taken')),
    ]);
    const saidWhy = (ended: typeof evaluated, status: number, why: RegExp) => {
      assert.match(ended.stderr, why);
      assert.equal(ended.status, status, ended.stderr);
      assert.doesNotMatch(ended.stderr, /\n {4}at /, 'no stack');
    };
    saidWhy(evaluated, 1, /no policy named "run-1\/5"/);
    saidWhy(rolled, 1, /no policy named "nobody"/);
    saidWhy(trained, 1, /none/);
    saidWhy(exported, 1, /none/);
    saidWhy(stacked, 2, /--task.*insert/);
    saidWhy(outless, 2, /--out: which folder/);
    saidWhy(served, 1, /no policy named "nobody"/);
    saidWhy(blind, 1, /nowhere\.json is not a usable encoder manifest.*Choose another encoder/);
    saidWhy(taken, 1, /in use by another engine/);
  }));

const NO_PROJECT = /There is no project file .*none/;
const NO_POLICY = /no policy named "run-1\/5" in .*none/;
const NO_CLASSIFIER = /none holds no classifier/;
/** Verbs that lack what a project or an encoder's file holds, and what each says. */
const ON_A_PROJECT: readonly (readonly [why: RegExp, verb: string, ...rest: readonly string[]])[] = [
  [NO_POLICY, 'serve', '--policy', 'run-1/5', '--encoder', 'general', '--port', '0'],
  [NO_POLICY, 'rollout', '--policy', 'run-1/5'],
  [NO_CLASSIFIER, 'rollout', '--success-by', 'classifier'],
  [/nowhere\.json is not a usable encoder manifest/, 'rollout', '--encoder', 'nowhere.json'],
  [NO_PROJECT, 'finetune'],
  [NO_PROJECT, 'finetune', '--encoder', 'general'],
  [NO_POLICY, 'evaluate', '--policy', 'run-1/5'],
  [/The project folder .*none is not there/, 'evaluate', '--encoder', 'general'],
  [/none holds no runs/, 'critic', '--encoder', 'general'],
  [/There is no results file .*none.*comparison\.jsonl/, 'compare', '--table-only'],
  [NO_PROJECT, 'classifier', '--encoder', 'general'],
  [NO_CLASSIFIER, 'classifier', '--report'],
  [NO_PROJECT, 'export', '--out', 'none-out'],
];

test('where there is no project, every verb that lacks one says so and makes no folder', () =>
  inFolder(async (folder) => {
    const none = join(folder, 'none');
    for (const [why, verb, ...rest] of ON_A_PROJECT) {
      const given = rest.map((value) => (value === 'none-out' ? join(folder, value) : value));
      const { status, stderr } = await takeover(verb, ...given, '--data', none);
      assert.match(stderr, why);
      assert.equal(status, 1, `${verb}: ${stderr}`);
      assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
      assert.deepEqual(readdirSync(folder), [], `${verb} ${rest.join(' ')} makes nothing`);
    }
  }));

test('a project folder that cannot be made is refused with the status that the shell does not try again', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    const { status, stderr } = await takeover('serve', '--port', '0', '--data', join(folder, 'file', 'project'));
    assert.equal(status, REFUSED_EXIT_CODE, stderr);
    assert.match(
      stderr,
      /The project folder .*project cannot be made: .* is a file, not a folder\. Choose another project folder\.\n$/,
    );
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
  }));

test('a project file that is damaged is refused in words by every verb, and left as it is', () =>
  inFolder(async (folder) => {
    const file = projectFile(folder);
    const damaged = Buffer.alloc(20_000, 'no database ');
    writeFileSync(file, damaged);
    const data = ['--data', folder];
    const ended = await Promise.all([
      takeover('serve', '--port', '0', ...data),
      takeover('rollout', '--policy', 'scripted', '--observation', 'state', ...data),
      takeover('finetune', '--observation', 'state', ...data),
      takeover('export', '--out', join(folder, 'out'), ...data),
    ]);
    for (const { status, stderr } of ended) {
      assert.match(stderr, /is not a database|damaged|corrupt/);
      assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
      assert.ok(status === 1 || status === 2);
    }
    assert.equal(ended[0]?.status, 2, 'the shell does not start it again');
    assert.deepEqual(readFileSync(file), damaged);
    assert.equal(existsSync(join(folder, 'out')), false);
  }));

test('a setting that is not there is refused before anything is recorded or started', () =>
  inFolder(async (folder) => {
    const settings = ['--settings', '{"mcFlor": "cut"}', '--observation', 'state', '--data', folder];
    for (const verb of ['hil', 'finetune']) {
      const { status, stderr } = await takeover(verb, ...settings);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /^takeover \w+: settings of conrft: there is no setting `mcFlor`; there are .*mcFloor/);
    }
    assert.equal(existsSync(projectFile(folder)), false);
  }));

test('a run that cannot learn, or cannot begin where it should, is refused before it is made', () =>
  inFolder(async (folder) => {
    await recordToyEpisodes(folder, { demonstrations: 1, corrected: 0, seed: 1 });
    const finetune = (...rest: readonly string[]) => takeover('finetune', '--steps', '2', '--data', folder, ...rest);
    const [otherTask, unknown, misfit] = await Promise.all([
      finetune('--observation', 'state', '--task', 'lift'),
      finetune('--observation', 'state', '--from', 'run-7/1'),
      finetune('--observation', 'state', '--from', 'starter'),
    ]);
    assert.match(
      otherTask.stderr,
      /nothing to learn from: 0 of 1 .* `npx takeover demo --task lift --observation state`/,
    );
    assert.match(unknown.stderr, /no policy named "run-7\/1"/);
    assert.match(
      misfit.stderr,
      /starter does not fit: it sees pixels, this run state\. Name another policy with --from/,
    );
    for (const { status } of [otherTask, unknown, misfit]) assert.equal(status, 1);
    await using rows = openRunRows(folder);
    assert.deepEqual(await rows.runs(), [], 'no run that failed is left');
    await rows.close();
  }));

test('a policy whose files do not fit is refused in words, and the process ends', () =>
  inFolder(async (folder) => {
    await recordToyEpisodes(folder, { demonstrations: 2, corrected: 0, seed: 1 });
    const trained = await takeover(
      'finetune',
      '--steps',
      '2',
      '--observation',
      'state',
      '--data',
      folder,
      ...SMALL_RUN,
    );
    assert.equal(trained.status, 0, trained.stderr);
    const weights = join(folder, 'runs/1/policy-2/weights.bin');
    writeFileSync(weights, readFileSync(weights).subarray(0, -8));
    const { status, stderr } = await takeover('evaluate', '--policy', 'run-1/2', '--data', folder);
    assert.equal(status, 1);
    assert.match(stderr, /takeover evaluate: .*weights\.bin holds \d+ numbers, the manifest's parameters are \d+/);
  }));
