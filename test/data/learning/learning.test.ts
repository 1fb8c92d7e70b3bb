/** The transition pool against a naive model: stacking, returns, membership, corrections that arrive later, and sampling. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openForWriting } from '../../../data/database.ts';
import { openLearningSource } from '../../../data/learning/learning.ts';
import { writeReturns } from '../../../data/learning/monte-carlo.ts';
import type { PoolSource } from '../../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../../data/learning/transition-pool.ts';
import type { Command } from '../../../data/recording/commands.ts';
import { createStoreRecorder } from '../../../data/recording/store-recorder.ts';
import { loadCounts } from '../../../data/recording/tallies.ts';
import type { EpisodeEnd, EpisodeStart, StepRecord } from '../../../data/records.ts';
import { neverSucceeding } from '../../../data/rules.ts';
import type { Actor } from '../../../main/api/action.ts';
import type { Outcome } from '../../../main/api/episode.ts';
import { createRng } from '../../../main/api/rng.ts';
import { inFolder, observation, openWriter, recordEpisode, SMALL, start, step } from '../fixture.ts';

const DISCOUNT = 0.98;
const POOL = { embeddingSize: SMALL.embeddingSize, proprioceptionSize: 27, stack: 2, discount: DISCOUNT };

test('returns follow G = r + γG, the floor of a failure, and the cut at takeovers', () => {
  const human = Uint8Array.of(0, 0, 1, 1, 0);
  const input = { reward: Float32Array.of(-1, -1, -1, -1, 10), human, neverSucceeding: -2, discount: 0.5 };
  const [whole, cut] = [new Float32Array(5), new Float32Array(5)];
  writeReturns({ ...input, success: true, whole, cut });
  assert.deepEqual([...whole], [-1.25, -0.5, 1, 4, 10]);
  assert.deepEqual([...cut], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 4, 10]);
  writeReturns({ ...input, success: false, whole, cut });
  assert.deepEqual([...whole], [-2, -2, -2, -2, -2]);
});

test('returns, rewards and masks agree at every step, whatever ends an episode and whatever a person says of it later', () => {
  const costly = (outcome: Outcome) => {
    const episode = countingEpisode(['policy', 'policy', 'human', 'policy'], outcome);
    return {
      ...episode,
      steps: episode.steps.map((one, at) => ({ ...one, reward: at === 3 && outcome === 'success' ? 10 : -0.05 })),
    };
  };
  const never = -0.05 / (1 - DISCOUNT);
  for (const outcome of ['success', 'failure', 'truncated', 'aborted'] as const)
    for (const verdict of [undefined, 'success', 'failure'] as const) {
      const pool = createTransitionPool({ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: DISCOUNT });
      pool.addEpisode(costly(outcome));
      if (verdict) pool.applyEvent({ kind: 'relabel', sequence: 1, episodeId: 1, outcome: verdict });
      const batch = pool.createBatch(4);
      for (let row = 0; row < 4; row++) pool.readTransition(row, batch, row);
      const [returns, where] = [batch.monteCarloReturn, `${outcome}, later ${verdict}`];
      const judged = verdict ?? outcome;
      for (let row = 0; row < 4; row++) {
        const following = row < 3 ? returns[row + 1]! : never;
        const expected = batch.reward[row]! + DISCOUNT * batch.mask[row]! * following;
        assert.ok(Math.abs(returns[row]! - expected) < 1e-5, `${where}, step ${row}: ${returns[row]}, not ${expected}`);
        assert.ok(
          judged === 'success' || returns[row]! <= Math.fround(never),
          `${where}: no step is worth more than never`,
        );
      }
      if (judged === 'failure') assert.ok(Math.abs(batch.reward[3]! - never) < 1e-6, where);
    }
});

test('without a discount a failure costs as many steps as the task allows', () => {
  assert.equal(neverSucceeding('insert', 1), -0.05 * 100);
  assert.ok(Math.abs(neverSucceeding('insert', 0.98) + 2.5) < 1e-12);
});

test('stacking looks back within the episode only, and a transition joins neighbours', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    const writer = await openWriter(folder);
    const recorded = [0, 1].map(() => {
      const begun = start(rng);
      const steps = [0, 1, 2].map((index) => step(rng, index));
      const id = writer.beginEpisode(begun);
      for (const one of steps) writer.appendStep(id, one);
      writer.endEpisode(id, { outcome: 'truncated', judge: 'time-limit' });
      return { seen: [begun.first, ...steps.map((one) => one.next)], steps };
    });
    await writer.drained();
    const pool = createTransitionPool(POOL);
    const source = openLearningSource({ folder, pool });
    assert.deepEqual(source.load(), {
      newestSequence: source.newestSequence(),
      episodes: 2,
      transitions: 6,
      corrections: 0,
    });
    const batch = pool.createBatch(1);
    recorded.forEach(({ seen, steps }, episode) => {
      steps.forEach((one, index) => {
        pool.readTransition(3 * episode + index, batch, 0);
        const before = seen[Math.max(0, index - 1)]!;
        const [now, next] = [seen[index]!, seen[index + 1]!];
        assert.deepEqual([...batch.proprioception], [...before.proprioception, ...now.proprioception]);
        assert.deepEqual([...batch.nextProprioception], [...now.proprioception, ...next.proprioception]);
        assert.deepEqual(batch.embedding, now.embedding);
        assert.deepEqual(batch.nextEmbedding, next.embedding);
        assert.deepEqual(batch.action, one.action);
        assert.equal(batch.mask[0], 1, 'a time-out is bootstrapped');
      });
    });
    source.close();
  }));

/** Makes an episode with action i, reward i and observation i at step i. */
function countingEpisode(actors: readonly Actor[], outcome: Outcome) {
  const steps = actors.map((actor, index) => {
    const last = index === actors.length - 1;
    return {
      actor,
      idle: false,
      action: new Float32Array(7).fill(index),
      reward: index,
      rl: true,
      demo: false,
      terminated: last && outcome !== 'truncated',
      truncated: last && outcome === 'truncated',
    };
  });
  const observations = Array.from({ length: actors.length + 1 }, (_, index) => ({
    proprioception: new Float32Array(1).fill(index),
    embedding: undefined,
  }));
  return { id: 1, task: 'insert', mode: 'run', outcome, observations, steps } as const;
}

