/** The trainer as a process: grants, publishing, and SIGKILL in the middle of a block without a trace in the weights. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRunStore } from '../../../data/runs.ts';
import { systemClock } from '../../../main/api/clock.ts';
import { STATE_ESTIMATE_SIZE } from '../../../main/api/observation.ts';
import type { FromTrainer, ToTrainer, TrainerConfig } from '../../../main/api/processes/trainer-messages.ts';
import type { RunSpec } from '../../../main/api/run.ts';
import { readPolicy } from '../../../main/learn/policies/export-policy.ts';
import { readCheckpoint } from '../../../main/learn/run/checkpoint.ts';
import { readBlocks, runFolder } from '../../../main/learn/run/run-folder.ts';
import { grantThrough, recordToyEpisodes, temporaryFolder } from '../toy-project.ts';

const ENTRY = join(import.meta.dirname, '../../../main/learn/run/trainer-process.ts');
const SPEC: RunSpec = {
  ...{ algorithm: 'conrft', preset: 'cell', task: 'insert', observation: 'state' },
  ...{ stage: 'online', seed: 3 },
};

/** A small net, so that an update takes a few milliseconds. */
function smallRun(projectFolder: string, wanted: RunSpec, pace: TrainerConfig['pace'] = 'granted'): TrainerConfig {
  const spec: RunSpec = { ...wanted, settings: { hidden: [16, 16], batchSize: 32, trainingStarts: 10 } };
  const runs = openRunStore(projectFolder, systemClock);
  const runId = runs.createRun(spec);
  runs.close();
  return { projectFolder, runId, spec, threads: 1, pace, encoderManifestPath: undefined };
}

interface Run {
  readonly child: ChildProcess;
  readonly messages: readonly FromTrainer[];
  send(message: ToTrainer): void;
  /** The next message of that kind that has not been waited for. */
  next<K extends FromTrainer['kind']>(kind: K): Promise<Extract<FromTrainer, { kind: K }>>;
  readonly exit: Promise<number | string>;
}

function start(config: TrainerConfig, after: (clean: () => void) => void): Run {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
  });
  child.stdin?.end(JSON.stringify(config));
  after(() => child.kill('SIGKILL'));
  const messages: FromTrainer[] = [];
  const seen = new Map<string, number>();
  const wakes = new Set<() => void>();
  const wake = () => {
    for (const each of wakes) each();
  };
  child.on('message', (message) => {
    messages.push(message as FromTrainer);
    wake();
  });
  const exit = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  void exit.then(wake);
  return {
    child,
    messages,
    exit,
    send: (message) => void child.send(message),
    next: async (kind) => {
      for (;;) {
        const matching = messages.filter((message) => message.kind === kind);
        const at = seen.get(kind) ?? 0;
        if (matching[at]) {
          seen.set(kind, at + 1);
          return matching[at] as never; // The caller names the kind.
        }
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`ended while waiting for ${kind}: ${JSON.stringify(messages.at(-1))}`);
        await new Promise<void>((resolve) => {
          const once = () => {
            wakes.delete(once);
            resolve();
          };
          wakes.add(once);
        });
      }
    },
  };
}

const grantsIn = (folder: string): readonly [ToTrainer, ToTrainer, ToTrainer] => [
  { kind: 'grant', ...grantThrough(folder, 8), updates: 30 },
  { kind: 'grant', ...grantThrough(folder, 12), updates: undefined },
  { kind: 'grant', ...grantThrough(folder, 14), updates: 40 },
];

/** `paper` of imitation has all that a learner may carry: averaged weights, a normaliser, several draws of chance. */
for (const { algorithm, preset, criticsPerActor } of [
  { algorithm: 'conrft', preset: 'cell', criticsPerActor: 2 },
  { algorithm: 'imitation', preset: 'paper', criticsPerActor: undefined },
  { algorithm: 'rlpd', preset: 'cell', criticsPerActor: 4 },
] as const)
  test(`${algorithm}: killed in the middle of a block, it resumes to the same bytes and losses`, async (t) => {
    const spec: RunSpec = { ...SPEC, algorithm, preset };
    const after = (clean: () => void) => t.after(clean);
    const folder = temporaryFolder(after);
    await recordToyEpisodes(folder, { demonstrations: 6, corrected: 8, seed: 1 });
    const grants = grantsIn(folder);

    const undisturbed = smallRun(folder, spec);
    const whole = start(undisturbed, after);
    const blocks = [];
    for (const grant of grants) {
      whole.send(grant);
      blocks.push(await whole.next('block'));
    }
    whole.send({ kind: 'finish' });
    await whole.next('finished');
    assert.equal(await whole.exit, 0);

    const disturbed = smallRun(folder, spec);
    const first = start(disturbed, after);
    first.send(grants[0]);
    await first.next('block');
    first.send(grants[1]);
    // The block is running as soon as it is recorded.
    const file = runFolder(folder, disturbed.runId).blocks;
    while (readBlocks(file).length < 2) await systemClock.sleepUntilMs(systemClock.nowMs() + 2);
    await systemClock.sleepUntilMs(systemClock.nowMs() + 60);
    first.child.kill('SIGKILL');
    assert.equal(await first.exit, 'SIGKILL');

    const second = start(disturbed, after);
    second.send(grants[1]);
    const repeated = await second.next('block');
    second.send(grants[2]);
    const last = await second.next('block');
    second.send({ kind: 'finish' });
    await second.next('finished');

    assert.deepEqual(repeated.metrics, blocks[1]!.metrics);
    assert.deepEqual(last.metrics, blocks[2]!.metrics);
    assert.ok(repeated.updates > 30, `${repeated.updates} updates were earned by the new steps`);
    assert.deepEqual(readBlocks(file), readBlocks(runFolder(folder, undisturbed.runId).blocks));
    const stateOf = ({ runId }: TrainerConfig) => readCheckpoint(runFolder(folder, runId).checkpoint);
    assert.deepEqual(stateOf(disturbed)?.arrays, stateOf(undisturbed)?.arrays);
    const runs = openRunStore(folder, systemClock);
    // The speed depends on the machine, not on the run.
    const curves = ({ runId }: TrainerConfig) => runs.metrics(runId).filter(({ name }) => name !== 'updatesPerSec');
    assert.deepEqual(curves(disturbed), curves(undisturbed));
    const newest = (name: string) => curves(disturbed).findLast((point) => point.name === name)?.value;
    const actorUpdatesPerStep = newest('actorUpdatesPerStep') ?? Number.NaN;
    assert.ok(actorUpdatesPerStep > 0);
    assert.equal(newest('criticUpdatesPerStep'), criticsPerActor && criticsPerActor * actorUpdatesPerStep);
    assert.equal(runs.run(disturbed.runId)?.state, 'finished');
    runs.close();
  });

