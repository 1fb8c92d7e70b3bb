/** `takeover serve` is asked to end while its children are stopped: it ends in time, and leaves none of them behind. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../main/api/clock.ts';
import { serve } from '../e2e/served.ts';
import { childrenOf, isAlive } from '../engine/children-of.ts';
import { closeWindows, codeOf, connect, opened } from '../engine/test-window.ts';

const END_WITHIN_MS = 5000;

test('SIGTERM ends the engine within five seconds, though its children are stopped', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'takeover-end-'));
  const served = await serve(folder);
  let children: readonly number[] = [];
  t.after(() => {
    closeWindows();
    served.child.kill('SIGKILL');
    for (const pid of children.filter(isAlive)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  // A busy machine opens slowly; the test measures the end of an engine that is open.
  const window = connect({ port: Number(new URL(served.url).port) });
  await opened(window);
  window.send({ kind: 'hello', code: codeOf(served.url) });
  while ((await window.next('status')).status.policy === undefined);
  children = childrenOf(served.child.pid ?? 0);
  assert.ok(children.length > 0, 'the policy process at least');
  for (const pid of children) process.kill(pid, 'SIGSTOP');
  const startMs = systemClock.nowMs();
  served.child.kill('SIGTERM');
  const { code, signal } = await served.exited;
  const tookMs = systemClock.nowMs() - startMs;
  assert.equal(code, 0, `${signal} ${served.said()}`);
  assert.ok(tookMs < END_WITHIN_MS, `it took ${Math.round(tookMs)} ms`);
  assert.deepEqual(children.filter(isAlive), []);
  t.diagnostic(`ended after ${Math.round(tookMs)} ms with ${children.length} stopped children`);
});