test('n-step rewards stop at the end of the episode: a time-out bootstraps with what is left of the discount, an end does not', () => {
  for (const outcome of ['truncated', 'failure'] as const) {
    const pool = createTransitionPool({ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: 0.5, nStep: 3 });
    pool.addEpisode(countingEpisode(['policy', 'policy', 'human', 'human', 'policy'], outcome));
    const batch = pool.createBatch(5);
    for (let row = 0; row < 5; row++) pool.readTransition(row, batch, row);
    const last = batch.reward[4]!;
    const expected = [0 + 0.5 * 1 + 0.25 * 2, 1 + 0.5 * 2 + 0.25 * 3, 2 + 0.5 * 3 + 0.25 * last, 3 + 0.5 * last, last];
    assert.deepEqual(batch.reward, Float32Array.from(expected));
    assert.deepEqual([...batch.nextProprioception], [3, 4, 5, 5, 5]);
    assert.deepEqual([...batch.mask], outcome === 'truncated' ? [0.25, 0.25, 0.25, 0.5, 1] : [0.25, 0.25, 0, 0, 0]);
  }
});

test('an action chunk ends where the episode or its driver does, and says what is padding', () => {
  const pool = createTransitionPool({ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: 0.9 });
  pool.addEpisode(countingEpisode(['human', 'human', 'human', 'policy', 'human'], 'success'));
  const batch = pool.createBatch(5, 3);
  for (let row = 0; row < 5; row++) pool.readTransition(row, batch, row);
  const chunks = Array.from({ length: 5 }, (_, row) => [0, 1, 2].map((k) => batch.actionChunk[(row * 3 + k) * 7 + 6]));
  assert.deepEqual(chunks, [
    [0, 1, 2],
    [1, 2, 2],
    [2, 2, 2],
    [3, 3, 3],
    [4, 4, 4],
  ]);
  assert.deepEqual([...batch.chunkPad], [0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1]);
});

