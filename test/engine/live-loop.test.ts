/** Tests the control loop live: the test moves the clock, and answers race it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeCell, type FakeCell } from '../native/fake-cell.ts';
import { bench, proposal } from './rig.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Moves the clock by one millisecond at a time. Promises run in between. */
async function pass(cell: FakeCell, forMs: number) {
  for (let ms = 0; ms < forMs; ms++) {
    cell.clock.advanceToMs(cell.clock.nowMs() + 1);
    await settle();
  }
}

/** Starts a live engine, unattended unless the test is about watching windows. */
async function live({ unattended = true } = {}) {
  const cell = createFakeCell({ pace: 'manual' });
  const rig = await bench({ cell, pace: { kind: 'host' }, unattended });
  const started = rig.engine.run({ reset: true });
  await pass(cell, 5);
  const close = async () => {
    const closing = rig.engine.close();
    await pass(cell, 1100);
    await closing;
    await started;
  };
  return { ...rig, close };
}

test('reset, READY, go: RUNNING on the grid; the answer races the clock', async () => {
  const { cell, engine, policy, writer, close } = await live();
  assert.equal(engine.loop.phase(), 'ready');
  let delayMs = 10;
  policy.say(
    () =>
      new Promise((resolve) => {
        cell.clock.at(cell.clock.nowMs() + delayMs, () => resolve(proposal([0.5])));
      }),
  );
  assert.equal(engine.loop.start(), undefined);
  await pass(cell, 300);
  delayMs = 50;
  await pass(cell, 100);
  delayMs = 75;
  await pass(cell, 300);
  const steps = writer.episodes[0]?.steps ?? [];
  assert.ok(steps.length >= 3);
  assert.deepEqual([steps[0]?.effectDelayMs, steps[0]?.late], [30, false]);
  assert.ok(steps.some((step) => !step.late && (step.effectDelayMs ?? 0) >= 50 && step.effectDelayMs <= 52));
  assert.ok(steps.some((step) => step.late));
  assert.ok(engine.loop.stats().missedDeadlines >= 1);
  await close();
});

test('the window that holds the controls falls silent while its person drives: hold within 600 ms on a robot', async () => {
  const { cell, engine, close } = await live();
  Object.assign(cell.info, { simulated: false });
  engine.loop.start();
  engine.loop.takeoverKey(true);
  await pass(cell, 150);
  engine.supervision.heartbeatMs = cell.clock.nowMs();
  engine.loop.takeoverKey(true);
  assert.equal(engine.loop.driver(), 'human');
  await pass(cell, 450);
  assert.equal(engine.loop.phase(), 'running');
  await pass(cell, 150);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /window/);
  await close();
});

test('it falls silent while a policy drives: hold within 2.1 s on a robot', async () => {
  const { cell, engine, close } = await live();
  Object.assign(cell.info, { simulated: false });
  engine.loop.start();
  engine.supervision.heartbeatMs = cell.clock.nowMs();
  await pass(cell, 1950);
  assert.equal(engine.loop.phase(), 'running');
  await pass(cell, 150);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /window/);
  await close();
});

test('while the arm resets it may move: a state that stands still, or a window that is gone, makes it hold', async () => {
  for (const upset of ['state', 'window'] as const) {
    const { cell, engine, close } = await live();
    Object.assign(cell.info, { simulated: false });
    const slowReset = Promise.withResolvers<void>();
    cell.delayResets(slowReset.promise);
    void engine.loop.reset(2);
    engine.supervision.heartbeatMs = cell.clock.nowMs();
    await pass(cell, 150);
    assert.equal(engine.loop.phase(), 'resetting');
    if (upset === 'state') cell.freezeState();
    await pass(cell, 2100);
    assert.equal(engine.loop.phase(), 'hold', upset);
    assert.match(engine.status().fault?.what ?? '', upset === 'state' ? /ms old/ : /window/);
    slowReset.resolve();
    await close();
  }
});

test('cameras slower than a period cost late ticks and skipped edges; silent ones make the arm hold', async () => {
  const { cell, engine, writer, close } = await live();
  engine.loop.start();
  await pass(cell, 350);
  const steps = writer.episodes[0]?.steps ?? [];
  const before = steps.length;
  assert.ok(before >= 1);
  cell.setCaptureMs(180);
  await pass(cell, 600);
  assert.equal(engine.loop.phase(), 'running');
  assert.ok(steps.slice(before).some((step) => step.late));
  assert.ok(engine.loop.stats().skippedEdges >= 2);
  cell.setCaptureMs(900);
  await pass(cell, 900);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /cameras took longer/);
  assert.deepEqual(writer.episodes[0]?.end, { outcome: 'aborted', judge: 'engine' });
  cell.setCaptureMs(0);
  await close();
});