test('offline by its own pace, then online from what it published, with its critics', async (t) => {
  const after = (clean: () => void) => t.after(clean);
  const folder = temporaryFolder(after);
  await recordToyEpisodes(folder, { demonstrations: 5, corrected: 4, seed: 2 });
  const offline = start(smallRun(folder, { ...SPEC, stage: 'offline', steps: 50 }, 'paced'), after);
  const published = await offline.next('published');
  assert.equal((await offline.next('finished')).step, 50);
  const { manifest, weights } = readPolicy(published.manifestPath);
  assert.deepEqual(
    [manifest.name, manifest.observation, manifest.embeddingSize],
    ['run-1/50', 'state', STATE_ESTIMATE_SIZE],
  );
  assert.ok(weights.every(Number.isFinite));

  const online = start(smallRun(folder, { ...SPEC, startFrom: 'run-1/50' }), after);
  online.send({ kind: 'grant', ...grantThrough(folder, 9), updates: 0 });
  const block = await online.next('block');
  assert.deepEqual(readPolicy(block.manifestPath).weights, weights);
  online.send({ kind: 'cancel' });
  await online.exit;
  const [before, now] = [1, 2].map((runId) => readCheckpoint(runFolder(folder, runId).checkpoint)!);
  assert.deepEqual(now!.arrays['critic'], before!.arrays['critic']);
  assert.equal(now!.header.counters['criticUpdates'], 50);
  assert.equal(now!.header.counters['criticAdamSteps'], 0);
});

test('a launcher that dies while the run is still put together leaves no run behind', async (t) => {
  const after = (clean: () => void) => t.after(clean);
  const folder = temporaryFolder(after);
  await recordToyEpisodes(folder, { demonstrations: 6, corrected: 8, seed: 1 });
  // The first wait ends at once, the last ones after the code is loaded.
  for (const waitMs of [0, 300, 700, 1100]) {
    const config = smallRun(folder, SPEC, 'paced');
    const { child, exit } = start(config, after);
    await systemClock.sleepUntilMs(systemClock.nowMs() + waitMs);
    child.disconnect();
    assert.equal(await exit, 0, `after ${waitMs} ms`);
    const runs = openRunStore(folder, systemClock);
    assert.equal(runs.run(config.runId)?.state, 'cancelled', `after ${waitMs} ms`);
    runs.close();
  }
});

test('what cannot be used is refused in words', async (t) => {
  const after = (clean: () => void) => t.after(clean);
  const folder = temporaryFolder(after);
  await recordToyEpisodes(folder, { demonstrations: 2, corrected: 0, seed: 3 });
  const config = smallRun(folder, { ...SPEC, stage: 'offline', steps: 5 });
  const good = start(config, after);
  good.send({ kind: 'grant', ...grantThrough(folder, 2), updates: undefined });
  await good.next('block');
  good.send({ kind: 'finish' });
  await good.exit;

  const settings = runFolder(folder, config.runId).config;
  writeFileSync(settings, JSON.stringify({ ...JSON.parse(readFileSync(settings, 'utf8')), hidden: [8, 8] }));
  const wrongShapes = start(config, after);
  const failure = await wrongShapes.next('failed');
  assert.match(failure.message, /actor has \d+ numbers, these networks have \d+/);
  assert.ok(failure.remedy.length > 0);
  assert.equal(await wrongShapes.exit, 1);
  assert.ok(existsSync(runFolder(folder, config.runId).checkpoint), 'the checkpoint is left as it was');

  const noEncoder = start(smallRun(folder, { ...SPEC, observation: 'pixels' }), after);
  assert.match((await noEncoder.next('failed')).message, /needs an encoder/);
});
