/**
 * Tests the comparison's results: taken from a session, read from the file again, and pooled into rows of the table.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { taskIdSchema } from '../../../main/api/task.ts';
import { configureAlgorithm } from '../../../main/learn/algorithms/algorithm-registry.ts';
import { readBackbone } from '../../../main/models/backbone.ts';
import { mapsOf } from '../../../main/runs/encoder-choice.ts';
import {
  type ComparisonBudget,
  comparisonKeySchema,
  differences,
  keyOf,
  planOf,
  settingsHash,
} from '../../../main/study/comparison/comparison-key.ts';
import { claim } from '../../../main/study/comparison/comparison-session.ts';
import { makeEncoderVariant } from '../../../main/study/comparison/encoder-variants.ts';
import { METHODS, methodNames } from '../../../main/study/comparison/methods.ts';
import {
  appendResult,
  comparisonTable,
  isDone,
  type MethodResult,
  readResults,
  resultOfMethod,
} from '../../../main/study/comparison/results.ts';
import { runSideBySide, sessionFolder } from '../../../main/study/comparison/run-comparison.ts';
import { type HilRound, newHilState, writeHilState } from '../../../main/study/hil/hil-state.ts';
import { comparisonPage } from '../../bench/comparison.ts';
import { inFolder } from '../../data/fixture.ts';

const round = (name: string, successRate: number, more: Partial<HilRound> = {}): HilRound => ({
  ...{ name, successRate, ci95: [0, 1], meanSteps: 30, interventionRate: 0, unaidedRate: 0, episodes: 0 },
  ...{ wallSec: 60, policy: 'run-1/1', evaluation: { episodes: 20, noiseStd: 0 } },
  ...more,
});
const BUDGET: ComparisonBudget = {
  task: 'insert',
  ...{ demos: 20, episodes: 80, episodesPerRound: 40 },
  ...{ selectionEpisodes: 20, reportEpisodes: 100, evaluationNoiseStd: 0 },
};
const KEY = { ...keyOf('conrft-cell', BUDGET), seed: 0 };
const ROUNDS = [
  round('offline', 0.5),
  round('online 40', 0.75, { interventionRate: 0.3, episodes: 40 }),
  round('online 80', 0.9, { interventionRate: 0.1, episodes: 80 }),
  round('report of the offline stage', 0.6),
  round('report', 0.95, { meanSteps: 20 }),
];

test('a session gives what the table needs, and the file gives it back', () =>
  inFolder(async (folder) => {
    const result = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
    assert.deepEqual([result.offline?.successRate, result.final?.successRate, result.minutes], [0.6, 0.95, 5]);
    assert.deepEqual(result.interventionRates, [0.3, 0.1]);
    assert.deepEqual(
      result.curve.map(({ successRate }) => successRate),
      [0.5, 0.75, 0.9],
    );
    const path = join(folder, 'results.jsonl');
    assert.deepEqual(readResults(path), [], 'no file, no results');
    appendResult(path, result);
    appendResult(path, { ...result, seed: 1 });
    assert.deepEqual(readResults(path), [result, { ...result, seed: 1 }]);
  }));

test('a line that a crash has cut short, and one that is none of ours, are named by number with what to do', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'results.jsonl');
    const result = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
    appendResult(path, result);
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '{"method":"conrft-cell","seed":1,"dem');
    assert.throws(() => readResults(path), /results\.jsonl, line 2 is cut short, or no JSON .*Take that line out/);
    writeFileSync(path, `${whole}{"method": "conrft-cell"}\n`);
    assert.throws(() => readResults(path), /line 2 is not a result of a comparison \(demos: .*Take that line out/);
    writeFileSync(path, whole.trimEnd());
    appendResult(path, { ...result, seed: 1 });
    assert.deepEqual(readResults(path), [result, { ...result, seed: 1 }], 'a line without its end is not gone on with');
  }));

test('an offline session has no row after the corrected episodes; several seeds make one row with the interval of all episodes', () => {
  const alone = resultOfMethod(
    { ...keyOf('sft-5x', BUDGET), seed: 0 },
    { rounds: [ROUNDS[0]!, ROUNDS[3]!, ROUNDS[4]!], finalSuccessRate: 0.95, wallSec: 60 },
  );
  const whole = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const worse = { ...whole, seed: 1, final: { ...whole.final!, successRate: 0.85, meanSteps: 30 } };
  const { rows, sessions, leftOut } = comparisonTable([worse, alone, whole], BUDGET);
  assert.deepEqual([sessions, leftOut.sessions], [3, 0]);
  assert.deepEqual(rows, [
    [METHODS['sft-5x'].title, '60 % (50–69; 60)', '30.0', '–', '–', '–', '–', '1.0', '–', '–'],
    // 180 of 200: Wilson's interval is 85.1 to 93.4 %.
    [
      METHODS['conrft-cell'].title,
      '60 % (53–67; 60, 60)',
      '30.0',
      '40: 75 %, 80: 90 %',
      '90 % (85–93; 95, 85)',
      '25.0',
      '30 % → 10 % (20 %)',
      '5.0',
      '–',
      '–',
    ],
  ]);
});

test('what differs in budget or in settings is neither done nor pooled, and is told', () => {
  const whole = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const others: Partial<MethodResult>[] = [
    ...[{ demos: 10 }, { episodes: 40 }, { episodesPerRound: 20 }, { selectionEpisodes: 10 }],
    ...[{ reportEpisodes: 50 }, { evaluationNoiseStd: 0.1 }, { settings: settingsHash('floor-cut') }],
  ];
  for (const other of others) {
    const result: MethodResult = { ...whole, ...other };
    assert.equal(isDone([result], 'conrft-cell', 0, BUDGET), false, JSON.stringify(other));
    const { rows, sessions, leftOut } = comparisonTable([whole, { ...result, seed: 1 }], BUDGET);
    assert.deepEqual([rows.length, sessions], [1, 1]);
    assert.deepEqual(leftOut, { sessions: 1, words: `1 × conrft-cell: ${Object.keys(other)[0]}` });
  }
  assert.equal(isDone([whole], 'conrft-cell', 0, BUDGET), true);
  assert.equal(isDone([whole], 'conrft-cell', 1, BUDGET), false);
  const gone = comparisonTable([{ ...whole, method: 'magic' }], BUDGET);
  assert.deepEqual(gone.leftOut, { sessions: 1, words: '1 × magic: method' });
});

test('the interval is that of the episodes that were played, and a session that was measured twice counts once', () => {
  const budget = { ...BUDGET, reportEpisodes: 10 };
  const key = { ...keyOf('conrft-cell', budget), seed: 0 };
  const result = resultOfMethod(key, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const half = { ...result, final: { ...result.final!, successRate: 0.5 } };
  const { rows, sessions } = comparisonTable([result, half], budget);
  // 5 of 10: Wilson's interval is 23.7 to 76.3 %.
  assert.deepEqual([sessions, rows[0]?.[4]], [1, '50 % (24–76; 50)']);
});

test('a session’s folder goes on as what it was begun as, or not at all', () =>
  inFolder(async (folder) => {
    const own = join(folder, 'conrft-cell-0');
    const key = keyOf('conrft-cell', BUDGET);
    claim(own, key);
    claim(own, key);
    assert.throws(
      () => claim(own, keyOf('conrft-cell', { ...BUDGET, reportEpisodes: 50 })),
      /conrft-cell-0 was begun with other values of: reportEpisodes\. Move that folder away/,
    );
    writeHilState(folder, newHilState(planOf('conrft-cell', 0, BUDGET)));
    assert.throws(() => claim(folder, key), /does not say with which budget it was begun/);
  }));

test('every method is a plan with settings that its algorithm takes, none of them unknown', () => {
  for (const name of methodNames) {
    const { algorithm, preset, settings } = planOf(name, 0, BUDGET);
    assert.equal(configureAlgorithm({ algorithm, preset }, settings).name, algorithm, name);
  }
});

test('the general encoder with random weights is a backbone of its seed, made once; its maps are read as those of the trained one', () =>
  inFolder(async (folder) => {
    const [own, other] = [join(folder, 'a'), join(folder, 'b')];
    const demonstrations = (seed: number) => ({ task: 'insert', seed, count: 20 }) as const;
    const path = await makeEncoderVariant('general-random', own, demonstrations(3));
    const made = readBackbone(path);
    assert.deepEqual([made?.name, made?.trainedOn.frames], ['general-random', 0]);
    assert.equal(await makeEncoderVariant('general-random', own, demonstrations(3)), path);
    const hashOf = async (seed: number) =>
      readBackbone(await makeEncoderVariant('general-random', other, demonstrations(seed)))?.sha256;
    assert.equal(await hashOf(3), made?.sha256);
    rmSync(other, { recursive: true });
    assert.notEqual(await hashOf(4), made?.sha256);
    assert.deepEqual(mapsOf('pixels', path), mapsOf('pixels', 'general'));
    assert.equal(planOf('general-random', 3, BUDGET, path).encoder, path);
  }));

test('methods that differ have hashes that differ; the hash follows what the settings come to', () => {
  const hashes = methodNames.map(settingsHash);
  assert.equal(new Set(hashes).size, methodNames.length, 'an encoder or a number of updates is enough');
  assert.match(hashes[0] ?? '', /^[0-9a-f]{12}$/);
  assert.deepEqual(differences(keyOf('sft-5x', BUDGET), keyOf('hg-dagger', BUDGET)), [
    ...['method', 'demos', 'episodes', 'settings'],
  ]);
});

test('every line of the table that is kept can be read, and those from before tasks are of insert', () => {
  const path = join(import.meta.dirname, '../../slow/comparison.jsonl');
  const kept = readResults(path);
  const tables = taskIdSchema.options.map((task) =>
    comparisonTable(kept, { ...BUDGET, task, episodes: 40, episodesPerRound: 20 }),
  );
  const told = tables.reduce((sum, { leftOut, sessions }) => sum + leftOut.sessions + sessions, 0);
  assert.equal(told, kept.length);
  assert.ok(tables[0]!.rows.length > 0);
});

test('a task has a table of its own; a session of another is neither done nor told there', () => {
  const whole = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const lift = { ...BUDGET, task: 'lift' as const };
  const lifted = { ...whole, ...keyOf('conrft-cell', lift) };
  assert.equal(isDone([whole], 'conrft-cell', 0, lift), false);
  for (const [budget, own] of [
    [BUDGET, whole],
    [lift, lifted],
  ] as const) {
    const { results, leftOut } = comparisonTable([whole, lifted], budget);
    assert.deepEqual([results, leftOut.sessions], [[own], 0]);
  }
  assert.equal(planOf('conrft-cell', 0, lift).task, 'lift');
});

test('a line and a folder from before tasks are of insert: read, gone on with, refused to another task', () =>
  inFolder(async (folder) => {
    const { task: _task, ...older } = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
    const path = join(folder, 'results.jsonl');
    writeFileSync(path, `${JSON.stringify(older)}\n`);
    assert.equal(isDone(readResults(path), 'conrft-cell', 0, BUDGET), true);
    const { task: _sameTask, ...olderKey } = keyOf('conrft-cell', BUDGET);
    writeFileSync(join(folder, 'comparison-key.json'), JSON.stringify(olderKey));
    claim(folder, keyOf('conrft-cell', BUDGET));
    assert.throws(
      () => claim(folder, keyOf('conrft-cell', { ...BUDGET, task: 'lift' })),
      /was begun with other values of: task\. Move that folder away/,
    );
    assert.equal(comparisonKeySchema.parse(olderKey).task, 'insert');
  }));

test('sessions of different tasks, methods and seeds have different folders; those of insert are where they were', () => {
  const folders = taskIdSchema.options.flatMap((task) =>
    methodNames.flatMap((method) => [0, 1].map((seed) => sessionFolder('all', task, { method, seed }))),
  );
  assert.equal(new Set(folders).size, folders.length);
  assert.equal(sessionFolder('all', 'insert', { method: 'rlpd', seed: 2 }), join('all', 'rlpd-2'));
  assert.equal(sessionFolder('all', 'lift', { method: 'rlpd', seed: 2 }), join('all', 'lift', 'rlpd-2'));
});

test('robot minutes are the mean over seeds, throughput is that of all report episodes; seeds without them are told', () => {
  const timed = (successRate: number, robotSec: number) =>
    round('report', successRate, {
      robotTime: { demonstrationSec: 90, correctedSec: 150 },
      evaluation: { episodes: 100, noiseStd: 0, robotSec },
    });
  const session = (seed: number, report: HilRound) =>
    resultOfMethod({ ...KEY, seed }, { rounds: [...ROUNDS.slice(0, 4), report], finalSuccessRate: 0, wallSec: 300 });
  const cells = (...results: MethodResult[]) => comparisonTable(results, BUDGET).rows[0]?.slice(-2);
  const [first, second, older] = [session(0, timed(1, 200)), session(1, timed(0.5, 1000)), session(2, ROUNDS[4]!)];
  assert.equal(first?.robotMinutes, 4);
  // 150 successes in 1,200 s of report.
  assert.deepEqual(cells(first!, { ...second!, robotMinutes: 6 }), ['5.0', '75.0']);
  assert.deepEqual(cells(first!, older!), ['4.0 (1 of 2 seeds)', '300.0 (1 of 2 seeds)']);
  const { final: _none, ...offlineOnly } = first!;
  const alone = { ...offlineOnly, offline: { ...first!.final!, successRate: 0.2 } };
  assert.deepEqual(cells(alone), ['4.0', '60.0'], 'without corrected episodes it is that of the offline stage');
});

test('the controls see what their rows say, and have hashes of their own', () => {
  assert.equal(planOf('conrft-state', 0, BUDGET).observation, 'state');
  assert.equal(planOf('conrft-blind', 0, BUDGET).observation, 'blind');
  assert.deepEqual(planOf('conrft-blind', 0, BUDGET).settings, planOf('conrft-cell', 0, BUDGET).settings);
  const names = ['conrft-cell', 'conrft-state', 'conrft-blind'] as const;
  assert.equal(new Set(names.map(settingsHash)).size, 3);
});

test('the page has a section per task and budget with its command; offline methods stand with the others', () => {
  const result = resultOfMethod(KEY, { rounds: ROUNDS, finalSuccessRate: 0.95, wallSec: 300 });
  const lift = { ...BUDGET, task: 'lift' as const, episodes: 40 };
  const page = comparisonPage([
    result,
    { ...result, ...keyOf('sft-5x', BUDGET) },
    { ...result, ...keyOf('conrft-blind', lift) },
  ]);
  const sections = page.split(/^## /m).slice(1);
  assert.equal(sections.length, 2);
  assert.match(sections[0] ?? '', /^insert: 20 demonstrations, 80 corrected episodes\n/);
  assert.match(sections[0] ?? '', /`npx takeover compare --task insert --demos 20 --episodes 80 --round 40 .*sft-5x/);
  assert.equal((sections[0] ?? '').split('\n').filter((line) => line.startsWith('|')).length, 4);
  assert.match(sections[1] ?? '', /^lift: .*\n\n`.* --methods conrft-blind --results /);
  assert.equal(comparisonPage([{ ...result, settings: 'other' }]), '', 'settings of another day are left out');
});

test('the process of a session is told the task, so that it measures what was asked for', () =>
  inFolder(async (folder) => {
    const entry = join(folder, 'entry.mjs');
    const told = join(folder, 'told.txt');
    writeFileSync(
      entry,
      `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(told)}, process.argv.slice(2).join(' '));\n`,
    );
    const request = {
      ...{ projectFolder: folder, resultsPath: join(folder, 'results.jsonl'), seeds: [0] },
      ...{ methods: ['conrft-blind'] as const, budget: { ...BUDGET, task: 'lift' as const } },
    };
    assert.deepEqual(await runSideBySide(request, entry, 1, () => {}), []);
    assert.match(
      readFileSync(told, 'utf8'),
      /^compare --methods conrft-blind --seeds 0 --json --task lift --demos 20 /,
    );
  }));
