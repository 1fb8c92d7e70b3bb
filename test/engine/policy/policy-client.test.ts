import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../../../main/api/clock.ts';
import type { FromPolicyProcess, ToPolicyProcess } from '../../../main/api/processes/policy-messages.ts';
import { createPolicyClient } from '../../../main/engine/policy/policy-client.ts';
import type { PolicyChild } from '../../../main/engine/policy/restarting-child.ts';
import { createFakeCell } from '../../native/fake-cell.ts';

interface FakeChild extends PolicyChild {
  readonly heard: ToPolicyProcess[];
  say(message: unknown): void;
  die(why: string): void;
}

function fakeChild(): FakeChild {
  let onMessage: (message: unknown) => void = () => {};
  let onExit: (why: string) => void = () => {};
  const heard: ToPolicyProcess[] = [];
  return {
    heard,
    send: (message) => void heard.push(message),
    onMessage: (listener) => {
      onMessage = listener;
    },
    onExit: (listener) => {
      onExit = listener;
    },
    kill: async () => onExit('was killed'),
    say: (message) => onMessage(message),
    die: (why) => onExit(why),
  };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function open(encoderManifestPath?: string) {
  const clock = createVirtualClock();
  const children: FakeChild[] = [];
  const troubles: string[] = [];
  const client = createPolicyClient({
    clock,
    encoderManifestPath,
    patienceMs: 1000,
    spawn: () => {
      const child = fakeChild();
      children.push(child);
      return child;
    },
  });
  client.onTrouble((trouble) => troubles.push(trouble.message));
  const snapshot = await createFakeCell().capture();
  const ask = (sequence: number) =>
    client.propose({ sequence, snapshot, proprioception: new Float32Array(27), wantAction: true, interrupted: false });
  return { clock, children, troubles, client, ask };
}

const loaded = (requestId: number, name: string): FromPolicyProcess => ({
  kind: 'loaded',
  requestId,
  name,
  embeddingSize: 2,
  encoderSha256: 'e',
  actingNoiseStd: 0.1,
  threshold: undefined,
  warning: undefined,
});

test('encoder first, then the policy; answers find their questions', async () => {
  const { children, client, ask } = await open('encoder.json');
  const [child] = children;
  const loading = client.load('starter.json');
  child?.say(loaded(1, 'encoder'));
  await settle();
  child?.say(loaded(2, 'starter'));
  assert.deepEqual(await loading, { kind: 'loaded', name: 'starter', actingNoiseStd: 0.1, encoderSha256: 'e' });
  const [first, second] = [ask(0), ask(1)];
  for (const sequence of [1, 0])
    child?.say({
      kind: 'proposal',
      sequence,
      action: new Float32Array(7).fill(sequence),
      embedding: new Float32Array(2),
      computeMs: 1,
      saturation: 0,
      successProbability: 0.25,
    });
  const [a, b] = [await first, await second];
  assert.ok(a.kind === 'proposal' && b.kind === 'proposal' && a.action?.[0] === 0 && b.action?.[0] === 1);
  assert.deepEqual(
    child?.heard.map((message) => message.kind),
    ['load-encoder', 'load-policy', 'observe', 'observe'],
  );
});

test('a refused policy leaves the one in use', async () => {
  const { children, client } = await open();
  const first = client.load('a.json');
  await settle();
  children[0]?.say(loaded(1, 'a'));
  await first;
  const second = client.load('b.json');
  await settle();
  children[0]?.say({
    kind: 'refused',
    requestId: 2,
    message: 'weights of 10 floats; expected 12',
    remedy: 'Train again.',
  });
  assert.deepEqual(await second, {
    kind: 'refused',
    message: 'weights of 10 floats; expected 12',
    remedy: 'Train again.',
    fault: 'policy',
  });
  assert.equal(client.name(), 'a');
});

test('a process that dies: questions are answered with what happened, and it is started again with its policy', async () => {
  const { clock, children, client, troubles, ask } = await open();
  const loading = client.load('a.json');
  await settle();
  children[0]?.say(loaded(1, 'a'));
  await loading;
  const asked = ask(0);
  children[0]?.die('ended with code 1');
  const reply = await asked;
  assert.ok(reply.kind === 'failed' && reply.message.includes('ended with code 1'));
  assert.deepEqual(troubles, ['The policy process ended with code 1.']);
  assert.equal((await ask(1)).kind, 'failed');
  clock.advanceToMs(clock.nowMs() + 600);
  await settle();
  assert.deepEqual(children[1]?.heard, [{ kind: 'load-policy', requestId: 2, manifestPath: 'a.json' }]);
});

test('a late answer is not taken for that to another episode’s question', async () => {
  const { children, ask } = await open();
  const answer = (sequence: number, value: number): FromPolicyProcess => ({
    kind: 'proposal',
    sequence,
    computeMs: 1,
    saturation: 0,
    successProbability: undefined,
    action: new Float32Array(7).fill(value),
    embedding: new Float32Array(2),
  });
  const former = ask(0);
  const next = ask(0);
  const questions = children[0]!.heard.flatMap((message) => (message.kind === 'observe' ? [message.sequence] : []));
  children[0]?.say(answer(questions[0]!, 1));
  children[0]?.say(answer(questions[1]!, 2));
  const [a, b] = [await former, await next];
  assert.ok(a.kind === 'proposal' && b.kind === 'proposal' && a.action?.[0] === 1 && b.action?.[0] === 2);
});

test('an observation that cannot be worked on says why', async () => {
  const { children, ask } = await open();
  const asked = ask(0);
  children[0]?.say({ kind: 'failed', sequence: 0, message: 'no camera wrist', remedy: 'Plug it in.' });
  assert.deepEqual(await asked, { kind: 'failed', message: 'no camera wrist', remedy: 'Plug it in.' });
});

test('a process that answers nothing is sent no more pictures, and is started again', async () => {
  const { clock, children, ask } = await open();
  const asked = Array.from({ length: 40 }, (_, index) => ask(index));
  const refused = await asked.at(-1);
  assert.ok(refused?.kind === 'failed' && /has not answered the last 30/.test(refused.message));
  assert.equal(children[0]?.heard.length, 30);
  clock.advanceToMs(1001);
  await Promise.all(asked);
  clock.advanceToMs(2000);
  await settle();
  assert.equal(children.length, 2);
});

test('a process that never answers is not waited for', async () => {
  const { clock, ask } = await open();
  const asked = ask(0);
  clock.advanceToMs(1001);
  const reply = await asked;
  assert.ok(reply.kind === 'failed' && reply.message.includes('1 s'));
});

/** Lets time pass and promises run. */
async function pass(clock: ReturnType<typeof createVirtualClock>, ms: number) {
  await settle();
  clock.advanceToMs(clock.nowMs() + ms);
  await settle();
}
const refusal = (requestId: number, message: string): FromPolicyProcess => ({
  kind: 'refused',
  requestId,
  message,
  remedy: 'Choose another.',
});

test('no policy is loaded while the process is started again; a load that is asked for meanwhile waits for it', async () => {
  const { clock, children, client } = await open();
  const first = client.load('a.json');
  await settle();
  children[0]?.say(loaded(1, 'a'));
  await first;
  children[0]?.die('was ended by SIGKILL');
  assert.equal(client.name(), undefined);
  await pass(clock, 120);
  const second = client.load('b.json');
  await pass(clock, 400);
  assert.deepEqual(children[1]?.heard, [{ kind: 'load-policy', requestId: 2, manifestPath: 'b.json' }], 'b alone');
  children[1]?.say(loaded(2, 'b'));
  assert.equal((await second).kind, 'loaded');
  assert.equal(client.name(), 'b');
});

test('a process that ends while it loads: nothing is said about the policy', async () => {
  const { children, client } = await open();
  const loading = client.load('a.json');
  await settle();
  children[0]?.die('ended with code 1');
  const reply = await loading;
  assert.ok(reply.kind === 'refused' && reply.fault === 'process' && reply.message.includes('ended with code 1'));
});

test('a policy that cannot be loaded again is told with the reason, and is not loaded', async () => {
  const { clock, children, client, troubles } = await open();
  const loading = client.load('a.json');
  await settle();
  children[0]?.say(loaded(1, 'a'));
  await loading;
  children[0]?.die('was ended by SIGKILL');
  await pass(clock, 500);
  children[1]?.say(refusal(2, 'a.json is not there'));
  await settle();
  assert.deepEqual(troubles, [
    'The policy process was ended by SIGKILL.',
    'The policy in use could not be loaded again: a.json is not there',
  ]);
  assert.equal(client.name(), undefined);
});

test('a process that ends again and again is started later each time, told twice, and in the end only when it is asked for', async () => {
  const { clock, children, client, troubles } = await open();
  for (const [end, waitMs] of [500, 1000, 2000, 4000].entries()) {
    children[end]?.die('ended with code 1');
    await pass(clock, waitMs - 1);
    assert.equal(children.length, end + 1);
    await pass(clock, 1);
    assert.equal(children.length, end + 2);
  }
  children[4]?.die('ended with code 1');
  await pass(clock, 3_600_000);
  assert.equal(children.length, 5);
  assert.deepEqual(troubles, [
    'The policy process ended with code 1.',
    'The policy process ended with code 1, 5 times in a row.',
  ]);
  const loading = client.load('a.json');
  await settle();
  assert.equal(children.length, 6);
  children[5]?.say(loaded(1, 'a'));
  assert.equal((await loading).kind, 'loaded');
});

test('whatever the process sends, the engine goes on: what cannot be read is told, and the process is started again', async () => {
  for (const sent of [
    ...[undefined, 7, 'loaded', [], {}, { kind: 'proposal' }, { kind: 'loaded', requestId: 'x' }],
    { kind: 'proposal', sequence: 0, embedding: [1], computeMs: 1, saturation: 0, action: undefined },
  ]) {
    const { clock, children, troubles, ask } = await open();
    const asked = ask(0);
    children[0]?.say(sent);
    assert.equal((await asked).kind, 'failed', JSON.stringify(sent));
    assert.match(troubles[0] ?? '', /sent what cannot be read/);
    await pass(clock, 500);
    assert.equal(children.length, 2);
  }
});
