/**
 * Numbers that are not finite are refused. The recorder refuses the record and names observation and sensor. When an
 * older project holds one, readers name episode and observation, and an export is refused or reported as invalid.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, openForReading, openForWriting } from '../../data/database.ts';
import { lerobotV3 } from '../../data/export/lerobot-v3.ts';
import { openLearningSource } from '../../data/learning/learning.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { createQueries } from '../../data/reading/queries.ts';
import { createStoreRecorder } from '../../data/recording/store-recorder.ts';
import type { ObservationRecord, StepRecord } from '../../data/records.ts';
import type { EpisodeRange } from '../../main/api/processes/export.ts';
import { createRng } from '../../main/api/rng.ts';
import { expectFinite, TrainingError } from '../../main/learn/run/training-error.ts';
import { inFolder, openWriter, type PictureSize, recordEpisode, SMALL, start, step } from './fixture.ts';

const NAN = Number.NaN;
const first = (values: Float32Array) => values.map((value, index) => (index === 0 ? NAN : value));

const SPOILT: readonly [name: RegExp, change: (record: ObservationRecord) => Partial<ObservationRecord>][] = [
  [/time of/, () => ({ timeMs: Number.POSITIVE_INFINITY })],
  [/tool pose/, ({ baseFromTool }) => ({ baseFromTool: { ...baseFromTool, orientation: [0, 0, 0, NAN] } })],
  [/twist/, () => ({ twistInTool: [0, 0, 0, 0, 0, NAN] })],
  [/wrench/, () => ({ wrenchInTool: [NAN, 0, 0, 0, 0, 0] })],
  [/joint positions/, () => ({ jointPositionsRad: [0, Number.NEGATIVE_INFINITY] })],
  [/gripper opening/, () => ({ gripperOpeningM: NAN })],
  [/proprioception/, ({ proprioception }) => ({ proprioception: first(proprioception) })],
  [/embedding/, ({ embedding }) => ({ embedding: embedding && first(embedding) })],
  [/tactile pad left/, ({ tactile }) => ({ tactile: tactile.map((pad) => ({ ...pad, forceN: first(pad.forceN) })) })],
  [
    /total of tactile pad left/,
    ({ tactile }) => ({ tactile: tactile.map((pad) => ({ ...pad, total: [0, 0, NAN, 0] })) }),
  ],
  [/scene poses/, ({ scenePoses }) => ({ scenePoses: first(scenePoses) })],
];
const SPOILT_STEPS: readonly [name: RegExp, change: Partial<StepRecord>][] = [
  [/The action of step 1/, { action: Float32Array.of(0, NAN, 0, 0, 0, 0, 0) }],
  [/policy's action of step 1/, { policyAction: Float32Array.of(NAN) }],
  [/person's action of step 1/, { humanAction: Float32Array.of(NAN) }],
  [/reward of step 1/, { reward: NAN }],
  [/effect delay of step 1/, { effectDelayMs: NAN }],
];

function withRecorder<T>(body: (recorder: ReturnType<typeof createStoreRecorder>, database: Database) => T) {
  return inFolder((folder) => {
    const database = openForWriting(folder);
    try {
      return body(
        createStoreRecorder(database, { wallTimeMs: () => 0, freeBytes: () => 1e12, reserveBytes: 0 }),
        database,
      );
    } finally {
      database.close();
    }
  });
}

test('a step with a number that is not finite is refused and named; what was there is kept', async () => {
  const rng = createRng(1);
  const spoilt: (readonly [RegExp, StepRecord])[] = [
    ...SPOILT.map(([name, change]): readonly [RegExp, StepRecord] => {
      const one = step(rng, 1);
      return [name, { ...one, next: { ...one.next, ...change(one.next) } }];
    }),
    ...SPOILT_STEPS.map(([name, change]): readonly [RegExp, StepRecord] => [name, { ...step(rng, 1), ...change }]),
  ];
  for (const [name, bad] of spoilt)
    await withRecorder((recorder, database) => {
      recorder.apply([
        { kind: 'begin', episodeId: 1, start: start(rng) },
        { kind: 'step', episodeId: 1, step: step(rng, 0) },
      ]);
      const [problem] = recorder.apply([{ kind: 'step', episodeId: 1, step: bad }]).problems;
      assert.match(problem?.message ?? '', name);
      assert.match(
        problem?.message ?? '',
        /(observation 2|step 1) of episode 1 holds -?(NaN|Infinity).*expected finite/,
      );
      assert.equal(problem?.fatal, true, 'the arm holds');
      recorder.apply([{ kind: 'end', episodeId: 1, end: { outcome: 'success', judge: 'simulator' }, lostSteps: 0 }]);
      const { steps, outcome } = createQueries(database).episode(1) ?? {};
      assert.deepEqual([steps, outcome], [1, 'aborted']);
    });
});

test('the first observation of an episode and a late embedding are looked at too', () =>
  withRecorder((recorder, database) => {
    const rng = createRng(2);
    const begun = start(rng);
    const spoilt = { ...begun, first: { ...begun.first, gripperOpeningM: NAN } };
    const [refused] = recorder.apply([{ kind: 'begin', episodeId: 1, start: spoilt }]).problems;
    assert.match(
      refused?.message ?? '',
      /begin of episode 1: The gripper opening of observation 0 of episode 1 holds NaN/,
    );
    assert.equal(createQueries(database).episodeRow(1), undefined);
    recorder.apply([{ kind: 'begin', episodeId: 2, start: start(rng) }]);
    const late = { kind: 'embedding', episodeId: 2, index: 0, embedding: Float32Array.of(0, NAN) } as const;
    assert.match(
      recorder.apply([late]).problems[0]?.message ?? '',
      /embedding of observation 0 of episode 2 holds NaN/,
    );
  }));

/**
 * Makes a project as an older version stored it: one number of one observation of the second of three episodes is NaN.
 */
