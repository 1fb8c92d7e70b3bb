/**
 * Tests that each event is reported once. A cause that stops the arm is the fault. Every other lasting condition is in
 * the status until it is over.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStandingNotices } from '../../main/engine/standing-notices.ts';
import { createFakeCell } from '../native/fake-cell.ts';
import { bench, createFakePolicy, proposal, ticks } from './rig.ts';

const topics = (engine: Awaited<ReturnType<typeof bench>>['engine']) =>
  engine.status().notices?.map(({ topic }) => topic);
const noticeEvents = (messages: readonly unknown[]) =>
  messages.filter(
    (message) => typeof message === 'object' && message !== null && Reflect.get(message, 'kind') === 'notice',
  );

test('a fault is in the status and nowhere else', async () => {
  const { engine, messages, begin } = await bench();
  await begin();
  await ticks(engine, 2);
  engine.loop.fault({ what: 'The gripper is stuck.', armDoes: 'It holds where it is.', remedy: 'Free it.' });
  assert.equal(engine.status().fault?.what, 'The gripper is stuck.');
  assert.deepEqual(engine.status().notices, []);
  assert.deepEqual(noticeEvents(messages), []);
});

test('a policy that misses its deadlines is a notice until the arm is held for it, and then the fault alone', async () => {
  const { engine, messages, begin } = await bench({ pace: { kind: 'simulated', latencyMs: 70 } });
  await begin();
  await ticks(engine, 2);
  assert.deepEqual(topics(engine), ['deadline']);
  await ticks(engine, 29);
  assert.match(engine.status().fault?.what ?? '', /missed its deadline/);
  assert.deepEqual(topics(engine), []);
  assert.deepEqual(noticeEvents(messages), []);
});

test('a missed deadline is forgotten five seconds after the last, and when the episode ends', async () => {
  let latencyMs = 70;
  const pace = {
    kind: 'simulated' as const,
    get latencyMs() {
      return latencyMs;
    },
  };
  const { engine, begin } = await bench({ pace });
  await begin();
  await ticks(engine, 2);
  latencyMs = 0;
  await ticks(engine, 45);
  assert.deepEqual(topics(engine), ['deadline']);
  await ticks(engine, 10);
  assert.deepEqual(topics(engine), []);

  latencyMs = 70;
  await ticks(engine, 2);
  assert.deepEqual(topics(engine), ['deadline']);
  engine.loop.stop('Stopped by the operator.');
  assert.deepEqual(topics(engine), []);
});

test('a policy process whose end stops the arm is only the fault; else a notice until its policy is loaded', async () => {
  const policy = createFakePolicy();
  let trouble: (what: { message: string; remedy: string }) => void = () => {};
  const { engine, begin } = await bench({
    policy: {
      ...policy,
      onTrouble: (listener) => {
        trouble = listener;
        return () => {};
      },
    },
  });
  const words = { message: 'The policy process ended (SIGKILL).', remedy: 'It is started again.' };
  await begin();
  await ticks(engine, 2);
  policy.say(() => ({ kind: 'failed', ...words }));
  trouble(words);
  await ticks(engine, 2);
  assert.equal(engine.status().fault?.what, words.message);
  assert.deepEqual(engine.status().notices, []);

  policy.say(() => proposal([0.5]));
  assert.equal((await engine.resume()).kind, 'done');
  await Promise.resolve();
  assert.equal(engine.loop.phase(), 'ready');
  trouble(words);
  assert.deepEqual(topics(engine), ['policy']);
  await engine.loadPolicyInUse();
  assert.deepEqual(topics(engine), []);
});

test('a full disk stands for as long as it is full, and not beside the fault that it caused', async () => {
  const { engine, writer, begin } = await bench();
  writer.pressureIs({ diskFreeBytes: 1.5e9 });
  const [nearly] = engine.status().notices ?? [];
  assert.equal(nearly?.level, 'warning');
  assert.match(nearly?.remedy ?? '', /^1500 MB are left/);
  await begin();
  await ticks(engine, 3);
  writer.pressureIs({ full: true });
  await ticks(engine, 2);
  assert.match(engine.status().fault?.what ?? '', /disk/);
  assert.deepEqual(topics(engine), []);
  assert.equal((await engine.resume()).kind, 'done');
  await engine.loop.reset(7);
  assert.deepEqual(
    engine.status().notices?.map(({ topic, level }) => [topic, level]),
    [['disk', 'error']],
  );
  writer.pressureIs({ full: false, diskFreeBytes: 1e12 });
  assert.deepEqual(topics(engine), []);
});

test('the newest notice of a topic is the only one; no more than eight stand', () => {
  let changes = 0;
  const standing = createStandingNotices(createFakeCell().clock, () => changes++);
  const notice = (topic: string, text: string) => standing.say({ topic, level: 'warning', text });
  notice('a', 'first');
  notice('a', 'second');
  assert.deepEqual(
    standing.list().map(({ text }) => text),
    ['second'],
  );
  for (let index = 0; index < 8; index++) notice(`b${index}`, 'more');
  assert.deepEqual(
    standing.list().map(({ topic }) => topic),
    ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'],
  );
  standing.over('b3');
  standing.over('b3');
  assert.equal(standing.list().length, 7);
  assert.equal(changes, 11);
});
