/**
 * The run service against a trainer that does what it is told: start, chain, cancel, failure, and never two at once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BufferCounts } from '../../main/api/episode.ts';
import type { RunStatus } from '../../main/api/run.ts';
import type { TaskId } from '../../main/api/task.ts';
import { createRunService } from '../../main/runs/run-service.ts';
import { createFakeLauncher, createFakeRows, SPEC, settle, statusOf, virtualClock } from './fake-trainer.ts';

const PLENTY: BufferCounts = {
  rlTransitions: 5000,
  demoTransitions: 900,
  demonstrations: 25,
  interventionSteps: 100,
  episodes: 60,
};

function service(
  policyInUse: string | undefined = 'starter',
  counts: BufferCounts = PLENTY,
  task: TaskId = 'insert',
  asked: TaskId[] = [],
) {
  const clock = virtualClock();
  const { launch, trainers } = createFakeLauncher();
  const rows = createFakeRows();
  const runs = createRunService({
    projectFolder: 'project',
    clock,
    rows,
    launch,
    task: () => task,
    encoderManifestPath: 'encoder/manifest.json',
    counts: (of) => {
      asked.push(of);
      return counts;
    },
    policyInUse: () => policyInUse,
    policiesHeld: () => ['run-1/4', 'run-1/7'],
  });
  const told: RunStatus[] = [];
  runs.onStatus((status) => told.push(status));
  return { clock, trainers, rows, runs, told };
}

test('Fine-tune on the starter: offline from it, then online from what that made, until it is cancelled', async () => {
  const { trainers, rows, runs, told } = service('starter');
  assert.deepEqual(await runs.start(undefined), { kind: 'done', value: { runId: 1 } });
  const offline = trainers[0]!;
  assert.deepEqual(offline.config, {
    projectFolder: 'project',
    runId: 1,
    spec: {
      ...{ algorithm: 'conrft', preset: 'cell', stage: 'offline', task: 'insert', observation: 'pixels' },
      ...{ seed: 0, startFrom: 'starter' },
    },
    threads: 1,
    pace: 'paced',
    encoderManifestPath: 'encoder/manifest.json',
  });
  assert.equal(told.at(-1)?.state, 'waiting');
  offline.say({ kind: 'progress', status: statusOf(offline.config.spec, { step: 1000, policy: 'run-1/1000' }) });
  offline.say({ kind: 'finished', step: 1000, checkpoint: 'checkpoint.bin' });
  offline.end();
  await settle();
  const online = trainers[1]!;
  assert.deepEqual(
    [online.config.runId, online.config.spec.stage, online.config.spec.startFrom, online.config.spec.steps],
    [2, 'online', 'run-1/1000', undefined],
  );

  const cancelling = runs.cancel(2);
  assert.deepEqual(online.sent, [{ kind: 'cancel' }]);
  online.end();
  assert.deepEqual(await cancelling, { kind: 'done', value: undefined });
  await settle();
  assert.equal(trainers.length, 2, 'a cancelled run starts no other');
  assert.deepEqual(told.at(-1)?.state, 'cancelled');
  assert.deepEqual(rows.updates.at(-1), { runId: 2, state: 'cancelled' });
});

test('a run is told to be over only when the next one may start', async () => {
  for (const [state, last] of [
    ['finished', 'finished'],
    ['failed', 'failed'],
  ] as const) {
    const { trainers, runs, told } = service('starter');
    await runs.start({ stage: 'offline', steps: 5 });
    const { spec } = trainers[0]!.config;
    trainers[0]!.say({ kind: 'progress', status: statusOf(spec, { state, step: 5 }) });
    if (state === 'finished') trainers[0]!.say({ kind: 'finished', step: 5, checkpoint: '' });
    assert.deepEqual([told.at(-1)?.state, (await runs.list())[0]?.state], ['running', 'running']);
    assert.equal((await runs.start({ stage: 'offline' })).kind, 'refused');
    let accepted: unknown;
    runs.onStatus((status) => {
      if (status.id === 1 && status.state === last) accepted ??= runs.start({ stage: 'offline', steps: 5 });
    });
    trainers[0]!.end();
    await settle();
    assert.deepEqual(await accepted, { kind: 'done', value: { runId: 2 } });
  }
});

test('a policy that has critics goes on online; a stage that was asked for is the only one', async () => {
  const inUse = service('run-1/2000');
  await inUse.rows.createRun(SPEC);
  await inUse.runs.start(undefined);
  assert.deepEqual(
    [inUse.trainers[0]!.config.spec.stage, inUse.trainers[0]!.config.spec.startFrom],
    ['online', 'run-1/2000'],
  );
  const asked = service('starter');
  await asked.runs.start({ stage: 'offline', steps: 50, preset: 'paper', seed: 4 });
  const { spec } = asked.trainers[0]!.config;
  assert.deepEqual([spec.stage, spec.steps, spec.preset, spec.seed], ['offline', 50, 'paper', 4]);
  asked.trainers[0]!.say({ kind: 'progress', status: statusOf(spec, { policy: 'run-1/50' }) });
  asked.trainers[0]!.say({ kind: 'finished', step: 50, checkpoint: '' });
  asked.trainers[0]!.end();
  await settle();
  assert.equal(asked.trainers.length, 1);
});

test('what is missing is said, and nothing starts', async () => {
  const { runs, trainers } = service('starter', { ...PLENTY, demonstrations: 3, interventionSteps: 0 });
  const answer = await runs.start(undefined);
  assert.equal(answer.kind, 'refused');
  assert.match(answer.kind === 'refused' ? answer.message : '', /3 of 20 demonstrations/);
  assert.equal(trainers.length, 0);
  assert.equal((await runs.readiness()).ready, false);
});

test('one run at a time, also when two are asked for in the same moment', async () => {
  const { runs, rows, trainers } = service();
  const held = Promise.withResolvers<void>();
  rows.holdCreate(held.promise);
  const first = runs.start(undefined);
  const second = await runs.start(undefined);
  assert.equal(second.kind, 'refused');
  held.resolve();
  assert.equal((await first).kind, 'done');
  assert.equal((await runs.start(undefined)).kind, 'refused');
  assert.equal(trainers.length, 1);
});

test('a trainer that dies: its last words are stored and told, and the next run may start', async () => {
  const { runs, rows, trainers, told } = service();
  await runs.start(undefined);
  trainers[0]!.end({ code: 134, lastWords: 'loading\nterminate called: out of memory\n' });
  await settle();
  assert.deepEqual(rows.updates.at(-1), {
    runId: 1,
    state: 'failed',
    message: 'the trainer ended (code 134): terminate called: out of memory',
  });
  assert.equal(told.at(-1)?.state, 'failed');
  assert.match(told.at(-1)?.remedy ?? '', /Close other programs, or choose a smaller batchSize/);
  assert.equal((await runs.start(undefined)).kind, 'done');

  trainers[1]!.say({ kind: 'failed', message: 'criticLoss became NaN at update 7', remedy: 'Go back.' });
  trainers[1]!.end({ code: 1, lastWords: 'Error: a stack' });
  await settle();
  assert.deepEqual([told.at(-1)?.message, told.at(-1)?.remedy], ['criticLoss became NaN at update 7', 'Go back.']);
});

test('a trainer that does not heed a cancel is killed after five seconds', async () => {
  const { clock, runs, trainers } = service();
  await runs.start(undefined);
  const cancelling = runs.cancel(1);
  clock.advanceToMs(4999);
  assert.equal(trainers[0]!.killed(), false);
  clock.advanceToMs(5000);
  assert.equal(trainers[0]!.killed(), true);
  assert.equal((await cancelling).kind, 'done');
  assert.equal((await runs.cancel(1)).kind, 'refused');
});

test('closing gives a trainer that does not heed half of that, for the engine ends within five seconds', async () => {
  const { clock, runs, trainers } = service();
  await runs.start(undefined);
  const closing = runs.close();
  await settle();
  clock.advanceToMs(2499);
  assert.equal(trainers[0]!.killed(), false);
  clock.advanceToMs(2500);
  assert.equal(trainers[0]!.killed(), true);
  await closing;
});

test('closing while a run is being begun leaves no trainer behind', async () => {
  const { runs, rows, trainers } = service();
  const held = Promise.withResolvers<void>();
  rows.holdCreate(held.promise);
  const starting = runs.start(undefined);
  const closing = runs.close();
  held.resolve();
  await starting;
  await settle();
  assert.deepEqual(trainers[0]?.sent, [{ kind: 'cancel' }]);
  trainers[0]!.end();
  await closing;

  const between = service();
  await between.runs.start(undefined);
  const { spec } = between.trainers[0]!.config;
  between.trainers[0]!.say({ kind: 'progress', status: statusOf(spec, { policy: 'run-1/9' }) });
  between.trainers[0]!.say({ kind: 'finished', step: 9, checkpoint: '' });
  const ending = between.runs.close();
  between.trainers[0]!.end();
  await ending;
  await settle();
  assert.equal(between.trainers.length, 1, 'no online stage after the engine has closed');
});

test('published policies are passed on; metrics come by name; a row that nobody works on is not running', async () => {
  const { runs, rows, trainers } = service();
  const published: unknown[] = [];
  runs.onPublished((policy) => published.push(policy));
  await rows.createRun(SPEC);
  await rows.updateRun(1, { state: 'running' });
  assert.equal((await runs.list())[0]?.state, 'cancelled', 'left by an engine that died');
  await runs.start(undefined);
  trainers[0]!.say({ kind: 'published', policy: 'run-2/40', manifestPath: 'm.json', step: 40 });
  assert.deepEqual(published, [{ runId: 2, task: 'insert', policy: 'run-2/40', manifestPath: 'm.json', step: 40 }]);
  assert.deepEqual(
    (await runs.list()).map(({ id, state }) => [id, state]),
    [
      [2, 'waiting'],
      [1, 'cancelled'],
    ],
  );
  assert.deepEqual(await runs.metrics(2, ['criticLoss'], 100), {
    criticLoss: [
      [10, 2],
      [20, 1],
    ],
  });
});

test('a plan says what would start and how fast the last of its kind was; starting does the same', async () => {
  const { runs, rows, trainers } = service('starter');
  const offline = await runs.plan(undefined);
  assert.deepEqual([offline.spec.stage, offline.spec.startFrom, offline.steps], ['offline', 'starter', 1000]);
  assert.deepEqual([offline.owed, offline.demoShare, offline.speed], [0, 1, undefined]);
  await rows.createRun(SPEC);
  rows.measured.set(1, { updatesPerSec: 20 });
  const online = await runs.plan({ stage: 'online', observation: 'state' });
  assert.deepEqual([online.steps, online.owed, online.updatesPerStep, online.demoShare], [undefined, 10_000, 2, 0.5]);
  assert.equal(online.speed, undefined, 'an offline run says nothing about an online one');
  const again = await runs.plan({ stage: 'offline', observation: 'state', steps: 70 });
  assert.deepEqual([again.steps, again.speed], [70, { runId: 1, updatesPerSec: 20 }]);
  assert.equal(trainers.length, 0, 'a plan starts nothing');
});

test('a policy that does not fit: left out where it is only in use, refused where it is asked for', async () => {
  const { runs, trainers } = service('starter');
  const plan = await runs.plan({ algorithm: 'rlpd', stage: 'online' });
  assert.equal(plan.spec.startFrom, undefined);
  assert.match(plan.freshBecause ?? '', /starter does not fit: it has another head/);
  const asked = await runs.start({ algorithm: 'rlpd', stage: 'online', startFrom: 'starter' });
  assert.match(
    asked.kind === 'refused' ? `${asked.message} ${asked.remedy}` : '',
    /starter does not fit.*fresh weights/,
  );
  assert.equal((await runs.start({ algorithm: 'rlpd', stage: 'online' })).kind, 'done');
  assert.equal(trainers[0]!.config.spec.startFrom, undefined);
  const fresh = await service('starter').runs.plan({ startFrom: 'fresh' });
  assert.deepEqual([fresh.spec.startFrom, fresh.freshBecause], [undefined, undefined]);
});

test('Fine-tune goes on with the algorithm and preset that made the policy in use', async () => {
  const { runs, rows } = service('run-1/40');
  await rows.createRun({ ...SPEC, algorithm: 'cal-ql', preset: 'paper' });
  const { spec } = await runs.plan(undefined);
  assert.deepEqual([spec.algorithm, spec.preset, spec.stage], ['cal-ql', 'paper', 'online']);
  const other = await runs.plan({ algorithm: 'conrft' });
  assert.deepEqual([other.spec.algorithm, other.spec.preset], ['conrft', 'cell']);
});

test('critics are met offline first: on an imitated policy, one of an unknown run, and fresh weights', async () => {
  const counts = { ...PLENTY, demonstrations: 3 };
  const { runs, rows } = service('run-1/2000', counts);
  assert.equal((await runs.plan({ algorithm: 'conrft' })).spec.stage, 'offline', 'no row says what made it');
  await rows.createRun({ ...SPEC, algorithm: 'imitation' });
  const { spec } = await runs.plan({ algorithm: 'conrft' });
  assert.deepEqual([spec.algorithm, spec.stage, spec.startFrom], ['conrft', 'offline', 'run-1/2000']);
  assert.equal((await runs.plan({ algorithm: 'conrft', stage: 'online' })).spec.stage, 'online', 'what is asked for');

  const fresh = await runs.plan({ algorithm: 'rlpd' });
  assert.deepEqual([fresh.spec.startFrom, fresh.spec.stage], [undefined, 'offline']);

  const critics = service('run-1/2000', counts);
  await critics.rows.createRun({ ...SPEC, algorithm: 'cal-ql' });
  assert.equal((await critics.runs.plan({ algorithm: 'conrft' })).spec.stage, 'online');
});

test('every published policy is told, then older ones are pruned, but none that is held', async () => {
  const { trainers, rows, runs } = service();
  const order: string[] = [];
  runs.onPublished(({ policy }) => order.push(`${policy}, ${rows.pruned.length} pruned`));
  await runs.start({ stage: 'online' });
  trainers[0]?.say({ kind: 'published', policy: 'run-1/9', manifestPath: 'manifest.json', step: 9 });
  await settle();
  assert.deepEqual(order, ['run-1/9, 0 pruned']);
  assert.deepEqual(rows.pruned, [{ runId: 1, held: ['run-1/4', 'run-1/7'] }]);
});

test('older policies that cannot be removed are told with what to do, and the run goes on', async () => {
  const { trainers, rows, runs, told } = service();
  Object.assign(rows, { prunePolicies: () => Promise.reject(new Error('EROFS: read-only file system')) });
  await runs.start({ stage: 'online' });
  trainers[0]?.say({ kind: 'published', policy: 'run-1/9', manifestPath: 'manifest.json', step: 9 });
  await settle();
  const last = told.at(-1);
  assert.match(last?.message ?? '', /Older policies could not be removed: EROFS/);
  assert.match(last?.remedy ?? '', /disk/);
  assert.notEqual(last?.state, 'failed');
});

test('readiness, plans and runs are for the task that is chosen, and count its episodes alone', async () => {
  const asked: TaskId[] = [];
  const { runs, trainers } = service(undefined, PLENTY, 'lift', asked);
  await runs.readiness();
  const { spec } = await runs.plan(undefined);
  assert.equal(spec.task, 'lift');
  await runs.start(undefined);
  assert.equal(trainers[0]?.config.spec.task, 'lift');
  assert.deepEqual(new Set(asked), new Set(['lift']));
});