async function spoiltProject(folder: string, size: PictureSize = SMALL): Promise<void> {
  const rng = createRng(3);
  const writer = await openWriter(folder);
  for (let episode = 0; episode < 3; episode++)
    recordEpisode(writer, rng, ['human', 'human', 'human'], { mode: 'demonstrate', size });
  await writer.drained();
  await writer.close();
  const database = openForWriting(folder);
  const row = database
    .prepare<[], { id: number; proprioception: Buffer }>(
      'SELECT id, proprioception FROM observation WHERE episode_id = 2 AND observation_index = 1',
    )
    .get();
  row?.proprioception.writeFloatLE(NAN, 4 * 19);
  database.prepare('UPDATE observation SET proprioception = ? WHERE id = ?').run(row?.proprioception, row?.id);
  database.close();
}

test('a trainer names episode and observation, and learns when the episode is discarded', () =>
  inFolder(async (folder) => {
    await spoiltProject(folder);
    const load = () => {
      const pool = createTransitionPool({
        embeddingSize: SMALL.embeddingSize,
        proprioceptionSize: 27,
        stack: 1,
        discount: 0.98,
      });
      const source = openLearningSource({ folder, pool });
      source.load();
      source.close();
      return pool;
    };
    assert.throws(
      () => expectFinite(load()),
      (error) => {
        assert.ok(error instanceof TrainingError);
        assert.match(error.message, /^observation 1 of episode 2 holds NaN in its proprioception; expected finite/);
        assert.match(error.remedy, /Open episode 2 in the Data tab and discard it/);
        return true;
      },
    );
    const writer = await openWriter(folder);
    writer.discardEpisode(2);
    await writer.drained();
    expectFinite(load());
    await writer.undo();
    assert.throws(() => expectFinite(load()), /episode 2/);
  }));

test('an embedding that an encoder spoils later is named like a stored one', () => {
  const pool = createTransitionPool({ embeddingSize: 2, proprioceptionSize: 1, stack: 1, discount: 1 });
  const seen = { proprioception: Float32Array.of(0), embedding: undefined };
  const action = new Float32Array(7);
  pool.addEpisode({
    id: 9,
    task: 'insert',
    mode: 'run',
    outcome: 'success',
    observations: [seen, seen],
    steps: [
      { actor: 'policy', idle: false, action, reward: 1, terminated: true, truncated: false, rl: true, demo: false },
    ],
  });
  pool.setEmbedding(0, Float32Array.of(1, 2));
  expectFinite(pool);
  pool.setEmbedding(1, Float32Array.of(1, NAN));
  assert.throws(() => expectFinite(pool), /observation 1 of episode 9 holds NaN in its embedding/);
});

test('an export refuses the number and names it; the check refuses statistics that are not finite', () =>
  inFolder(async (folder) => {
    await spoiltProject(folder, { sizePx: 32, taxels: 4, embeddingSize: 6 });
    const database = openForReading(folder);
    const write = (outFolder: string, episodes?: readonly EpisodeRange[]) =>
      lerobotV3.write(createQueries(database), {
        outFolder,
        reporter: { warn: (message: string) => assert.fail(message) },
        ...(episodes && { choice: { episodes } }),
      });
    await assert.rejects(write(join(folder, 'all')), /Observation 1 of episode 2 holds NaN in .*proprioception/);
    const dataset = join(folder, 'some');
    await write(dataset, [
      [1, 1],
      [3, 3],
    ]);
    database.close();
    assert.deepEqual(await lerobotV3.validate(dataset), []);
    const file = join(dataset, 'meta/stats.json');
    const stats = JSON.parse(readFileSync(file, 'utf8'));
    stats.action.mean[2] = NAN;
    writeFileSync(file, JSON.stringify(stats));
    assert.deepEqual(await lerobotV3.validate(dataset), ['stats.json: mean of action is not a finite number']);
  }));
