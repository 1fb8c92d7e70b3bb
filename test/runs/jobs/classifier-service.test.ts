/**
 * Reward classifiers of a project as the engine sees them: one training at a time, thresholds of the curve, failures in
 * words.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ClassifierEnd, ClassifierManifest } from '../../../main/api/classifier.ts';
import { createVirtualClock } from '../../../main/api/clock.ts';
import type { TaskId } from '../../../main/api/task.ts';
import type { ClassifierJob } from '../../../main/learn/classifier/make-classifier.ts';
import { createClassifierService } from '../../../main/runs/jobs/classifier-service.ts';
import { sumUp } from '../../../main/study/classifier/success-check.ts';
import { inFolder } from '../../data/fixture.ts';
import { madeUpClassifier } from '../../e2e/contract-classifier.ts';

function shelve(project: string, number: number, change: Partial<ClassifierManifest> = {}): string {
  const folder = join(project, 'classifiers', String(number));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify({ ...madeUpClassifier(number), ...change }));
  return path;
}

function service(projectFolder: string) {
  const jobs: ClassifierJob[] = [];
  const ends: ((end: ClassifierEnd) => void)[] = [];
  let cancelled = 0;
  let task: TaskId = 'insert';
  let drained = () => {};
  const made = createClassifierService({
    ...{ projectFolder, task: () => task, observation: 'pixels', encoderManifestPath: 'encoder.json' },
    writer: { drained: () => new Promise((resolve) => (drained = resolve)) },
    clock: createVirtualClock(0, 1000),
    launch: (job) => {
      jobs.push(job);
      return { ended: new Promise((resolve) => ends.push(resolve)), cancel: async () => void cancelled++ };
    },
  });
  const states: unknown[] = [];
  made.onChanged(() => states.push(made.state().training));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    made,
    choose: (next: TaskId) => {
      task = next;
      made.taskChanged();
    },
    jobs,
    states,
    cancelled: () => cancelled,
    store: () => drained(),
    end: (end: ClassifierEnd) => ends.shift()?.(end),
    settle,
  };
}

test('another task has its own classifiers, and is trained on its own labels', () =>
  inFolder(async (folder) => {
    shelve(folder, 1);
    shelve(folder, 2, { task: 'lift' });
    const { made, choose, jobs, states, store, settle } = service(folder);
    assert.equal(made.newest()?.manifest.name, 'classifier-1');
    choose('lift');
    assert.equal(states.length, 1, 'the change is told');
    assert.equal(made.newest()?.manifest.task, 'lift');
    assert.equal(made.setThreshold('classifier-1', 0.5).kind, 'refused');
    made.train();
    store();
    await settle();
    assert.equal(jobs[0]?.task, 'lift');
  }));

test('one training at a time, on what is committed; a new classifier comes first', () =>
  inFolder(async (folder) => {
    shelve(folder, 1);
    shelve(folder, 2, { task: 'lift' });
    const { made, jobs, states, store, end, settle } = service(folder);
    assert.deepEqual(made.newest()?.manifest.name, 'classifier-1', 'another task’s is not offered');
    assert.equal(made.train().kind, 'done');
    const second = made.train();
    assert.ok(second.kind === 'refused' && /is being trained/.test(second.message));
    assert.equal(jobs.length, 0, 'labels on their way to the disk are waited for');
    store();
    await settle();
    assert.deepEqual(
      jobs.map(({ rule, seed, createdAtMs }) => [rule, seed, createdAtMs]),
      [[true, 1, 1000]],
    );
    shelve(folder, 3);
    end({ kind: 'made', name: 'classifier-3' });
    await settle();
    assert.deepEqual(states, [true, false]);
    assert.deepEqual(
      made.state().classifiers.map(({ name }) => name),
      ['classifier-3', 'classifier-1'],
    );
  }));

test('a training that fails says why; the next one clears it; closing ends the one under way', () =>
  inFolder(async (folder) => {
    const { made, store, end, settle, cancelled } = service(folder);
    made.train();
    store();
    await settle();
    end({ kind: 'failed', message: 'Only 2 episodes show a success.', remedy: 'Record more.' });
    await settle();
    const { message, remedy } = made.state();
    assert.deepEqual([message, remedy], ['Only 2 episodes show a success.', 'Record more.']);
    made.train();
    assert.equal(made.state().message, undefined);
    store();
    await settle();
    await made.close();
    assert.equal(cancelled(), 1);
  }));

test('a threshold is the nearest point of the curve, and its manifest keeps it', () =>
  inFolder((folder) => {
    const path = shelve(folder, 1);
    const { made } = service(folder);
    const chosen = made.setThreshold('classifier-1', 0.9);
    assert.ok(chosen.kind === 'done' && Math.abs(chosen.value.manifest.threshold - 0.9) < 0.01);
    const { threshold, ruleThreshold, curve } = chosen.value.manifest;
    assert.ok(curve.some((point) => point.threshold === threshold) && threshold !== ruleThreshold);
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).threshold, threshold);
    assert.equal(made.newest()?.manifest.threshold, threshold);
    assert.equal(made.setThreshold('classifier-9', 0.5).kind, 'refused');
  }));

test('agreement with the simulator: both kinds of error are counted, lateness where both agree', () => {
  const result = sumUp([
    { byClassifier: true, simulatorAt: 10, steps: 12, remainingM: 0 },
    { byClassifier: true, simulatorAt: 20, steps: 23, remainingM: 0 },
    { byClassifier: true, simulatorAt: undefined, steps: 30, remainingM: 0.0007 },
    { byClassifier: false, simulatorAt: 40, steps: 100, remainingM: 0.01 },
    { byClassifier: false, simulatorAt: undefined, steps: 100, remainingM: 0.05 },
  ]);
  assert.deepEqual(result, {
    ...{ episodes: 5, bothSuccess: 2, neitherSuccess: 1, falseSuccesses: 1, missedSuccesses: 1 },
    ...{ agreement: 0.6, worstFalseM: 0.0007, meanLateTicks: 2.5 },
  });
  assert.equal(sumUp([]).meanLateTicks, undefined);
});
