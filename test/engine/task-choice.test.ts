/** Tests the change of the task between episodes: arrangement, policy, counters, verdicts' settings, and refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUCCESS_GUARDS } from '../../main/api/classifier.ts';
import type { TaskId } from '../../main/api/task.ts';
import { createHandlers } from '../../main/engine/server/handlers.ts';
import { done, type PolicyShelf, type ShelvedPolicy } from '../../main/engine/services.ts';
import type { KeptSettings } from '../../main/engine/settings.ts';
import { createFakeCell } from '../native/fake-cell.ts';
import { bench, ticks } from './rig.ts';

const CALLER = { id: 1, claim: () => {}, release: () => {}, sendFrames: () => {} };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A shelf with a starter for `insert` and `lift`, a run's policy for `lift`, and nothing for `pick-insert`. */
function shelfOf(policies: readonly (readonly [string, TaskId])[]): PolicyShelf {
  const all = policies.map(([name, task]): ShelvedPolicy => ({ name, manifestPath: name, task }));
  return {
    list: async () => all.map(({ name, task }) => ({ name, task, trainedSteps: 1, createdAtMs: 0 })),
    find: async (wanted) => all.find(({ name }) => name === wanted),
    openingFor: async (wanted) => ({
      starter: all.find(({ name, task }) => task === wanted && name.startsWith('starter')),
      newest: all.findLast(({ name, task }) => task === wanted && name.startsWith('run')),
    }),
  };
}

async function tasks() {
  const cell = createFakeCell();
  const arranged: TaskId[] = [];
  const kept: KeptSettings[] = [];
  const { engine, policy, ...rest } = await bench({
    cell: {
      ...cell,
      reset: async (task, seed, signal) => {
        arranged.push(task);
        await cell.reset(task, seed, signal);
      },
    },
    shelf: shelfOf([
      ['starter', 'insert'],
      ['starter-lift', 'lift'],
      ['run-2/40', 'lift'],
    ]),
    keep: (change) => {
      kept.push(change);
      return done(undefined);
    },
  });
  const handlers = createHandlers(engine, undefined);
  const choose = async (task: TaskId) => {
    const answer = await handlers['task.set']({ task }, CALLER);
    await settle();
    return answer;
  };
  return { engine, policy, handlers, choose, arranged, kept, ...rest };
}

test('another task: it is arranged at once, its newest policy is on trial beside its starter, the choice is kept', async () => {
  const { engine, policy, choose, arranged, kept, begin, writer } = await tasks();
  await begin();
  await ticks(engine, 2);
  engine.endEpisode();
  await ticks(engine, 2);
  assert.equal((await choose('lift')).kind, 'done');
  assert.equal(arranged.at(-1), 'lift');
  assert.equal(engine.loop.phase(), 'ready');
  const { task, instruction, maxSteps, success, tasks: offered } = engine.rig();
  assert.deepEqual([task, instruction, maxSteps], ['lift', 'lift the yellow block', 200]);
  assert.deepEqual(success.guard, SUCCESS_GUARDS.lift);
  assert.deepEqual(
    offered.map(({ id }) => id),
    ['insert', 'pick-insert', 'lift'],
  );
  assert.deepEqual(engine.status().policy, { name: 'run-2/40', candidate: true });
  assert.equal(engine.candidate()?.good, 'starter-lift');
  assert.equal(policy.name(), 'run-2/40');
  assert.deepEqual(kept, [{ task: 'lift' }]);
  await begin();
  await ticks(engine, 2);
  assert.equal(writer.episodes.at(-1)?.start.task, 'lift');
});

test('the gripper is commanded in a task that uses it, and left alone in one that does not', async () => {
  const { engine, choose, begin, policy, cell } = await tasks();
  policy.say(() => ({
    kind: 'proposal',
    action: Float32Array.of(0, 0, 0, 0, 0, 0, 1),
    embedding: undefined,
    computeMs: 1,
    saturation: 0,
  }));
  await begin();
  await ticks(engine, 3);
  const gripper = () => cell.commands.findLast(({ setPoint }) => setPoint)?.setPoint?.gripper;
  const before = gripper();
  engine.endEpisode();
  await ticks(engine, 2);
  await choose('lift');
  await begin();
  await ticks(engine, 3);
  assert.deepEqual([before, gripper()], ['close', 'open']);
});

test('while an episode runs the task stays, and the refusal says what to do', async () => {
  const { engine, choose, begin, arranged } = await tasks();
  await begin();
  await ticks(engine, 2);
  const answer = await choose('lift');
  assert.ok(answer.kind === 'refused');
  assert.match(`${answer.message} ${answer.remedy}`, /An episode is running.*End it/);
  assert.equal(engine.rig().task, 'insert');
  assert.ok(!arranged.includes('lift'));
});

test('a policy of another task is refused in words, and never drives', async () => {
  const { engine, handlers, choose, begin } = await tasks();
  await begin();
  await ticks(engine, 1);
  engine.endEpisode();
  await ticks(engine, 2);
  const answer = await handlers['policy.use']({ name: 'run-2/40' }, CALLER);
  assert.ok(answer.kind === 'refused');
  assert.match(answer.message, /run-2\/40 is a policy for the task lift, and here the task is insert/);
  // There is no policy for this task, so nothing drives, although the process still holds another one.
  await choose('pick-insert');
  assert.equal(engine.status().policy, undefined);
  const refusal = engine.loop.start();
  assert.match(refusal?.message ?? '', /No policy is loaded/);
});

test('what a run publishes is tried in its own task; each task goes on where it was left', async () => {
  const { engine, choose, begin } = await tasks();
  await begin();
  await ticks(engine, 1);
  engine.endEpisode();
  await ticks(engine, 2);
  await choose('lift');
  engine.publish('run-5/10', 'run-5/10', 'insert');
  assert.equal(engine.candidate()?.candidate, 'run-2/40', 'the trial of lift goes on');
  await engine.loadPolicyInUse();
  assert.equal(engine.status().policy?.name, 'run-2/40');
  engine.revertPolicy('it was enough');
  await engine.loadPolicyInUse();
  assert.equal(engine.status().policy?.name, 'starter-lift');
  await choose('insert');
  assert.deepEqual(engine.status().policy, { name: 'run-5/10', candidate: true });
  await choose('lift');
  assert.deepEqual(engine.status().policy, { name: 'starter-lift', candidate: false }, 'the revert is not forgotten');
});

test('after Stop the choice waits for Resume, which arranges it', async () => {
  const { engine, choose, begin, arranged } = await tasks();
  await begin();
  await ticks(engine, 2);
  engine.loop.stop('Stop was pressed.');
  await ticks(engine, 2);
  assert.equal((await choose('lift')).kind, 'done');
  assert.equal(engine.loop.phase(), 'hold');
  assert.ok(!arranged.includes('lift'));
  assert.equal((await engine.resume()).kind, 'done');
  await settle();
  assert.equal(arranged.at(-1), 'lift');
});