test('only ended episodes are visible, missing embeddings are reported, and a limit reads nothing newer', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const writer = await openWriter(folder);
    const pool = createTransitionPool(POOL);
    recordEpisode(writer, rng, ['policy', 'policy']);
    await writer.drained();
    const source = openLearningSource({ folder, pool, encoderSha256: 'e'.repeat(64) });
    const first = source.load();
    const open = writer.beginEpisode({ ...start(rng), first: { ...observation(rng, 0), embedding: undefined } });
    writer.appendStep(open, step(rng, 0));
    await writer.drained();
    assert.equal(source.load().episodes, 0);
    writer.endEpisode(open, { outcome: 'failure', judge: 'human' });
    const other = recordEpisode(writer, rng, ['human'], { start: { encoderSha256: 'f'.repeat(64) } });
    await writer.drained();
    assert.equal(source.load(first.newestSequence).transitions, 0, 'nothing newer than the limit');
    assert.equal(source.load().transitions, 2);
    assert.deepEqual(
      source.missingEmbeddings().map(({ episodeId, index }) => [episodeId, index]),
      [
        [open, 0],
        [other, 0],
        [other, 1],
      ],
    );
    assert.equal(pool.size('all'), 2, 'what has no embedding is not drawn');
    assert.equal(source.readFrames(open, 0).length, 2);
    writer.setEmbedding(open, 0, new Float32Array(6).fill(0.5));
    await writer.drained();
    source.load();
    assert.equal(pool.size('all'), 3);
    for (const { row } of source.missingEmbeddings()) pool.setEmbedding(row, new Float32Array(6));
    assert.deepEqual([pool.size('rl'), pool.size('demo'), pool.size('imitation')], [4, 1, 1]);
    source.close();
  }));

test('sampling is uniform over the chosen buffer and replays from a seed', () =>
  inFolder(async (folder) => {
    const rng = createRng(3);
    const writer = await openWriter(folder);
    recordEpisode(writer, rng, ['policy', 'human', 'human', 'policy'], { idle: [2] });
    recordEpisode(writer, rng, ['human', 'human'], { mode: 'demonstrate' });
    await writer.drained();
    const pool = createTransitionPool(POOL);
    const source = openLearningSource({ folder, pool });
    source.load();
    source.close();
    const drawn = (from: PoolSource, seed: number) => {
      const batch = pool.createBatch(400);
      pool.sampleBatch(createRng(seed), 400, from, batch);
      return [...batch.rows];
    };
    assert.deepEqual([...new Set(drawn('rl', 1))].sort(), [0, 1, 2, 3]);
    assert.deepEqual([...new Set(drawn('demo', 1))].sort(), [1, 2, 4, 5]);
    assert.deepEqual([...new Set(drawn('imitation', 1))].sort(), [1, 4, 5]);
    assert.deepEqual(drawn('demo', 7), drawn('demo', 7));
    assert.throws(() => {
      const empty = createTransitionPool(POOL);
      empty.sampleBatch(createRng(1), 1, 'rl', empty.createBatch(1));
    }, /Nothing to draw from 'rl'/);
  }));

/** The recorder without its thread. */
function openRecorder(folder: string) {
  const database = openForWriting(folder);
  const recorder = createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => 1, reserveBytes: 0 });
  let nextEpisodeId = recorder.nextEpisodeId;
  const apply = (command: Command) => {
    const result = recorder.apply([command]);
    assert.deepEqual(result.problems, []);
    return result;
  };
  return {
    apply,
    beginEpisode(begun: EpisodeStart) {
      apply({ kind: 'begin', episodeId: nextEpisodeId, start: begun });
      return nextEpisodeId++;
    },
    appendStep: (episodeId: number, one: StepRecord) => void apply({ kind: 'step', episodeId, step: one }),
    endEpisode: (episodeId: number, end: EpisodeEnd) => void apply({ kind: 'end', episodeId, end, lostSteps: 0 }),
    counts: () => recorder.state().counts,
    countsFromFile: () => loadCounts(database),
    close: () => database.close(),
  };
}

interface ModelEpisode {
  readonly id: number;
  readonly actors: readonly Actor[];
  readonly mode: 'run' | 'demonstrate';
  readonly ended: Outcome;
  verdicts: ('success' | 'failure')[];
  discarded: boolean;
}

const actorList = fc.array(fc.constantFrom<Actor>('policy', 'human', 'mixed'), { minLength: 1, maxLength: 5 });
const command = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    actors: actorList,
    mode: fc.constantFrom('run' as const, 'demonstrate' as const),
    ended: fc.constantFrom<Outcome>('success', 'failure', 'truncated', 'aborted'),
  }),
  fc.record({ kind: fc.constant('discard' as const), which: fc.nat() }),
  fc.record({
    kind: fc.constant('relabel' as const),
    which: fc.nat(),
    verdict: fc.constantFrom('success' as const, 'failure' as const),
  }),
  fc.constant({ kind: 'undo' as const }),
  fc.constant({ kind: 'load' as const }),
);

