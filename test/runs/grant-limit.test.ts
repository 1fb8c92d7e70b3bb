/**
 * A grant of "everything until now". Verdicts, discards and undos after the newest episode's end are learned from, and
 * a running episode is left out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openForWriting } from '../../data/database.ts';
import { openLearningSource } from '../../data/learning/learning.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { takeMark } from '../../data/mark.ts';
import { createQueries } from '../../data/reading/queries.ts';
import type { Command } from '../../data/recording/commands.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import { createRng } from '../../main/api/rng.ts';
import { limitNow } from '../../main/runs/launchers/granted-trainer.ts';
import { runHil } from '../../main/study/hil/hil.ts';
import { readHilState } from '../../main/study/hil/hil-state.ts';
import {
  inFolder,
  openReader,
  openWriter,
  recordEpisode,
  removeFolder,
  SMALL,
  start,
  step,
  temporaryFolder,
} from '../data/fixture.ts';
import { createFakeSession } from './fake-session.ts';

const POOL = { embeddingSize: SMALL.embeddingSize, proprioceptionSize: 27, stack: 1, discount: 0.98 };
const EPISODES = 3;

/** Returns what a run with a grant of everything until now can draw. */
async function granted(folder: string) {
  const limit = await limitNow(folder);
  return { ...limit, ...drawable(folder, limit.throughSequence) };
}

function drawable(folder: string, throughSequence: number) {
  const pool = createTransitionPool(POOL);
  const source = openLearningSource({ folder, pool });
  source.load(throughSequence);
  const batch = pool.createBatch(1);
  let rewarded = 0;
  for (const row of pool.rows('all')) {
    pool.readTransition(row, batch, 0);
    if ((batch.reward[0] ?? 0) > 5) rewarded++;
  }
  source.close();
  return { rl: pool.size('rl'), demo: pool.size('demo'), rewarded };
}

test('what was discarded after the newest episode had ended is not learned from, a new verdict is', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    const writer = await openWriter(folder);
    for (let episode = 0; episode < 2; episode++) recordEpisode(writer, rng, ['policy', 'human']);
    recordEpisode(writer, rng, ['human', 'human'], { mode: 'demonstrate' });
    await writer.drained();
    assert.deepEqual(await granted(folder), { ...(await limitNow(folder)), rl: 4, demo: 4, rewarded: 3 });
    writer.relabelEpisode(1, 'failure');
    writer.discardEpisode(2);
    writer.discardEpisode(3);
    await writer.drained();
    const now = await granted(folder);
    assert.deepEqual([now.rl, now.demo, now.rewarded], [2, 1, 0]);
    assert.deepEqual([now.rl, now.demo], [writer.counts().rlTransitions, writer.counts().demoTransitions]);
    await writer.undo();
    const restored = await granted(folder);
    assert.deepEqual([restored.rl, restored.demo, restored.rewarded], [2, 3, 1], 'an undo counts too');
  }));

test('an episode that is running is not there yet, and stands in no one’s way', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const writer = await openWriter(folder);
    recordEpisode(writer, rng, ['human', 'human'], { mode: 'demonstrate' });
    const running = writer.beginEpisode(start(rng));
    writer.appendStep(running, step(rng, 0, 'human'));
    writer.relabelEpisode(1, 'failure');
    await writer.drained();
    const { throughEpisodeId, rl, demo, rewarded } = await granted(folder);
    assert.deepEqual([throughEpisodeId, rl, demo, rewarded], [1, 0, 2, 0]);
    writer.endEpisode(running, { outcome: 'success', judge: 'simulator' });
    await writer.drained();
    assert.equal((await granted(folder)).throughEpisodeId, running);
    const reader = await openReader(folder);
    assert.deepEqual(await reader.mark(), { sequence: writer.newestSequence(), newestEpisodeId: running });
  }));

test('a store without a finished episode has a limit that says so', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    writer.beginEpisode(start(createRng(3)));
    await writer.drained();
    assert.equal((await limitNow(folder)).throughEpisodeId, 0);
  }));

test('whatever people say, and in whatever order, a mark covers what the store counts', () => {
  const act = fc.record({
    kind: fc.constantFrom('discard', 'undo', 'success', 'failure'),
    episode: fc.nat(EPISODES - 1),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 8 }), (acts) => {
      const folder = temporaryFolder();
      const database = openForWriting(folder);
      try {
        const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => 1e12, reserveBytes: 0 });
        const commands: Command[] = [];
        recordEpisode(commandsInto(commands), createRng(4), ['human', 'human'], { mode: 'demonstrate' });
        recordEpisode(commandsInto(commands), createRng(5), ['policy', 'human']);
        recordEpisode(commandsInto(commands), createRng(6), ['policy', 'mixed', 'human']);
        for (const { kind, episode } of acts)
          commands.push(
            kind === 'discard'
              ? { kind, episodeId: episode + 1 }
              : kind === 'undo'
                ? { kind, request: 0 }
                : { kind: 'relabel', episodeId: episode + 1, verdict: kind === 'success' ? 'success' : 'failure' },
          );
        assert.deepEqual(recorder.apply(commands).problems, []);
        const kept = createQueries(database)
          .listEpisodes(9, undefined)
          .filter(({ discarded }) => !discarded);
        const { rl, demo, rewarded } = drawable(folder, takeMark(database).sequence);
        const { counts } = recorder.state();
        assert.deepEqual([rl, demo], [counts.rlTransitions, counts.demoTransitions]);
        assert.equal(rewarded, kept.filter(({ outcome }) => outcome === 'success').length);
      } finally {
        database.close();
        removeFolder(folder);
      }
    }),
    { numRuns: 25 },
  );
});

/** A writer that only notes what it is told. */
function commandsInto(commands: Command[]): Parameters<typeof recordEpisode>[0] {
  const begun = () => commands.filter(({ kind }) => kind === 'begin').length;
  return {
    beginEpisode: (first) => {
      commands.push({ kind: 'begin', episodeId: begun() + 1, start: first });
      return begun();
    },
    appendStep: (episodeId, one) => void commands.push({ kind: 'step', episodeId, step: one }),
    endEpisode: (episodeId, end) => void commands.push({ kind: 'end', episodeId, end, lostSteps: 0 }),
  };
}

test('an interrupted session grants again what it had granted, to the event', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    const grantsOf = () =>
      session.trainers.flatMap(({ sent }) => sent.flatMap((message) => (message.kind === 'grant' ? [message] : [])));
    const undisturbed = createFakeSession(`${folder}/whole`);
    await runHil(undisturbed.options());
    const at = undisturbed.events.findIndex((event) => /^grant 2 4/.test(event));
    session.failAt(at + 2);
    await assert.rejects(runHil(session.options()), /interrupted/);
    const before = grantsOf().at(-1);
    assert.equal(before?.throughSequence, readHilState(folder)?.grantedSequence);
    // An older episode is discarded before the session continues.
    session.options().rig.discard(1);
    const made = grantsOf().length;
    await runHil(session.options());
    assert.deepEqual(grantsOf()[made], before, 'the record is followed');
    assert.ok(
      grantsOf()
        .slice(made + 1)
        .every(({ throughSequence }) => throughSequence > (before?.throughSequence ?? 0)),
    );
  }));
