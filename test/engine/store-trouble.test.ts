/** Tests the control loop when the store is behind, full, gone or stopped: it waits, or holds and gives the reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, createFakeWriter, ticks } from './rig.ts';

test('a store that lags: headless waits for it', async () => {
  const { engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 1);
  writer.pressureIs({ queuedSteps: 99 });
  await ticks(engine, 1);
  assert.deepEqual(writer.events, ['drained']);
  assert.equal(engine.loop.phase(), 'running');
});

test('a full disk: the arm holds, what was recorded stays', async () => {
  const { engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 3);
  writer.pressureIs({ full: true });
  await ticks(engine, 2);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /disk/);
  assert.equal(engine.status().recording, 'disk-full');
  assert.equal(writer.episodes[0]?.end?.outcome, 'aborted');
});

test('a project folder that is gone: the arm holds and says so; when it is back, recording goes on', async () => {
  const { engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 3);
  writer.pressureIs({ unreachable: true });
  await ticks(engine, 2);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /folder cannot be reached/);
  assert.equal(engine.status().recording, 'off');
  engine.loop.release();
  await engine.loop.reset(8);
  assert.match(engine.loop.start()?.message ?? '', /cannot be reached/);
  writer.pressureIs({ unreachable: false });
  await begin();
  await ticks(engine, 3);
  assert.equal(engine.loop.phase(), 'running');
  assert.ok((writer.episodes[1]?.steps.length ?? 0) > 0);
});

test('what the store finds when it is opened stands for every window, however late it comes', async () => {
  const lost = { message: '37 committed steps are missing.', remedy: 'Restore a backup.', fatal: true };
  const writer = createFakeWriter();
  const { engine } = await bench({
    writer: {
      ...writer,
      onProblem: (listener) => {
        listener(lost);
        return () => {};
      },
    },
  });
  for (const windows of [0, 1, 0, 1]) {
    engine.windowsChanged(windows);
    assert.deepEqual(engine.status().notices, [
      { topic: `store: ${lost.message}`, level: 'error', text: lost.message, remedy: lost.remedy },
    ]);
  }
});

test('a store that has stopped: the arm holds, nothing is started, and the disk is not blamed', async () => {
  const { engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 2);
  writer.pressureIs({ stopped: true });
  await ticks(engine, 2);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /writer has stopped/);
  assert.equal(engine.status().recording, 'off');
  engine.loop.release();
  await engine.loop.reset(8);
  assert.deepEqual(engine.loop.start(), {
    message: 'The store has stopped: nothing would be recorded.',
    remedy: 'Restart the engine.',
  });
});
