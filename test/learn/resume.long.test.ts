/**
 * SIGKILL at random moments. A resumed run makes the same losses to the bit as an undisturbed one, for every algorithm
 * and stage. It ends with the same weights, optimiser, random stream and record of blocks.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openRunStore } from '../../data/runs.ts';
import { systemClock } from '../../main/api/clock.ts';
import type { TrainerConfig } from '../../main/api/processes/trainer-messages.ts';
import { createRng } from '../../main/api/rng.ts';
import type { RunSpec } from '../../main/api/run.ts';
import { assembleTrainer } from '../../main/learn/run/assemble.ts';
import { readCheckpoint } from '../../main/learn/run/checkpoint.ts';
import { readBlocks, runFolder } from '../../main/learn/run/run-folder.ts';
import { fastClock, finishRun, type Grant, type ResumeRequest } from './resume-child.ts';
import { grantThrough, recordToyEpisodes, temporaryFolder } from './toy-project.ts';

const CHILD = join(import.meta.dirname, 'resume-child.ts');
const STEPS = 120;
/** Three grants, of which the second is as large as what was recorded has earned. */
let grants: readonly Grant[] = [];

const SMALL = { hidden: [8, 8], batchSize: 16, trainingStarts: 10 };
const RUNS: readonly (Pick<RunSpec, 'algorithm' | 'preset' | 'stage' | 'settings'> & { readonly kills: number })[] = [
  { kills: 2, algorithm: 'conrft', preset: 'paper', stage: 'offline', settings: { ...SMALL, calQlActions: 2 } },
  { kills: 2, algorithm: 'conrft', preset: 'cell', stage: 'online', settings: { ...SMALL, nStep: 3 } },
  { kills: 1, algorithm: 'rlpd', preset: 'cell', stage: 'online', settings: { ...SMALL, targetCritics: 2 } },
  { kills: 1, algorithm: 'hil-serl', preset: 'cell', stage: 'online', settings: SMALL },
  { kills: 1, algorithm: 'imitation', preset: 'cell', stage: 'offline', settings: { hidden: [8, 8], batchSize: 16 } },
  {
    kills: 1,
    algorithm: 'imitation',
    preset: 'cell',
    stage: 'online',
    settings: { hidden: [8, 8], batchSize: 16, trainingStarts: 10 },
  },
];

let folder = '';
const cleaners: (() => void)[] = [];
before(async () => {
  folder = temporaryFolder((clean) => cleaners.push(clean));
  await recordToyEpisodes(folder, { demonstrations: 6, corrected: 8, seed: 1 });
  grants = [
    { ...grantThrough(folder, 8), updates: 30 },
    grantThrough(folder, 12),
    { ...grantThrough(folder, 14), updates: 50 },
  ];
});
after(() => {
  for (const clean of cleaners) clean();
});

function newRun(spec: RunSpec): TrainerConfig {
  const runs = openRunStore(folder, systemClock);
  const runId = runs.createRun(spec);
  runs.close();
  const pace = spec.stage === 'offline' ? 'paced' : 'granted';
  return { projectFolder: folder, runId, spec, threads: 1, pace, encoderManifestPath: undefined };
}

