/** A live engine needs a window that watches. Tests what it does when windows come, go and fall silent. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serveEngine } from '../../main/engine/server/server.ts';
import { createFakeCell, type FakeCell } from '../native/fake-cell.ts';
import { bench } from './rig.ts';
import { closeWindows, enter, type TestWindow } from './test-window.ts';

const folder = await mkdtemp(join(tmpdir(), 'watching-'));
after(() => rm(folder, { recursive: true }));

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
async function pass(cell: FakeCell, forMs: number) {
  for (let ms = 0; ms < forMs; ms++) {
    cell.clock.advanceToMs(cell.clock.nowMs() + 1);
    await turn();
  }
}

/** Serves a live engine on READY. The test moves the cell's clock. */
async function serveLive(unattended: boolean) {
  const cell = createFakeCell({ pace: 'manual' });
  const { engine } = await bench({ cell, pace: { kind: 'host' }, unattended });
  const server = await serveEngine({ engine, windowPuck: undefined, windowFolder: folder });
  const running = engine.run({ reset: true });
  await pass(cell, 5);
  assert.equal(engine.loop.phase(), 'ready');
  const close = async () => {
    closeWindows();
    const closing = engine.close();
    await pass(cell, 1100);
    await closing;
    await running;
    await server.close();
  };
  /** Closes the window and waits until the engine has noticed. */
  const leave = async (window: TestWindow) => {
    window.socket.terminate();
    while (engine.supervision.windows > 0) await turn();
  };
  return { cell, engine, server, close, leave };
}

test('claimed, running, released, window closed: the arm holds', async () => {
  const { cell, engine, server, close, leave } = await serveLive(false);
  const window = await enter(server);
  await window.call('controls.claim');
  assert.equal((await window.call('episode.start')).kind, 'answer');
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'running');
  await window.call('controls.release');
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'running', 'it still watches');
  await leave(window);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /No window watches/);
  await close();
});

test('never claimed, started by itself, window closed: the arm holds', async () => {
  const { cell, engine, server, close, leave } = await serveLive(false);
  engine.change({ autoStart: true });
  const window = await enter(server);
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'running');
  await leave(window);
  assert.equal(engine.loop.phase(), 'hold');
  await close();
});

test('a window that only watches and falls silent is no watcher: hold within the limit; another that beats is one', async () => {
  const { cell, engine, server, close } = await serveLive(false);
  Object.assign(cell.info, { simulated: false });
  const silent = await enter(server);
  const other = await enter(server);
  engine.loop.start();
  for (let second = 0; second < 4; second++) {
    await pass(cell, 1000);
    await other.call('input.heartbeat');
  }
  assert.equal(engine.loop.phase(), 'running');
  await pass(cell, 2200);
  assert.equal(engine.loop.phase(), 'hold', 'both sockets are open, and both are silent');
  assert.equal(silent.socket.readyState, silent.socket.OPEN);
  await close();
});

test('unattended, the arm goes on when the window that watched is closed', async () => {
  const { cell, engine, server, close, leave } = await serveLive(true);
  const window = await enter(server);
  engine.loop.start();
  await pass(cell, 250);
  await leave(window);
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'running');
  await close();
});
