/** Waiting for a store that is behind: as long as it writes, and at most five seconds when it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../../../main/api/clock.ts';
import { createEpisodeRecorder } from '../../../main/engine/recording/episode-recorder.ts';
import { createFakeWriter } from '../rig.ts';

function rig() {
  const host = createVirtualClock();
  const writer = createFakeWriter();
  const drained = Promise.withResolvers<void>();
  const recorder = createEpisodeRecorder({ ...writer, drained: () => drained.promise }, host);
  return { host, writer, drained, recorder };
}

test('a slow store is waited for while its queue becomes shorter', async () => {
  const { host, writer, drained, recorder } = rig();
  writer.pressureIs({ queuedSteps: 100 });
  const answer = recorder.drained();
  for (const left of [80, 40, 10]) {
    writer.pressureIs({ queuedSteps: left });
    host.advanceToMs(host.nowMs() + 5000);
  }
  drained.resolve();
  assert.equal(await answer, 'drained');
  assert.equal(host.nextDueMs(), Number.POSITIVE_INFINITY, 'no timer is left');
});

test('a store that writes nothing for five seconds is stuck', async () => {
  const { host, writer, recorder } = rig();
  writer.pressureIs({ queuedSteps: 100 });
  const answer = recorder.drained();
  host.advanceToMs(4999);
  host.advanceToMs(5000);
  assert.equal(await answer, 'stuck');
});
