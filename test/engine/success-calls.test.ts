/** Tests the calls of windows about success: refusals, effects, and the messages that every window then gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClassifierManifest } from '../../main/api/classifier.ts';
import type { EngineOptions } from '../../main/engine/engine-types.ts';
import { createHandlers } from '../../main/engine/server/handlers.ts';
import { type ClassifierService, done, refused } from '../../main/engine/services.ts';
import { madeUpClassifier } from '../e2e/contract-classifier.ts';
import { createFakeCell } from '../native/fake-cell.ts';
import { bench, ticks } from './rig.ts';

const CALLER = { id: 1, claim: () => {}, release: () => {}, sendFrames: () => {} };

function fakeClassifiers(): ClassifierService & { add(number: number): void } {
  const shelf: { manifest: ClassifierManifest; manifestPath: string }[] = [];
  const listeners = new Set<() => void>();
  return {
    add: (number) => {
      shelf.unshift({ manifest: madeUpClassifier(number), manifestPath: `classifier-${number}` });
      for (const listener of listeners) listener();
    },
    state: () => ({ training: false, classifiers: shelf.map(({ manifest }) => manifest) }),
    train: () => done(undefined),
    newest: () => shelf[0],
    setThreshold: (name) => {
      const found = shelf.find(({ manifest }) => manifest.name === name);
      return found ? done(found) : refused(`There is no classifier '${name}'.`, 'Choose one.');
    },
    taskChanged: () => {},
    onChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {},
  };
}

test('a classifier decides only once there is one; a new one looks on, but never replaces one that decides', async () => {
  const classifiers = fakeClassifiers();
  const { engine, messages } = await bench({ classifiers });
  const handlers = createHandlers(engine, undefined);
  const { success } = engine.rig();
  const decide = () => handlers['settings.set']({ success: { ...success, by: 'classifier' } }, CALLER);
  const refusal = await decide();
  assert.ok(refusal.kind === 'refused' && /No classifier is in use/.test(refusal.message));
  classifiers.add(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(engine.success.inUse(), 'classifier-1');
  assert.equal((await decide()).kind, 'done');
  assert.equal(engine.rig().success.by, 'classifier');
  classifiers.add(2);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(engine.success.inUse(), 'classifier-1', 'it decides: a person chooses the next one');
  assert.equal((await handlers['classifier.use']({ name: 'classifier-2', threshold: 0.9 }, CALLER)).kind, 'done');
  assert.equal(engine.success.inUse(), 'classifier-2');
  assert.equal((await handlers['classifier.use']({ name: 'nobody', threshold: 0.9 }, CALLER)).kind, 'refused');
  const told = messages.flatMap((message) =>
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'classifier'
      ? [message]
      : [],
  );
  assert.ok(told.length >= 3);
});

test('a robot without a simulator is judged by its person, until she says otherwise', async () => {
  const cell = createFakeCell();
  const real = { ...cell, info: { ...cell.info, simulated: false } };
  const { engine } = await bench({ cell: real });
  const handlers = createHandlers(engine, undefined);
  assert.equal(engine.rig().success.by, 'human');
  const answer = await handlers['settings.set']({ success: { ...engine.rig().success, by: 'simulator' } }, CALLER);
  assert.ok(answer.kind === 'refused' && /no simulator/.test(answer.message));
});

test('label.set: now, in an episode; a stored observation by its place; refused where nothing is recorded', async () => {
  const { engine, writer, begin } = await bench();
  const handlers = createHandlers(engine, undefined);
  assert.equal((await handlers['label.set']({ label: 'positive' }, CALLER)).kind, 'refused');
  await begin();
  await ticks(engine, 2);
  assert.deepEqual(await handlers['label.set']({ label: 'positive' }, CALLER), {
    kind: 'done',
    value: { episodeId: 1, index: 1 },
  });
  await handlers['label.set']({ label: 'negative', frame: { episodeId: 1, index: 0 } }, CALLER);
  assert.deepEqual(
    writer.events.filter((event) => event !== 'drained'),
    ['label 1 1 positive live', 'label 1 0 negative episode'],
  );
});

test('a judge that was chosen earlier and is not here any more leaves the word to whom the robot comes with, and says so', async () => {
  const cell = createFakeCell();
  const guard = {};
  const { engine } = await bench({
    classifiers: fakeClassifiers(),
    settings: { success: { by: 'classifier', ticks: 5, guard } },
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(engine.rig().success, { by: 'simulator', ticks: 5, guard });
  const said = () => engine.status().notices?.map(({ text }) => text);
  assert.deepEqual(said(), ['The classifier that was to end episodes is not here.']);
  const real = { ...cell, info: { ...cell.info, simulated: false } };
  const elsewhere = await bench({ cell: real, settings: { success: { by: 'simulator', ticks: 5, guard } } });
  assert.equal(elsewhere.engine.rig().success.by, 'human');
});

test('what is set is handed on to be kept; limits as wide as they were set, not as a task has narrowed them', async () => {
  const kept: Parameters<NonNullable<EngineOptions['keep']>>[0][] = [];
  const cell = createFakeCell();
  const wide = cell.info.limits;
  const lowM = [wide.workspaceLowM[0] + 0.05, wide.workspaceLowM[1], wide.workspaceLowM[2]] as const;
  const { engine, begin } = await bench({
    cell,
    keep: (change) => {
      kept.push(change);
      return done(undefined);
    },
    workspace: () => ({ lowM, highM: wide.workspaceHighM }),
  });
  await begin();
  const shown = engine.rig().limits;
  assert.deepEqual(shown.workspaceLowM, lowM);
  const handlers = createHandlers(engine, undefined);
  await handlers['settings.set']({ limits: { ...shown, maxLinearMPerSec: shown.maxLinearMPerSec / 2 } }, CALLER);
  assert.deepEqual(kept.at(-1)?.limits, { ...wide, maxLinearMPerSec: wide.maxLinearMPerSec / 2 });
  await handlers['settings.set']({ autoStart: false }, CALLER);
  assert.deepEqual(kept.at(-1), {
    takeover: undefined,
    teleop: undefined,
    success: undefined,
    autoStart: false,
    limits: undefined,
  });
});

test('what could not be kept is in force all the same, and every window is told', async () => {
  let full = true;
  const keep = () => (full ? refused('The disk is full.', 'Free some space.') : done(undefined));
  const { engine } = await bench({ keep });
  const answer = await createHandlers(engine, undefined)['settings.set']({ autoStart: true }, CALLER);
  assert.equal(answer.kind, 'done');
  assert.equal(engine.rig().autoStart, true);
  assert.deepEqual(engine.status().notices, [
    { topic: 'settings', level: 'warning', text: 'The disk is full.', remedy: 'Free some space.' },
  ]);
  full = false;
  await createHandlers(engine, undefined)['settings.set']({ autoStart: false }, CALLER);
  assert.deepEqual(engine.status().notices, [], 'kept, and over');
});
