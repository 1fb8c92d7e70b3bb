/** Reading after writing: an answered call is visible to every later question, in the engine and in other processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingAfter } from '../../../data/reading/read-after-write.ts';
import { createRng } from '../../../main/api/rng.ts';
import { createHandlers } from '../../../main/engine/server/handlers.ts';
import { bench } from '../../engine/rig.ts';
import { inFolder, openReader, openWriter, recordEpisode } from '../fixture.ts';

test('a question that is asked right after a call sees it, again and again', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const reader = readingAfter(writer, await openReader(folder));
    const rng = createRng(1);
    for (let round = 0; round < 15; round++) {
      const id = recordEpisode(writer, rng, ['policy', 'human']);
      assert.equal((await reader.episode(id))?.steps, 2);
      writer.labelObservation(id, 1, 'positive', 'episode');
      assert.ok((await reader.frameLabels(id)).some(({ index, source }) => index === 1 && source === 'episode'));
      writer.relabelEpisode(id, 'failure');
      assert.equal((await reader.replay(id))?.episode.outcome, 'failure');
      const before = (await reader.mark()).sequence;
      writer.discardEpisode(id);
      assert.equal((await reader.listEpisodes({ limit: 1 }))[0]?.discarded, true);
      assert.ok((await reader.mark()).sequence > before);
      assert.deepEqual(await reader.counts(), writer.counts());
    }
  }));

test('a verdict, a discard and a label are answered when they are committed', async () => {
  const rig = await bench();
  const caller = { id: 1, claim: () => {}, release: () => {}, sendFrames: () => {} };
  const committed = Promise.withResolvers<void>();
  const drained = () => committed.promise.then(() => 'drained' as const);
  const engine = { ...rig.engine, recorder: { ...rig.engine.recorder, drained } };
  const handlers = createHandlers(engine, undefined);
  const answered: string[] = [];
  const calls = [
    Promise.resolve(handlers['episode.verdict']({ verdict: 'success', episodeId: 1 }, caller)),
    Promise.resolve(handlers['episode.discard']({ episodeId: 1 }, caller)),
    Promise.resolve(handlers['label.set']({ label: 'positive', frame: { episodeId: 1, index: 0 } }, caller)),
  ].map((call) => call.then(({ kind }) => answered.push(kind)));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(answered, []);
  assert.deepEqual(
    rig.writer.events.filter((event) => event !== 'drained'),
    ['relabel 1 success', 'discard 1', 'label 1 0 positive episode'],
  );
  committed.resolve();
  await Promise.all(calls);
  assert.deepEqual(answered, ['done', 'done', 'done']);
});
