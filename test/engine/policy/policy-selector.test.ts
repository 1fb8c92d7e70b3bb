/** Tests which policy drives next when one cannot be loaded. Only a fault of its own files counts against a policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPolicySelector } from '../../../main/engine/policy/policy-selector.ts';
import type { LoadReply } from '../../../main/engine/policy/policy-source.ts';
import { createFakePolicy } from '../rig.ts';

const refusal = (fault: 'policy' | 'process'): LoadReply => ({
  kind: 'refused',
  message: fault === 'policy' ? 'its weights are damaged' : 'The policy process ended.',
  remedy: 'Press Resume.',
  fault,
});

async function bench() {
  const policy = createFakePolicy();
  const asked: string[] = [];
  const replies: LoadReply[] = [];
  let name: string | undefined;
  policy.name = () => name;
  policy.load = async (path) => {
    asked.push(path);
    const reply = replies.shift() ?? { kind: 'loaded', name: path, actingNoiseStd: 0, encoderSha256: undefined };
    if (reply.kind === 'loaded') name = path;
    return reply;
  };
  const told: string[] = [];
  const made = createPolicySelector({
    policy,
    shelf: undefined,
    task: () => 'insert',
    notice: (_level, text) => told.push(text),
    changed: () => {},
    onActingNoise: () => {},
  });
  await made.loadFirst('good');
  asked.length = 0;
  const crash = () => {
    name = undefined;
  };
  return { made, asked, replies, told, crash, loaded: () => name };
}

test('a process that ends while a candidate is loaded: it is tried again, and drives', async () => {
  const { made, replies, asked, told, loaded } = await bench();
  made.publish('run-1/10', 'run-1/10', 'insert');
  replies.push(refusal('process'));
  assert.equal((await made.loadInUse()).kind, 'done');
  assert.deepEqual([asked, loaded(), told], [['run-1/10', 'run-1/10'], 'run-1/10', []]);
});

test('a process that does not stay up: the good policy drives on, and what the run publishes next is tried', async () => {
  const { made, replies, told, loaded, crash } = await bench();
  made.publish('run-1/10', 'run-1/10', 'insert');
  crash();
  replies.push(refusal('process'), refusal('process'), refusal('process'));
  assert.equal((await made.loadInUse()).kind, 'done');
  assert.equal(loaded(), 'good');
  assert.deepEqual(told, ['run-1/10 could not be tried, and good drives on: The policy process ended.']);
  made.publish('run-1/20', 'run-1/20', 'insert');
  await made.loadInUse();
  assert.equal(loaded(), 'run-1/20', 'its run is not muted');
  assert.equal(made.onTrial(), true);
});

test('a candidate whose own files are damaged is reverted, and its run is muted', async () => {
  const { made, replies, told, loaded } = await bench();
  made.publish('run-1/10', 'run-1/10', 'insert');
  replies.push(refusal('policy'));
  await made.loadInUse();
  assert.equal(loaded(), 'good');
  assert.match(told[0] ?? '', /run-1\/10 was reverted to good: its weights are damaged/);
  made.publish('run-1/20', 'run-1/20', 'insert');
  await made.loadInUse();
  assert.equal(loaded(), 'good');
});

test('a good policy that cannot be loaded again: Resume says why, and what to do', async () => {
  const { made, replies, crash } = await bench();
  crash();
  replies.push(refusal('policy'));
  assert.deepEqual(await made.loadInUse(), {
    kind: 'refused',
    message: 'Policy good cannot be used: its weights are damaged',
    remedy: 'Press Resume.',
  });
  replies.push(refusal('process'), refusal('process'), refusal('process'));
  const answer = await made.loadInUse();
  assert.match(answer.kind === 'refused' ? answer.message : '', /good could not be loaded: The policy process ended/);
});
