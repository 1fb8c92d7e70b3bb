/** Tests that children end in any state: one that obeys SIGTERM, one that ignores it, and a suspended one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../../main/api/clock.ts';
import { endChild } from '../../../main/engine/policy/end-child.ts';
import { spawnPolicyProcess } from '../../../main/engine/policy/restarting-child.ts';
import { childrenOf, isAlive } from '../children-of.ts';

const linux = process.platform === 'linux';

async function standing(program: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `${program}; process.stdin.resume(); console.log('up')`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

test('an obedient child ends by SIGTERM; a deaf one and a stopped one are killed', { skip: !linux }, async () => {
  const obedient = await standing('');
  await endChild(obedient, systemClock, 5000);
  assert.equal(obedient.signalCode, 'SIGTERM');

  const deaf = await standing("process.on('SIGTERM', () => {})");
  await endChild(deaf, systemClock, 50);
  assert.equal(deaf.signalCode, 'SIGKILL');

  const stopped = await standing('');
  stopped.kill('SIGSTOP');
  await endChild(stopped, systemClock, 50);
  assert.equal(stopped.signalCode, 'SIGKILL');
  await endChild(stopped, systemClock, 50);
});

test('a program that is not there has ended', async () => {
  const child = spawn('/nowhere/at/all');
  const startMs = systemClock.nowMs();
  await endChild(child, systemClock, 5000);
  assert.ok(systemClock.nowMs() - startMs < 3000);
});

test('the policy process ends though it is stopped', { skip: !linux }, async () => {
  const before = new Set(childrenOf(process.pid));
  const child = spawnPolicyProcess();
  const [pid] = childrenOf(process.pid).filter((each) => !before.has(each));
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGSTOP');
  await child.kill();
  assert.equal(isAlive(pid), false);
});