/** Ends by itself, or is killed as soon as it says that it is past `lastStep`. Resolves with how it ended. */
function work(request: ResumeRequest, lastStep: number, clean: (body: () => void) => void): Promise<string> {
  const child = fork(CHILD, [JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  clean(() => child.kill('SIGKILL'));
  child.on('message', (step) => {
    if (Number(step) >= lastStep) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
}

/** Everything that must be the same; speeds and the moments of publishing are the machine's. */
function outcome({ runId }: TrainerConfig) {
  const runs = openRunStore(folder, systemClock);
  const curves = runs.metrics(runId).filter(({ name }) => name !== 'updatesPerSec');
  const policies = runs.checkpoints(runId).map(({ policy }) => policy);
  runs.close();
  const files = runFolder(folder, runId);
  const checkpoint = readCheckpoint(files.checkpoint);
  assert.ok(checkpoint);
  const { runId: _run, ...header } = checkpoint.header;
  assert.equal(new Set(policies).size, policies.length, 'a policy is on the list once');
  return { curves, header, arrays: checkpoint.arrays, blocks: readBlocks(files.blocks) };
}

for (const [index, { algorithm, preset, stage, settings, kills }] of RUNS.entries())
  test(`${algorithm}, ${stage}: killed ${kills === 1 ? 'once' : `${kills} times`}`, async (t) => {
    const spec: RunSpec = {
      ...{ algorithm, preset, stage, task: 'insert', observation: 'state', seed: 3, settings: settings ?? {} },
      ...(stage === 'offline' && { steps: STEPS }),
    };
    const undisturbed = { config: newRun(spec), grants };
    await finishRun(undisturbed, () => {});
    const whole = outcome(undisturbed.config);
    const total = whole.header.counters['updates'] ?? 0;
    assert.ok(total >= STEPS && whole.curves.length > 0, `${total} updates`);

    const disturbed = { config: newRun(spec), grants };
    const rng = createRng(index).split('moments');
    let left = 1;
    for (let kill = 0; kill < kills; kill++) {
      left += rng.integer(Math.floor(total / kills) - 10);
      t.diagnostic(`killed at update ${left} of ${total}`);
      assert.equal(await work(disturbed, left, (clean) => t.after(clean)), 'SIGKILL');
    }
    assert.equal(await work(disturbed, Number.POSITIVE_INFINITY, (clean) => t.after(clean)), 'code 0');
    assert.deepEqual(outcome(disturbed.config), whole);
  });

test('a run that is over and is asked once more for its last block answers it again and changes nothing', async () => {
  const spec: RunSpec = {
    ...{ algorithm: 'imitation', preset: 'cell', stage: 'online', task: 'insert', observation: 'state', seed: 0 },
    settings: { hidden: [8], batchSize: 8, trainingStarts: 10 },
  };
  const request = { config: newRun(spec), grants: grants.slice(0, 1) };
  await finishRun(request, () => {});
  const once = outcome(request.config);
  await finishRun(request, () => {});
  assert.deepEqual(outcome(request.config), once);
});

test('an online run that waited for its first steps does not make them up after a kill', async (t) => {
  const own = temporaryFolder((clean) => t.after(clean));
  await recordToyEpisodes(own, { demonstrations: 3, corrected: 2, seed: 5 });
  const spec: RunSpec = {
    ...{ algorithm: 'imitation', preset: 'cell', stage: 'online', task: 'insert', observation: 'state', seed: 0 },
    settings: { hidden: [8], batchSize: 8, trainingStarts: 60 },
  };
  const runs = openRunStore(own, systemClock);
  const runId = runs.createRun(spec);
  runs.close();
  const config = {
    projectFolder: own,
    runId,
    spec,
    threads: 1,
    pace: 'paced',
    encoderManifestPath: undefined,
  } as const;
  let [owed, step, looks] = [0, 0, 0];
  const begin = async () => {
    looks = 0;
    const run = await assembleTrainer(config, fastClock, (message) => {
      if (message.kind !== 'progress') return;
      looks++;
      ({ owed = 0, step } = message.status);
    });
    await run.trainer.restore();
    const pacing = run.trainer.pace();
    return async () => {
      run.trainer.stop();
      await pacing;
      await run.close();
    };
  };
  const until = async (there: () => boolean) => {
    while (!there()) await systemClock.sleepUntilMs(systemClock.nowMs() + 1);
  };

  const abandon = await begin();
  await until(() => looks > 2);
  await recordToyEpisodes(own, { demonstrations: 0, corrected: 6, seed: 6 });
  await until(() => step > 3);
  await abandon();
  // As a kill before the first checkpoint leaves it.
  rmSync(runFolder(own, runId).checkpoint, { force: true });
  const [block] = readBlocks(runFolder(own, runId).blocks);
  assert.ok(block && block.updates > 10);

  const end = await begin();
  let [idle, before] = [0, 0];
  await until(() => {
    idle = owed === 0 && step === before ? idle + 1 : 0;
    before = step;
    return looks > 2 && idle > 200;
  });
  await end();
  const blocks = readBlocks(runFolder(own, runId).blocks);
  const waitedThrough = block.rlTransitions - block.updates;
  assert.ok(waitedThrough > 10, `${waitedThrough} steps before there were enough`);
  assert.equal(step, (blocks.at(-1)?.rlTransitions ?? 0) - waitedThrough);
});

test('a record that was cut short in the middle of a line is gone on with', async () => {
  const spec: RunSpec = {
    ...{ algorithm: 'imitation', preset: 'cell', stage: 'offline', task: 'insert', observation: 'state', seed: 0 },
    ...{ steps: 5, settings: { hidden: [8], batchSize: 8 } },
  };
  const config = newRun(spec);
  const { blocks } = runFolder(folder, config.runId);
  appendFileSync(blocks, '{"index":0,"newestSeq');
  await finishRun({ config, grants: [] }, () => {});
  assert.deepEqual(
    readBlocks(blocks).map(({ index, updates }) => [index, updates]),
    [[0, 5]],
  );
  assert.equal(readFileSync(blocks, 'utf8').split('\n').length, 2);
});
