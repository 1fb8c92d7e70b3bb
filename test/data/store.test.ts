/** Writer and reader threads together: what goes in comes out to the byte; buffer rules, discards, verdicts, undo. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openForReading } from '../../data/database.ts';
import { createQueries } from '../../data/reading/queries.ts';
import type { Actor } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import { type TaskId, taskIdSchema } from '../../main/api/task.ts';
import { inFolder, openReader, openWriter, recordEpisode, start, step } from './fixture.ts';

test('an episode comes out as it went in, to the byte', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    const writer = await openWriter(folder);
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const begun = start(rng);
    const steps = (['policy', 'mixed', 'human'] as const).map((actor, index) => step(rng, index, actor));
    const episodeId = writer.beginEpisode(begun);
    for (const one of steps) writer.appendStep(episodeId, one);
    assert.equal(steps[0]?.next.frames[0]?.rgb.length, 8 * 8 * 3, 'the caller keeps its buffers');
    writer.endEpisode(episodeId, { outcome: 'truncated', judge: 'time-limit' });
    await writer.drained();
    await writer.close();
    assert.deepEqual(problems, []);

    const database = openForReading(folder);
    const queries = createQueries(database);
    const expected = [begun.first, ...steps.map((one) => one.next)];
    const stored = queries.observations(episodeId).map(({ index, ...rest }) => ({
      ...rest,
      ...queries.pictures(episodeId, index),
    }));
    assert.deepEqual(stored, expected);
    const transitions = queries.transitions(queries.episodeRow(episodeId)!);
    assert.deepEqual(
      transitions,
      steps.map(({ next, ...rest }, index) => ({ ...rest, truncated: index === 2 })),
    );
    assert.equal(database.pragma('integrity_check', { simple: true }), 'ok');
    assert.equal(database.pragma('page_size', { simple: true }), 8192);
    assert.equal(database.pragma('auto_vacuum', { simple: true }), 2);
    assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
    database.close();

    const reader = await openReader(folder);
    const replay = await reader.replay(episodeId);
    assert.equal(replay?.poses.length, 4);
    assert.deepEqual(replay?.poses[3], [...(steps[2]?.next.scenePoses ?? [])]);
    assert.deepEqual(
      replay?.steps.map((one) => one.actor),
      ['policy', 'mixed', 'human'],
    );
    assert.deepEqual((await reader.frames(episodeId, 2))?.frames, steps[1]?.next.frames);
    assert.equal(await reader.frames(episodeId, 4), undefined);
    assert.equal(await reader.episode(99), undefined);
    await reader.close();
  }));

test('counters are kept by task', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const rng = createRng(3);
    recordEpisode(writer, rng, ['policy', 'human']);
    recordEpisode(writer, rng, ['human', 'human', 'human'], { mode: 'demonstrate', start: { task: 'lift' } });
    await writer.drained();
    const numbers = (task?: TaskId) => {
      const { rlTransitions, demoTransitions, demonstrations, episodes } = writer.counts(task);
      return [rlTransitions, demoTransitions, demonstrations, episodes];
    };
    const expected = { insert: [2, 1, 0, 1], lift: [0, 3, 1, 1], 'pick-insert': [0, 0, 0, 0] };
    for (const task of taskIdSchema.options) assert.deepEqual(numbers(task), expected[task], task);
    assert.deepEqual(numbers(), [2, 4, 1, 2], 'all together');
    writer.discardEpisode(2);
    await writer.drained();
    assert.deepEqual(
      [numbers('insert'), numbers('lift')],
      [
        [2, 1, 0, 1],
        [0, 0, 0, 0],
      ],
    );
    await writer.close();
    const again = await openWriter(folder);
    assert.deepEqual(again.counts('insert'), writer.counts('insert'), 'counted anew from the file');
    await again.close();
  }));

test('every transition goes to the buffers that the rules name', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const writer = await openWriter(folder);
    const counts = async () => {
      await writer.drained();
      const { rlTransitions, demoTransitions, demonstrations, interventionSteps, episodes } = writer.counts();
      return [rlTransitions, demoTransitions, demonstrations, interventionSteps, episodes];
    };
    const table: readonly [string, readonly Actor[], 'run' | 'demonstrate', readonly number[]][] = [
      ['policy: RL only', ['policy', 'policy'], 'run', [2, 0, 0, 0, 1]],
      ['human: both', ['human', 'human'], 'run', [4, 2, 0, 2, 2]],
      ['mixed: RL only', ['policy', 'mixed', 'human'], 'run', [7, 3, 0, 3, 3]],
      ['demonstration: demo only', ['human', 'human', 'human'], 'demonstrate', [7, 6, 1, 3, 4]],
    ];
    for (const [name, actors, mode, expected] of table) {
      recordEpisode(writer, rng, actors, { mode });
      assert.deepEqual(await counts(), expected, name);
    }
    recordEpisode(writer, rng, ['human', 'human'], { idle: [1] });
    assert.deepEqual(await counts(), [9, 8, 1, 5, 5], 'idle steps stay in both buffers');

    writer.discardEpisode(3);
    assert.deepEqual(await counts(), [6, 7, 1, 4, 4], 'a discarded episode is in neither');
    writer.discardEpisode(3);
    writer.discardEpisode(4);
    assert.deepEqual(await counts(), [6, 4, 0, 4, 3]);
    assert.equal((await writer.undo())?.words, 'discard of episode 4');
    assert.equal((await writer.undo())?.words, 'discard of episode 3', 'discarding twice is one action');
    assert.deepEqual(await counts(), [9, 8, 1, 5, 5]);
    assert.equal((await writer.undo())?.words, undefined);

    const reader = await openReader(folder);
    assert.deepEqual(await reader.counts(), writer.counts());
    assert.deepEqual(
      (await reader.listEpisodes({ limit: 2, beforeId: 4 })).map(({ id, takeovers, humanSteps }) => [
        id,
        takeovers,
        humanSteps,
      ]),
      [
        [3, 1, 1],
        [2, 1, 2],
      ],
    );
    await reader.close();
    await writer.close();
  }));

test("the human's verdict wins, can be changed and taken back", () =>
  inFolder(async (folder) => {
    const rng = createRng(3);
    const writer = await openWriter(folder);
    const episodeId = recordEpisode(writer, rng, ['policy', 'policy'], {
      end: { outcome: 'truncated', judge: 'time-limit' },
    });
    const reader = await openReader(folder);
    const seen = async () => {
      await writer.drained();
      const { outcome, judge, return: sum } = (await reader.episode(episodeId)) ?? {};
      return [outcome, judge, Number(sum?.toFixed(9))];
    };
    assert.deepEqual(await seen(), ['truncated', 'time-limit', -0.1]);
    writer.relabelEpisode(episodeId, 'success');
    assert.deepEqual(await seen(), ['success', 'human', 9.95]);
    writer.relabelEpisode(episodeId, 'failure');
    assert.deepEqual(await seen(), ['failure', 'human', -0.1]);
    assert.equal((await writer.undo())?.words, `verdict failure on episode ${episodeId}`);
    assert.deepEqual(await seen(), ['success', 'human', 9.95]);
    await reader.close();
    await writer.close();

    const again = await openWriter(folder);
    assert.equal(again.sessionId, writer.sessionId + 1);
    assert.equal((await again.undo())?.words, `verdict success on episode ${episodeId}`, 'undo outlives a session');
    await again.close();
  }));

test('a step out of order is refused and named, and the episode ends as aborted', () =>
  inFolder(async (folder) => {
    const rng = createRng(4);
    const writer = await openWriter(folder);
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const episodeId = writer.beginEpisode(start(rng));
    for (const index of [0, 2, 3]) writer.appendStep(episodeId, step(rng, index));
    writer.endEpisode(episodeId, { outcome: 'success', judge: 'simulator' });
    await writer.drained();
    assert.match(problems[0] ?? '', /Step 2 of episode 1 and those after it are not stored: .*step 1 was expected/);
    assert.match(problems[1] ?? '', /Episode 1 ended with 2 steps lost, from step 2 to step 3/);
    const reader = await openReader(folder);
    const episode = await reader.episode(episodeId);
    assert.deepEqual([episode?.steps, episode?.outcome, episode?.judge], [1, 'aborted', 'engine']);
    await reader.close();
    await writer.close();
  }));

test('a queue that is full refuses and says so; room() waits', () =>
  inFolder(async (folder) => {
    const rng = createRng(5);
    const writer = await openWriter(folder, { capacitySteps: 4 });
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const episodeId = writer.beginEpisode(start(rng));
    for (let index = 0; index < 7; index++) writer.appendStep(episodeId, step(rng, index));
    writer.endEpisode(episodeId, { outcome: 'success', judge: 'simulator' });
    assert.match(problems[0] ?? '', /Step 4 of episode 1 .* \(4 steps wait, 4 may\)/);
    assert.match(problems[1] ?? '', /Episode 1 ended with its last 3 steps lost/);
    await writer.room();
    assert.ok(writer.pressure().queuedSteps <= 2);
    await writer.drained();
    assert.equal(writer.counts().rlTransitions, 4);
    assert.equal(writer.pressure().queuedSteps, 0);
    await writer.close();
  }));
