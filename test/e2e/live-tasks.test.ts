/**
 * The tasks in the real engine and the simulated cell, over the window's socket: it begins with `lift`, goes on with
 * `pick-insert` by choice, and remembers that choice.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openStoreReader } from '../../data/reading/reader.ts';
import { every, type Status, systemClock } from '../../main/api/index.ts';
import { rememberedTask } from '../../main/runs/project-settings.ts';
import { closeWindows, connect, type TestWindow } from '../engine/test-window.ts';
import { type Served, serve } from './served.ts';

const folder = mkdtempSync(join(tmpdir(), 'takeover-tasks-'));
let engine: Served | undefined;
after(async () => {
  closeWindows();
  engine?.child.kill('SIGKILL');
  await engine?.exited;
  rmSync(folder, { recursive: true, force: true });
});

/** Returns the first status that meets `condition`. A machine that does too much may hold the arm; Resume goes on. */
async function statusUntil(window: TestWindow, condition: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const { status } = await window.next('status');
    if (condition(status)) return status;
    if (status.fault) await window.call('control.resume');
  }
}

test('lift, then pick-insert: each with its starter, counters and episodes; the choice is remembered', async () => {
  engine = await serve(folder, undefined, ['--task', 'lift']);
  const url = new URL(engine.url);
  const window = connect({ port: Number(url.port) });
  await new Promise((resolve) => window.socket.once('open', resolve));
  window.send({ kind: 'hello', code: new URLSearchParams(url.hash.slice(1)).get('code') });
  await window.next('welcome');
  const { rig } = await window.next('rig');
  assert.deepEqual([rig.task, rig.maxSteps > 100], ['lift', true]);
  await window.call('controls.claim');
  const endBeats = every(systemClock, 100, () => void window.call('input.heartbeat'), console.error);
  try {
    const driven = await statusUntil(
      window,
      ({ phase, driver, step }) => phase === 'running' && driver === 'policy' && step > 3,
    );
    assert.equal(driven.policy?.name, 'starter-lift');
    assert.ok(driven.buffers.rlTransitions > 0);
    const early = await window.call('task.set', { task: 'insert' });
    assert.ok(early.kind === 'refusal');
    assert.match(early.message, /An episode is running/);

    await window.call('settings.set', { autoStart: false });
    await window.call('episode.reset');
    await statusUntil(window, ({ phase }) => phase === 'ready');
    assert.equal((await window.call('task.set', { task: 'pick-insert' })).kind, 'answer');
    const next = await statusUntil(
      window,
      ({ phase, policy }) => phase === 'ready' && policy?.name === 'starter-pick-insert',
    );
    assert.deepEqual([next.buffers.rlTransitions, next.buffers.episodes], [0, 0], 'lift’s steps are not counted here');
    const other = await window.call('policy.use', { name: 'starter-lift' });
    assert.ok(other.kind === 'refusal');

    await window.call('settings.set', { takeover: { ...rig.takeover, mode: 'toggle' } });
    await window.call('episode.start');
    await statusUntil(window, ({ phase, step }) => phase === 'running' && step > 1);
    await window.call('control.takeover', { engaged: true });
    const taken = await statusUntil(window, ({ driver }) => driver === 'human');
    await window.call('control.gripper', { command: taken.gripperOpeningM > 0.03 ? 'close' : 'open' });
    await statusUntil(window, ({ gripperOpeningM }) => Math.abs(gripperOpeningM - taken.gripperOpeningM) > 0.01);
    await window.call('episode.verdict', { verdict: 'failure' });
    await statusUntil(window, ({ phase, buffers }) => phase === 'ready' && buffers.episodes === 1);
  } finally {
    endBeats();
  }
  engine.child.kill('SIGINT');
  await engine.exited;
  assert.equal(rememberedTask(folder), 'pick-insert');
  const reader = await openStoreReader(folder);
  const episodes = await reader.listEpisodes({ limit: 10 });
  await reader.close();
  const brief = new Set(episodes.map(({ task, policy }) => `${task} ${policy}`));
  assert.deepEqual(brief, new Set(['lift starter-lift', 'pick-insert starter-pick-insert']));
});
