/**
 * PPO as a run of a project, killed in the middle of a block: what it learns of its own episodes is the same to the bit
 * as undisturbed.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRunStore } from '../../data/runs.ts';
import { systemClock } from '../../main/api/clock.ts';
import type { TrainerConfig } from '../../main/api/processes/trainer-messages.ts';
import type { RunSpec } from '../../main/api/run.ts';
import { readCheckpoint } from '../../main/learn/run/checkpoint.ts';
import { readBlocks, runFolder } from '../../main/learn/run/run-folder.ts';
import { finishRun, type Grant, type ResumeRequest } from './resume-child.ts';
import { grantThrough, recordToyEpisodes, temporaryFolder } from './toy-project.ts';

const CHILD = join(import.meta.dirname, 'resume-child.ts');
const KILLED_AT = 45;

test('ppo: cloned, then fine-tuned on episodes of its own policies, killed once', async (t) => {
  const folder = temporaryFolder((clean) => t.after(clean));
  const [, , , lastDemo = 0] = await recordToyEpisodes(folder, { demonstrations: 4, corrected: 0, seed: 1 });
  const spec: RunSpec = {
    ...{ algorithm: 'ppo', preset: 'cell', recipe: 'rl-fine-tune', task: 'insert', observation: 'state', seed: 3 },
    ...{ stage: 'offline', steps: 40 },
    settings: { hidden: [8], batchSize: 16, trainingStarts: 10, criticWarmupUpdates: 20, episodes: 3 },
  };
  const newRun = (changes: Partial<RunSpec>): TrainerConfig => {
    const runs = openRunStore(folder, systemClock);
    const runId = runs.createRun({ ...spec, ...changes });
    runs.close();
    return {
      projectFolder: folder,
      runId,
      spec: { ...spec, ...changes },
      threads: 1,
      pace: 'granted',
      encoderManifestPath: undefined,
    };
  };
  const cloned = newRun({});
  await finishRun({ config: cloned, grants: [grantThrough(folder, lastDemo)] }, () => {});
  const policy = runFolder(folder, cloned.runId).policyName(40);

  const episodes = await recordToyEpisodes(folder, { demonstrations: 0, corrected: 3, alone: 2, policy, seed: 2 });
  const grants: Grant[] = [
    { ...grantThrough(folder, episodes[1] ?? 0), updates: 30 },
    { ...grantThrough(folder, episodes[4] ?? 0), updates: 40 },
  ];
  const { steps: _steps, ...rest } = spec;
  const online = (): ResumeRequest => ({
    config: newRun({ ...rest, stage: 'online', steps: 70, startFrom: policy }),
    grants,
  });
  const outcome = ({ config }: ResumeRequest) => {
    const runs = openRunStore(folder, systemClock);
    const curves = runs.metrics(config.runId).filter(({ name }) => name !== 'updatesPerSec');
    runs.close();
    const files = runFolder(folder, config.runId);
    const checkpoint = readCheckpoint(files.checkpoint);
    assert.ok(checkpoint);
    const { runId: _run, ...header } = checkpoint.header;
    return { curves, header, arrays: checkpoint.arrays, blocks: readBlocks(files.blocks) };
  };
  const undisturbed = online();
  await finishRun(undisturbed, () => {});
  const whole = outcome(undisturbed);
  assert.equal(whole.header.counters['updates'], 70);
  assert.equal(whole.header.counters['tunings'], 70, 'every update had own steps');
  assert.notDeepEqual(whole.arrays['actor'], whole.arrays['reference']);

  const disturbed = online();
  const work = (killedAt: number) => {
    const child = fork(CHILD, [JSON.stringify(disturbed)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    t.after(() => child.kill('SIGKILL'));
    child.on('message', (step) => {
      if (Number(step) >= killedAt) child.kill('SIGKILL');
    });
    return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
  };
  assert.equal(await work(KILLED_AT), 'SIGKILL');
  assert.equal(await work(Number.POSITIVE_INFINITY), 0);
  assert.deepEqual(outcome(disturbed), whole);
});
