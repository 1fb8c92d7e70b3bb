/** Labels of the reward classifier in the store: standing labels, undo, the rule that reads verdicts, and older files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { APPLICATION_ID, openForReading, openForWriting, projectFile } from '../../../data/database.ts';
import { type JudgedEpisode, proposedLabels, withProposals } from '../../../data/learning/label-rule.ts';
import { createLabelQueries } from '../../../data/learning/reward-labels.ts';
import { first } from '../../../data/migrations/001-first.ts';
import { migrate } from '../../../data/migrations/migrate.ts';
import type { FrameLabel } from '../../../main/api/classifier.ts';
import { createRng } from '../../../main/api/rng.ts';
import { inFolder, openReader, openWriter, recordEpisode, start, step } from '../fixture.ts';

const FOUR_STEPS = ['policy', 'policy', 'policy', 'policy'] as const;
const brief = (labels: readonly FrameLabel[]) =>
  labels.map(({ index, label, source }) => `${index}${label === 'positive' ? '+' : '-'}${source}`).join(' ');

test('labels by hand stand over the rule, the newest one wins, and undo takes back a stretch at once', () =>
  inFolder(async (folder) => {
    const rng = createRng(1);
    const writer = await openWriter(folder);
    const problems: string[] = [];
    writer.onProblem((problem) => problems.push(problem.message));
    const reader = await openReader(folder);
    const seen = async (episodeId: number) => {
      await writer.drained();
      return brief(await reader.frameLabels(episodeId));
    };
    const episodeId = recordEpisode(writer, rng, FOUR_STEPS);
    assert.equal(await seen(episodeId), '0-rule 1-rule 2-rule 4+rule', 'one tick before a success nobody knows');

    for (const index of [2, 3, 4]) writer.labelObservation(episodeId, index, 'positive', 'live');
    writer.labelObservation(episodeId, 3, 'positive', 'live');
    writer.labelObservation(episodeId, 4, 'negative', 'episode');
    assert.equal(await seen(episodeId), '0-rule 2+live 3+live 4-episode');
    assert.deepEqual(writer.labelCounts('insert'), { positives: 2, negatives: 1 });

    assert.equal((await writer.undo())?.words, `1 negative label in episode ${episodeId}`);
    assert.equal(await seen(episodeId), '0-rule 2+live 3+live 4+live', 'the label before it stands again');
    assert.equal((await writer.undo())?.words, `3 positive labels in episode ${episodeId}`);
    assert.equal(await seen(episodeId), '0-rule 1-rule 2-rule 4+rule');
    assert.deepEqual(writer.labelCounts('insert'), { positives: 0, negatives: 0 });
    assert.equal((await writer.undo())?.words, undefined);

    writer.labelObservation(episodeId, 9, 'positive', 'episode');
    await writer.drained();
    assert.match(problems[0] ?? '', /Observation 9 of episode 1 is not stored, so it cannot be labelled/);
  }));

test('an observation of the running episode can be labelled; discarding the episode takes its labels out of the count', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const writer = await openWriter(folder);
    const episodeId = writer.beginEpisode(start(rng));
    writer.appendStep(episodeId, step(rng, 0));
    writer.labelObservation(episodeId, 1, 'positive', 'live');
    await writer.drained();
    assert.deepEqual(writer.labelCounts('insert'), { positives: 1, negatives: 0 });
    const reader = await openReader(folder);
    assert.equal(brief(await reader.frameLabels(episodeId)), '1+live', 'the rule waits for the end');
    writer.endEpisode(episodeId, { outcome: 'aborted', judge: 'engine' });
    writer.discardEpisode(episodeId);
    await writer.drained();
    assert.deepEqual(writer.labelCounts('insert'), { positives: 0, negatives: 0 });
    assert.equal((await writer.undo())?.words, `discard of episode ${episodeId}`);
    assert.deepEqual(writer.labelCounts('insert'), { positives: 1, negatives: 0 });
  }));

test('what can be undone, and the numbering of events, outlive a session', () =>
  inFolder(async (folder) => {
    const rng = createRng(3);
    const writer = await openWriter(folder);
    const episodeId = recordEpisode(writer, rng, FOUR_STEPS);
    writer.labelObservation(episodeId, 1, 'negative', 'live');
    writer.relabelEpisode(episodeId, 'failure');
    for (const index of [2, 3]) writer.labelObservation(episodeId, index, 'positive', 'live');
    await writer.drained();
    await writer.close();
    const again = await openWriter(folder);
    assert.deepEqual(again.labelCounts('insert'), { positives: 2, negatives: 1 });
    const undone = [
      (await again.undo())?.words,
      (await again.undo())?.words,
      (await again.undo())?.words,
      (await again.undo())?.words,
    ];
    assert.deepEqual(undone, [
      `2 positive labels in episode ${episodeId}`,
      `verdict failure on episode ${episodeId}`,
      `1 negative label in episode ${episodeId}`,
      undefined,
    ]);
    const database = openForReading(folder);
    const sequences = database
      .prepare<[], number>(
        `SELECT sequence FROM verdict UNION ALL SELECT sequence FROM rl_buffer UNION ALL SELECT sequence FROM demo_buffer
         UNION ALL SELECT sequence FROM reward_label`,
      )
      .pluck()
      .all();
    assert.equal(new Set(sequences).size, sequences.length, 'one number per event over all tables');
    database.close();
  }));

test('the rule: who judged decides which observations an episode vouches for', () => {
  const twelve = (change: Partial<JudgedEpisode>): string => {
    const recorded = change.recorded ?? ({ outcome: 'success', judge: 'simulator' } as const);
    const episode: JudgedEpisode = {
      observations: 12,
      successBy: 'simulator',
      recorded,
      standing: recorded,
      ...change,
    };
    const marks = new Map(
      withProposals([], proposedLabels(episode)).map(({ index, label }) => [index, label === 'positive' ? '+' : '-']),
    );
    return Array.from({ length: 12 }, (_, index) => marks.get(index) ?? '.').join('');
  };
  const byHuman = { outcome: 'success', judge: 'human' } as const;
  const byClassifier = { outcome: 'success', judge: 'classifier' } as const;
  const timedOut = { outcome: 'truncated', judge: 'time-limit' } as const;
  const failure = { outcome: 'failure', judge: 'human' } as const;
  const table: readonly [string, Partial<JudgedEpisode>, string][] = [
    ['the simulator saw it at once', {}, '----------.+'],
    ['a person needed a moment', { recorded: byHuman }, '--.......+++'],
    ['a classifier alone vouches for nothing', { recorded: byClassifier }, '............'],
    ['a person confirmed it', { recorded: byClassifier, standing: byHuman }, '----.......+'],
    ['a person overruled it', { recorded: byClassifier, standing: failure }, '------------'],
    ['success given afterwards', { recorded: timedOut, standing: byHuman }, '...........+'],
    ['failure', { recorded: failure }, '------------'],
    ['time-out under the simulator', { recorded: timedOut }, '------------'],
    ['time-out under a classifier', { recorded: timedOut, successBy: 'classifier' }, '............'],
    ['ended without a verdict', { recorded: { outcome: 'truncated', judge: 'human' } }, '............'],
    ['cut short', { recorded: { outcome: 'aborted', judge: 'engine' } }, '............'],
  ];
  for (const [name, change, expected] of table) assert.equal(twelve(change), expected, name);
  const oneObservation = { observations: 1, successBy: 'human', recorded: byHuman, standing: byHuman } as const;
  assert.deepEqual(proposedLabels(oneObservation), [], 'the first observation is no success');
});

test('after a moment that she calls a success, the rule vouches for no negative; what she says herself stands', () => {
  const given: FrameLabel[] = [
    { index: 3, label: 'positive', source: 'live' },
    { index: 6, label: 'negative', source: 'episode' },
  ];
  const timedOut = { outcome: 'truncated', judge: 'time-limit' } as const;
  const episode: JudgedEpisode = { observations: 8, successBy: 'human', recorded: timedOut, standing: timedOut };
  assert.equal(brief(withProposals(given, proposedLabels(episode))), '0-rule 1-rule 3+live 6-episode');
});

test('a file of the first schema is brought up to date; its episodes were judged by the simulator', () =>
  inFolder(async (folder) => {
    const old = new Sqlite(projectFile(folder));
    migrate(old, APPLICATION_ID, [first]);
    old.exec(`INSERT INTO session (id, started_at_ms) VALUES (1, 0);
      INSERT INTO episode VALUES (1, 1, 'insert', 'run', 'pixels', 7, NULL, 0, 0, 100, 0, NULL);
      INSERT INTO verdict VALUES (1, 'end', 1, 'truncated', 'time-limit', NULL, 0);
      INSERT INTO observation VALUES (1, 1, 0, 0, x'00', x'00', x'00', x'00');`);
    old.close();
    const database = openForWriting(folder);
    assert.equal(database.prepare('SELECT success_by FROM episode').pluck().get(), 'simulator');
    assert.equal(brief(createLabelQueries(database).frameLabels(1)), '0-rule');
    database.close();
  }));