/** A naive model of the pool: its contents by the rules of the two buffers. */
function expectedRows(episodes: readonly ModelEpisode[]) {
  let first = 0;
  const rl: number[] = [];
  const demo: number[] = [];
  const ends: number[][] = [];
  for (const { actors, mode, discarded, verdicts, ended } of episodes) {
    actors.forEach((actor, index) => {
      if (discarded) return;
      if (mode === 'run') rl.push(first + index);
      if (mode === 'demonstrate' || actor === 'human') demo.push(first + index);
    });
    const outcome = verdicts.at(-1) ?? ended;
    const floor = -0.05 / (1 - DISCOUNT);
    const reward = outcome === 'success' ? 10 : outcome === 'failure' ? floor : -0.05;
    const whole = outcome === 'success' ? 10 * DISCOUNT ** (actors.length - 1) : floor;
    const costs = outcome === 'success' ? (-0.05 * (1 - DISCOUNT ** (actors.length - 1))) / (1 - DISCOUNT) : 0;
    ends.push([reward, outcome === 'success' || outcome === 'failure' ? 0 : 1, whole + costs]);
    first += actors.length;
  }
  return { rl, demo, ends };
}

test('random sessions: pool, writer and reader agree with a naive model', () =>
  inFolder((root) => {
    let folders = 0;
    fc.assert(
      fc.property(fc.array(command, { minLength: 3, maxLength: 25 }), (commands) => {
        const folder = `${root}/${folders++}`;
        const recorder = openRecorder(folder);
        const rng = createRng(5);
        const pool = createTransitionPool(POOL);
        const source = openLearningSource({ folder, pool });
        const model: ModelEpisode[] = [];
        const done: (() => void)[] = [];
        for (const one of commands) {
          const target = 'which' in one ? model[one.which % Math.max(1, model.length)] : undefined;
          if (one.kind === 'record') {
            const id = recordEpisode(recorder, rng, one.actors, {
              mode: one.mode,
              end: { outcome: one.ended, judge: 'simulator' },
              size: { sizePx: 2, taxels: 2, embeddingSize: 6 },
            });
            model.push({ id, actors: one.actors, mode: one.mode, ended: one.ended, verdicts: [], discarded: false });
          } else if (one.kind === 'discard' && target) {
            recorder.apply({ kind: 'discard', episodeId: target.id });
            if (!target.discarded) done.push(() => Object.assign(target, { discarded: false }));
            target.discarded = true;
          } else if (one.kind === 'relabel' && target) {
            recorder.apply({ kind: 'relabel', episodeId: target.id, verdict: one.verdict });
            target.verdicts.push(one.verdict);
            done.push(() => target.verdicts.pop());
          } else if (one.kind === 'undo') {
            const undone = recorder.apply({ kind: 'undo', request: 1 }).answers[0]?.undone;
            const action = done.pop();
            assert.equal(undone !== undefined, action !== undefined);
            action?.();
          } else if (one.kind === 'load') {
            source.load();
          }
        }
        source.load();
        source.close();
        const { rl, demo, ends } = expectedRows(model);
        assert.deepEqual([...pool.rows('rl')], rl);
        assert.deepEqual([...pool.rows('demo')], demo);
        assert.equal(recorder.counts().rlTransitions, rl.length);
        assert.equal(recorder.counts().demoTransitions, demo.length);
        const batch = pool.createBatch(2);
        let first = 0;
        model.forEach(({ actors }, index) => {
          pool.readTransition(first + actors.length - 1, batch, 0);
          pool.readTransition(first, batch, 1);
          const [reward = 0, mask = 0, whole = 0] = ends[index] ?? [];
          assert.ok(Math.abs((batch.reward[0] ?? 0) - reward) < 1e-6);
          assert.equal(batch.mask[0], mask);
          assert.ok(Math.abs((batch.monteCarloReturn[1] ?? 0) - whole) < 1e-5);
          first += actors.length;
        });
        assert.deepEqual(recorder.countsFromFile(), recorder.counts());
        recorder.close();
      }),
      { numRuns: 60, seed: 20_260_101 },
    );
  }));
