/** Tests which sessions the main job's bench runs and keeps, and the page that it makes of them, without training. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keptSessions, runMainJob } from '../bench/main-job.ts';
import { mainJobPage } from '../bench/main-job-page.ts';
import { inFolder } from '../data/fixture.ts';

const optionOf = (args: readonly string[], name: string) => args[args.indexOf(name) + 1] ?? '';

const round = (name: string, successRate: number, correctedSec: number) => ({
  ...{ name, successRate, ci95: [0.5, 1], meanSteps: 30, interventionRate: 0.1, policy: `run-2/${correctedSec}` },
  ...{ robotTime: { demonstrationSec: 120, correctedSec }, evaluation: { episodes: 100, noiseStd: 0, robotSec: 600 } },
});

/** Answers as `takeover hil` and `takeover evaluate` do, and keeps what the first keeps. Tells what it was asked. */
function fakeTakeover(fails: (args: readonly string[]) => boolean = () => false) {
  const calls: string[] = [];
  const finished = new Set<string>();
  const run = async (...args: readonly string[]) => {
    const [verb] = args;
    const data = optionOf(args, '--data');
    const [task, seed] = [optionOf(args, '--task'), Number(optionOf(args, '--seed'))];
    calls.push(verb === 'hil' ? `hil ${task} ${seed}` : `evaluate ${task} ${optionOf(args, '--conditions')}`);
    if (fails(args)) throw new Error('takeover ended with code 1: no space left');
    if (verb === 'evaluate')
      return { policy: optionOf(args, '--policy'), episodes: 100, successRate: 0.9, ci95: [0.8, 0.95], meanSteps: 31 };
    if (!finished.has(data)) {
      mkdirSync(data, { recursive: true });
      const rounds = [round('offline', 0.5, 0), round('online 40', 0.9, 240), round('report', 0.8 + seed / 10, 240)];
      appendFileSync(join(data, 'hil-results.jsonl'), `${JSON.stringify({ task, seed, rounds, wallSec: 300 })}\n`);
      finished.add(data);
    }
    return {};
  };
  return { calls, run };
}

const request = { tasks: ['insert'], seeds: [0], jobs: 1, conditions: false } as const;

test('seeds and tasks are added by later calls; what is measured is kept', () =>
  inFolder(async (folder) => {
    const { calls, run } = fakeTakeover();
    const setup = { folder, settings: [], conditionEpisodes: 100, run };
    await runMainJob(request, setup);
    await runMainJob({ ...request, tasks: ['lift'], conditions: true }, setup);
    await runMainJob({ ...request, tasks: ['lift'], seeds: [0, 1], conditions: true }, setup);
    const conditions = ['evaluate lift light', 'evaluate lift colour', 'evaluate lift camera'];
    assert.deepEqual(calls, [
      ...['hil insert 0', 'hil lift 0', ...conditions],
      // The finished session is asked for again and answers at once; its conditions are not measured again.
      ...['hil lift 0', 'hil lift 1', ...conditions],
    ]);
    const kept = keptSessions(folder);
    assert.deepEqual(
      kept.map(({ task, seed, conditions: measured }) => [task, seed, measured.length]),
      [
        ['insert', 0, 0],
        ['lift', 0, 3],
        ['lift', 1, 3],
      ],
    );
    assert.ok(kept.every((session) => session.conditions.every(({ policy }) => policy === 'run-2/240')));
  }));

test('the page has a section per task: its command, the curve, the conditions, times, throughput', () =>
  inFolder(async (folder) => {
    const setup = { folder, settings: ['--demos', '20'], conditionEpisodes: 100, run: fakeTakeover().run };
    await runMainJob(request, setup);
    await runMainJob({ ...request, tasks: ['lift'], seeds: [0, 1], conditions: true }, setup);
    const { table, command } = mainJobPage(keptSessions(folder), setup.settings);
    const [insert, lift, ...more] = table.split(/^## /m).slice(1);
    assert.equal(more.length, 0);
    assert.match(insert ?? '', /^insert\n\n`npm run bench -- main-job --task insert --seeds 0 --keep`\n/);
    assert.match(lift ?? '', /^lift\n\n`npm run bench -- main-job --task lift --seeds 0,1 --conditions --keep`\n/);
    const rows = (lift ?? '').split('\n').filter((line) => line.startsWith('|'));
    const cell = '90 % (50–100), 30.0 steps, 10 % by hand, 6.0 robot min';
    assert.deepEqual(rows.slice(0, 2), ['| round | seed 0 | seed 1 | all seeds |', '| --- | --- | --- | --- |']);
    assert.equal(rows[3], `| online 40 | ${cell} | ${cell} | 90 % (85–93), 10 % by hand |`);
    // 80 and 90 of 100: Wilson's interval of 170 in 200 is 79.4 to 89.3 %.
    assert.match(rows[4] ?? '', /^\| report \| 80 % .* \| 90 % .* \| 85 % \(79–89\) \|$/);
    assert.match(rows[7] ?? '', /^\| report with knocked cameras \| 90 % \(80–95\), 31\.0 steps \|/);
    assert.deepEqual(rows.slice(8), [
      '| wall minutes | 5.0 | 5.0 | 5.0 |',
      '| robot minutes: demonstrations | 2.0 | 2.0 | 2.0 |',
      '| robot minutes: corrected episodes | 4.0 | 4.0 | 4.0 |',
      '| successes per 10 robot minutes in the report | 80.0 | 90.0 | 85.0 |',
    ]);
    assert.equal(command, 'npm run bench -- main-job --keep');
    assert.doesNotMatch(insert ?? '', /knocked/);
  }));

test('a session from before robot time was recorded stays in the table, with dashes', () =>
  inFolder((folder) => {
    const older = [round('offline', 0.5, 0), round('report', 0.9, 0)].map(({ robotTime: _robotTime, ...rest }) => ({
      ...rest,
      evaluation: { episodes: 100, noiseStd: 0 },
    }));
    mkdirSync(join(folder, 'seed-3'), { recursive: true });
    mkdirSync(join(folder, 'seed-4'));
    const line = JSON.stringify({ seed: 3, rounds: older, wallSec: 60 });
    appendFileSync(join(folder, 'seed-3', 'hil-results.jsonl'), `${line}\n`);
    const kept = keptSessions(folder);
    assert.deepEqual(
      kept.map(({ task, seed }) => [task, seed]),
      [['insert', 3]],
      'a folder without a finished session has no column',
    );
    const { table } = mainJobPage(kept, []);
    assert.match(table, /\| report \| 90 % \(50–100\), 30\.0 steps \| 90 % \(83–94\) \|/);
    assert.match(table, /\| successes per 10 robot minutes in the report \| – \| – \|/);
  }));

test('side by side each session has one thread; one that fails stops no other and is named', () =>
  inFolder(async (folder) => {
    const asked: (readonly string[])[] = [];
    const { run } = fakeTakeover((args) => optionOf(args, '--seed') === '1');
    const spied = (...args: readonly string[]) => {
      asked.push(args);
      return run(...args);
    };
    const setup = { folder, settings: [], conditionEpisodes: 100, run: spied };
    await assert.rejects(
      runMainJob({ ...request, seeds: [0, 1, 2, 3], jobs: 2 }, setup),
      /did not finish; the same command continues them\.\ninsert, seed 1: .*no space left/,
    );
    assert.equal(asked.length, 4);
    assert.ok(asked.every((args) => optionOf(args, '--threads') === '1'));
    assert.deepEqual(
      keptSessions(folder).map(({ seed }) => seed),
      [0, 2, 3],
    );
  }));