test('a camera that answers after its episode was given up does not touch the next one', async () => {
  const { cell, engine, writer, close } = await live();
  engine.loop.start();
  await pass(cell, 250);
  cell.setCaptureMs(2500);
  await pass(cell, 800);
  assert.equal(engine.loop.phase(), 'hold');
  cell.setCaptureMs(0);
  assert.equal((await engine.resume()).kind, 'done');
  await pass(cell, 1300);
  assert.equal(engine.loop.phase(), 'ready');
  engine.loop.start();
  // The picture of the first episode arrives in the first ticks of the second.
  await pass(cell, 900);
  assert.equal(engine.loop.phase(), 'running');
  const [first, second] = writer.episodes;
  assert.equal(first?.end?.outcome, 'aborted');
  assert.ok((second?.steps.length ?? 0) >= 3, 'the second is recorded');
  assert.deepEqual(
    second?.steps.map(({ index }) => index),
    second?.steps.map((_, index) => index),
  );
  const resetMs = second!.start.first.timeMs;
  assert.ok(resetMs > 2400, `its first picture is its own: ${resetMs} ms`);
  await close();
});

test('a store that lags live: hold with a message', async () => {
  const { cell, engine, writer, close } = await live();
  engine.loop.start();
  await pass(cell, 250);
  writer.pressureIs({ queuedSteps: 100 });
  await pass(cell, 200);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /keep up/);
  await close();
});

test('an ended episode resets by itself; with autoStart the next one begins, while a window looks on', async () => {
  const { cell, engine, writer, close } = await live({ unattended: false });
  engine.change({ autoStart: true });
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'ready', 'nobody is watching');
  engine.supervision.watchedMs = cell.clock.nowMs();
  engine.windowsChanged(1);
  await pass(cell, 250);
  cell.setOutcome({ success: true });
  await pass(cell, 300);
  assert.equal(writer.episodes[0]?.end?.outcome, 'success');
  assert.equal(engine.loop.phase(), 'running');
  assert.equal(writer.episodes.length, 2);
  assert.equal(engine.status().unaidedSuccessRate, 1);
  await close();
});

test('Stop from the first instant lasts through the start: nothing moves before Resume', async () => {
  const cell = createFakeCell({ pace: 'manual' });
  const { engine } = await bench({ cell, pace: { kind: 'host' }, unattended: true });
  engine.change({ autoStart: true });
  engine.windowsChanged(1);
  engine.loop.stop('Stop was pressed.');
  const started = engine.run({ reset: true });
  await pass(cell, 500);
  assert.deepEqual([engine.loop.phase(), engine.loop.holdReason()], ['hold', 'Stop was pressed.']);
  assert.deepEqual(cell.resets, []);
  assert.ok(cell.commands.every(({ setPoint }) => setPoint === undefined));
  assert.equal((await engine.resume()).kind, 'done');
  await pass(cell, 300);
  assert.equal(engine.loop.phase(), 'running');
  const closing = engine.close();
  await pass(cell, 1100);
  await closing;
  await started;
});

test('no window watches: the arm holds, on a robot within 2.1 s of the last proof of life, in simulation after 10 s', async () => {
  for (const [simulated, limitMs] of [
    [false, 2000],
    [true, 10_000],
  ] as const) {
    const { cell, engine, close } = await live({ unattended: false });
    Object.assign(cell.info, { simulated });
    engine.supervision.watchedMs = cell.clock.nowMs();
    engine.loop.start();
    await pass(cell, limitMs - 50);
    assert.equal(engine.loop.phase(), 'running', 'a tab in the background beats once a second, or seldom');
    await pass(cell, 150);
    assert.equal(engine.loop.phase(), 'hold');
    assert.match(engine.status().fault?.what ?? '', /No window watches/);
    assert.match(engine.status().fault?.remedy ?? '', /takeover serve --unattended/);
    await close();
  }
});

test('no window was ever open: an episode that is started all the same is held at once, unless the engine runs unattended', async () => {
  for (const [unattended, phase] of [
    [false, 'hold'],
    [true, 'running'],
  ] as const) {
    const { cell, engine, close } = await live({ unattended });
    engine.loop.start();
    await pass(cell, 250);
    assert.equal(engine.loop.phase(), phase);
    await close();
  }
});

test('a robot that resets unwatched holds; a simulated scene may be set up before a window opens', async () => {
  for (const simulated of [false, true]) {
    const { cell, engine, close } = await live({ unattended: false });
    Object.assign(cell.info, { simulated });
    const slowReset = Promise.withResolvers<void>();
    cell.delayResets(slowReset.promise);
    void engine.loop.reset(2).catch(assert.fail);
    await pass(cell, 250);
    assert.equal(engine.loop.phase(), simulated ? 'resetting' : 'hold');
    slowReset.resolve();
    await close();
  }
});

test('unattended, episodes begin by themselves without a window', async () => {
  const { cell, engine, close } = await live({ unattended: true });
  engine.change({ autoStart: true });
  await pass(cell, 250);
  assert.equal(engine.loop.phase(), 'running');
  await close();
});

test('Resume before the engine stands, and after it has closed, is refused in words', async () => {
  const cell = createFakeCell({ pace: 'manual' });
  const { engine } = await bench({ cell, pace: { kind: 'host' }, unattended: true });
  cell.failResets(new Error('the simulated cell is not open'));
  const early = await engine.resume();
  assert.ok(early.kind === 'refused' && /still starting/.test(early.message));
  assert.equal(engine.status().fault, undefined);
  cell.failResets(undefined);
  const started = engine.run({ reset: false });
  assert.equal((await engine.resume()).kind, 'done');
  const closing = engine.close();
  await pass(cell, 1100);
  await closing;
  await started;
  const late = await engine.resume();
  assert.ok(late.kind === 'refused' && /closing/.test(late.message));
});
