/** Every headless verb as a process of its own, on a project that grows from one to the next; the keys of their last lines are fixed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { validateLerobot } from '../../data/export/lerobot-validate.ts';
import { openStoreReader } from '../../data/reading/reader.ts';
import { ACTION_NAMES } from '../../main/api/action.ts';
import { removeFolder, temporaryFolder } from '../data/fixture.ts';
import { lastLine, SMALL_RUN, takeover } from './takeover-child.ts';

const GRIPPER = ACTION_NAMES.indexOf('gripper');
let folder = '';
before(() => {
  folder = temporaryFolder();
});
after(() => removeFolder(folder));

const inState = ['--observation', 'state', '--json'];

test('rollout: the scripted expert, recorded into the RL buffer only', async () => {
  const ended = await takeover('rollout', '--policy', 'scripted', '--episodes', '1', '--data', folder, ...inState);
  const line = lastLine(ended);
  assert.deepEqual(
    { ...line, realTimeFactor: Number(line['realTimeFactor']) > 0 },
    {
      ...{ episodes: 1, successes: 1, transitions: line['transitions'], rlTransitions: line['transitions'] },
      ...{ demoTransitions: 0, interventionRate: 0, realTimeFactor: true },
    },
  );
  assert.ok(Number(line['transitions']) > 10);
  assert.equal(ended.status, 0);
  assert.equal(ended.stdout.trimEnd().split('\n').length, 1, 'nothing but the line');
});

test('demo: two demonstrations', async () => {
  const line = lastLine(await takeover('demo', '--episodes', '2', '--data', folder, ...inState));
  assert.deepEqual(Object.keys(line), ['demonstrations', 'attempts', 'transitions', 'wallSec']);
  assert.equal(line['demonstrations'], 2);
});

test('demo: a task that needs the gripper', async () => {
  const args = ['--task', 'lift', '--episodes', '1', '--data', join(folder, 'lift'), ...inState];
  assert.equal(lastLine(await takeover('demo', ...args))['demonstrations'], 1);
  const reader = await openStoreReader(join(folder, 'lift'));
  const [episode] = await reader.listEpisodes({ limit: 1 });
  const replay = episode && (await reader.replay(episode.id));
  await reader.close();
  assert.equal(episode?.task, 'lift');
  const commands = new Set(replay?.steps.map(({ action }) => action[GRIPPER]));
  assert.deepEqual(commands, new Set([0, -1]), 'the gripper is left as it is, then closed');
});

test('finetune: five updates offline make a policy', async () => {
  const line = lastLine(await takeover('finetune', '--steps', '5', '--data', folder, ...inState, ...SMALL_RUN));
  assert.deepEqual(Object.keys(line), ['run', 'checkpoint', 'steps', 'updatesPerSec', 'wallSec']);
  assert.deepEqual([line['run'], line['checkpoint'], line['steps']], [1, 'run-1/5', 5]);
  assert.ok(Number(line['updatesPerSec']) > 0);
  assert.ok(existsSync(join(folder, 'runs/1/policy-5/manifest.json')));
});

test('evaluate: that policy alone, with the interval; the same again gives the same', async () => {
  const args = ['evaluate', '--policy', 'run-1/5', '--episodes', '1', '--data', folder, '--json'];
  const [first, second] = await Promise.all([takeover(...args), takeover(...args)]);
  const line = lastLine(first);
  assert.deepEqual(Object.keys(line), [
    ...['policy', 'episodes', 'successes', 'successRate', 'ci95', 'meanSteps', 'totalSteps', 'interventionRate'],
  ]);
  assert.deepEqual([line['policy'], line['episodes'], line['interventionRate']], ['run-1/5', 1, 0]);
  assert.equal((line['ci95'] as unknown[]).length, 2);
  assert.deepEqual(lastLine(second), line);
});

test('export: three episodes as a dataset that reads back; the folder is not overwritten', async () => {
  const out = join(folder, 'dataset');
  const args = ['export', '--format', 'lerobot-v3', '--out', out, '--data', folder, '--json'];
  const line = lastLine(await takeover(...args));
  assert.deepEqual(Object.keys(line), ['format', 'out', 'episodes', 'frames', 'leftOut', 'wallSec', 'bytes']);
  assert.deepEqual([line['format'], line['out'], line['episodes']], ['lerobot-v3', out, 3]);
  assert.deepEqual(await validateLerobot(out), []);
  const again = await takeover(...args);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /dataset/);
  assert.equal(again.stdout, '');
});

test('rollout of a trained policy with the scripted operator: corrections go to the demo buffer as well', async () => {
  const args = ['rollout', '--policy', 'run-1/5', '--operator', 'scripted', '--episodes', '1', '--noise', '0'];
  const line = lastLine(await takeover(...args, '--data', folder, '--json'));
  assert.ok(Number(line['interventionRate']) > 0, JSON.stringify(line));
  assert.ok(Number(line['demoTransitions']) > 0);
  assert.ok(Number(line['rlTransitions']) > Number(line['demoTransitions']));
});

test('critic: what the run says of an episode that was recorded, and of a new one', async () => {
  const alone = ['--policy', 'run-1/5', '--operator', 'none', '--episodes', '1'];
  await takeover('rollout', ...alone, '--data', folder, ...inState);
  const svg = join(folder, 'critic.svg');
  const args = ['critic', '--run', '1', '--data', folder, '--json'];
  const ended = await Promise.all([takeover(...args, '--svg', svg), takeover(...args, '--episodes', '1')]);
  const [recorded, fresh] = ended.map(lastLine);
  // That one, and the scripted expert's.
  assert.deepEqual([recorded?.['source'], recorded?.['episodes']], ['recorded', 2]);
  assert.deepEqual([fresh?.['source'], fresh?.['episodes'], fresh?.['policy']], ['new', 1, 'run-1/5']);
  for (const line of [recorded, fresh]) {
    const { run, method, transitions, bins } = line ?? {};
    assert.deepEqual([run, method], [1, 'conrft cell, floor uncut']);
    assert.ok(Array.isArray(bins) && Number(transitions) > 10);
    for (const key of ['bias', 'rmse', 'correlation', 'overestimation']) assert.ok(Number.isFinite(line?.[key]), key);
  }
  assert.match(readFileSync(svg, 'utf8'), /conrft cell, floor uncut/);
});
