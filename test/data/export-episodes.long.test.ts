/**
 * The episodes that a dataset takes. It never drops a camera or a pad; episodes that differ are refused in either order,
 * with a remedy.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForReading } from '../../data/database.ts';
import type { Chosen, ExportOptions } from '../../data/export/format.ts';
import { lerobotV3 } from '../../data/export/lerobot-v3.ts';
import { createQueries } from '../../data/reading/queries.ts';
import type { ObservationRecord, StoreWriter } from '../../data/records.ts';
import { errorInWords } from '../../main/api/error-words.ts';
import { type EpisodeChoice, parseEpisodeRanges } from '../../main/api/processes/export.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import { inFolder, observation, openWriter, recordEpisode, saying, start, step } from './fixture.ts';

const SIZE = { sizePx: 16, taxels: 2, embeddingSize: 0 };
type Recorder = (writer: StoreWriter, rng: Rng) => number;
type Change = (seen: ObservationRecord, index: number) => ObservationRecord;

/** Records an episode of two steps. `change` edits every observation. */
function unlike(change: Change, more: Parameters<typeof start>[3] = {}): Recorder {
  return (writer, rng) => {
    const first = change(observation(rng, 0, SIZE), 0);
    const id = writer.beginEpisode({ ...start(rng, 'run', SIZE, more), first });
    for (const index of [0, 1]) {
      const taken = step(rng, index, 'policy', SIZE);
      writer.appendStep(id, { ...taken, next: change(taken.next, index + 1) });
    }
    writer.endEpisode(id, { outcome: 'success', judge: 'simulator' });
    return id;
  };
}
const usual = unlike((seen) => seen);
const inState = unlike((seen) => ({ ...seen, frames: [] }), { observation: 'state' });

interface Project {
  readonly folder: string;
  write(choice?: EpisodeChoice, more?: Partial<ExportOptions>): Promise<Chosen & { readonly out: string }>;
}

async function project<T>(episodes: readonly Recorder[], body: (project: Project) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const writer = await openWriter(folder);
    const rng = createRng(3);
    for (const record of episodes) record(writer, rng);
    await writer.drained();
    await writer.close();
    const database = openForReading(folder);
    let next = 0;
    const write: Project['write'] = async (choice, more) => {
      const outFolder = join(folder, 'out', String(next++));
      const {
        out,
        episodes: count,
        leftOut,
      } = await lerobotV3.write(createQueries(database), {
        outFolder,
        reporter: { warn: (message) => assert.fail(message) },
        ...(choice ? { choice } : {}),
        ...more,
      });
      assert.deepEqual(await lerobotV3.validate(out), []);
      return { out, episodes: count, leftOut };
    };
    try {
      return await body({ folder, write });
    } finally {
      database.close();
    }
  });
}

const features = (out: string): readonly string[] =>
  Object.keys(JSON.parse(readFileSync(join(out, 'meta/info.json'), 'utf8')).features);

const resized: Change = (seen) => ({
  ...seen,
  frames: seen.frames.map((frame) => ({ ...frame, widthPx: 8, heightPx: 8, rgb: new Uint8Array(8 * 8 * 3) })),
});
const UNLIKE: readonly { readonly what: string; readonly other: Recorder; readonly words: RegExp }[] = [
  { what: 'no camera', other: inState, words: /episode \d: observation state, no camera/ },
  {
    what: 'one camera less',
    other: unlike((seen) => ({ ...seen, frames: seen.frames.slice(0, 1) })),
    words: /episode \d: cameras wrist 16×16[;)]/,
  },
  { what: 'pictures of another size', other: unlike(resized), words: /episode \d: cameras side 8×8 and wrist 8×8/ },
  { what: 'no pad', other: unlike((seen) => ({ ...seen, tactile: [] })), words: /episode \d: no pad/ },
  {
    what: 'another number of joints',
    other: unlike((seen) => ({ ...seen, jointPositionsRad: seen.jointPositionsRad.slice(1) })),
    words: /episode \d: 6 joints/,
  },
  {
    what: 'another control rate',
    other: unlike((seen) => seen, { periodMs: 50 }),
    words: /episode \d: a control period of 50 ms/,
  },
];

for (const { what, other, words } of UNLIKE)
  test(`an episode with ${what} is refused in either order, and the remedy exports each way`, async () => {
    for (const episodes of [
      [usual, usual, other],
      [other, usual, usual],
    ])
      await project(episodes, async ({ folder, write }) => {
        const error = await write().then(
          () => assert.fail('unlike episodes became one dataset'),
          (reason: unknown) => errorInWords(reason),
        );
        assert.match(error, /recorded in 2 ways, and a dataset has one layout/);
        assert.match(error, words);
        assert.deepEqual(existsSync(join(folder, 'out')), false, 'nothing is left behind');
        const observed = /--observation (pixels|state|blind) on/.exec(error)?.[1];
        const numbers = parseEpisodeRanges(/--episodes ([\d,-]+) on/.exec(error)?.[1] ?? '');
        assert.ok(observed !== undefined || numbers.kind === 'ranges', error);
        const choice =
          numbers.kind === 'ranges' ? { episodes: numbers.ranges } : { observation: observed as 'pixels' | 'state' };
        const first = await write(choice);
        const otherFirst = episodes[0] === other;
        assert.equal(first.episodes, otherFirst ? 1 : 2);
        assert.equal(first.leftOut.notChosen, otherFirst ? 2 : 1);
        const rest = await write({ episodes: otherFirst ? [[2, 3]] : [[3, 3]] });
        assert.equal(rest.episodes + first.episodes, 3);
      });
  });

test('a camera or pad that comes and goes within an episode is refused; the remedy leaves that episode out', async () => {
  const late =
    (key: 'frames' | 'tactile'): Change =>
    (seen, index) =>
      index === 0 ? { ...seen, [key]: [] } : seen;
  const early =
    (key: 'frames' | 'tactile'): Change =>
    (seen, index) =>
      index === 1 ? { ...seen, [key]: [] } : seen;
  for (const change of [late('frames'), early('frames'), late('tactile'), early('tactile')])
    await project([usual, unlike(change), usual], async ({ write }) => {
      await assert.rejects(
        write(),
        saying(
          /come and go within episode 2 \(episode 2: (side|left) \d+×\d+ is in 1 of 2 observations\)\. Leave it out: choose episodes 1,3 in the Data tab, or --episodes 1,3 on the command line\.$/,
        ),
      );
      assert.equal(
        (
          await write({
            episodes: [
              [1, 1],
              [3, 3],
            ],
          })
        ).episodes,
        2,
      );
      await assert.rejects(
        write({ episodes: [[2, 2]] }),
        saying(/Choose other episodes in the Data tab, or with --episodes/),
      );
    });
});

test('cameras in another order are no other layout', () =>
  project([usual, unlike((seen) => ({ ...seen, frames: seen.frames.toReversed() }))], async ({ write }) => {
    const { out, episodes } = await write();
    assert.equal(episodes, 2);
    assert.deepEqual(
      features(out).filter((key) => key.includes('images')),
      ['observation.images.wrist', 'observation.images.side'],
    );
  }));

test('a control period that is no exact number in binary is still a whole rate', () =>
  project([unlike((seen) => seen, { periodMs: 1000 / 30 })], async ({ write }) => {
    const { out } = await write();
    assert.equal(JSON.parse(readFileSync(join(out, 'meta/info.json'), 'utf8')).fps, 30);
  }));

/** The episodes: 1 corrected by a person, 2 failed, 3 demonstration, 4 discarded, 5 without steps, 6 lift, 7 running. */
const MIXED: readonly Recorder[] = [
  (writer, rng) => recordEpisode(writer, rng, ['policy', 'mixed', 'human'], { size: SIZE }),
  (writer, rng) => recordEpisode(writer, rng, ['policy'], { size: SIZE, end: { outcome: 'failure', judge: 'human' } }),
  (writer, rng) => recordEpisode(writer, rng, ['human'], { size: SIZE, mode: 'demonstrate' }),
  (writer, rng) => {
    const id = recordEpisode(writer, rng, ['policy'], { size: SIZE });
    writer.discardEpisode(id);
    return id;
  },
  (writer, rng) => {
    const id = writer.beginEpisode(start(rng, 'run', SIZE));
    writer.endEpisode(id, { outcome: 'aborted', judge: 'engine' });
    return id;
  },
  (writer, rng) => recordEpisode(writer, rng, ['policy'], { size: SIZE, start: { task: 'lift' } }),
  (writer, rng) => {
    const id = writer.beginEpisode(start(rng, 'run', SIZE));
    writer.appendStep(id, step(rng, 0, 'policy', SIZE));
    return id;
  },
];
const CHOICES: readonly {
  readonly choice: EpisodeChoice;
  readonly more?: Partial<ExportOptions>;
  readonly ids: readonly number[];
  readonly leftOut: readonly [number, number, number, number];
}[] = [
  { choice: {}, ids: [1, 2, 3, 6], leftOut: [0, 1, 1, 1] },
  { choice: {}, more: { includeDiscarded: true }, ids: [1, 2, 3, 4, 6], leftOut: [0, 1, 0, 1] },
  { choice: { task: 'lift' }, ids: [6], leftOut: [6, 0, 0, 0] },
  { choice: { buffer: 'demo' }, ids: [1, 3], leftOut: [5, 0, 0, 0] },
  { choice: { buffer: 'rl', task: 'insert' }, ids: [1, 2], leftOut: [3, 1, 1, 0] },
  { choice: { outcome: 'failure' }, ids: [2], leftOut: [6, 0, 0, 0] },
  { choice: { observation: 'pixels', episodes: [[2, 4]] }, ids: [2, 3], leftOut: [4, 0, 1, 0] },
  {
    choice: {
      episodes: [
        [6, 6],
        [1, 2],
        [2, 100],
      ],
    },
    ids: [1, 2, 3, 6],
    leftOut: [0, 1, 1, 1],
  },
];

test('episodes are chosen by task, buffer, outcome and number; every one that is left out is counted with its reason', () =>
  project(MIXED, async ({ write }) => {
    const { readParquet } = await import('../../data/export/parquet.ts');
    for (const { choice, more, ids, leftOut } of CHOICES) {
      const told: Chosen[] = [];
      const result = await write(choice, { ...more, onChosen: (chosen) => told.push(chosen) });
      const [notChosen, notEnded, discarded, withoutSteps] = leftOut;
      const counted = { notChosen, notEnded, discarded, withoutSteps };
      assert.deepEqual(told, [{ episodes: ids.length, leftOut: counted }], JSON.stringify(choice));
      assert.deepEqual(result.leftOut, counted);
      const { rows } = await readParquet(join(result.out, 'meta/episodes/chunk-000/file-000.parquet'));
      assert.deepEqual(
        rows.map((row) => Number(row['takeover_episode_id'])),
        ids,
      );
    }
  }));

test('numbers that name no episode and choices that leave none are refused, with what there is', () =>
  project(MIXED, async ({ folder, write }) => {
    await assert.rejects(
      write({
        episodes: [
          [1, 2],
          [9, 9],
        ],
      }),
      saying(/no episode 9 in this project; its episodes are 1 to 7/),
    );
    await assert.rejects(write({ episodes: [[8, 20]] }), saying(/no episode from 8 to 20 in this project/));
    await assert.rejects(write({ episodes: [[4, 5]] }), saying(/left out: 5 not chosen, 1 discarded, 1 without steps/));
    await assert.rejects(
      write({ task: 'pick-insert' }),
      saying(/No episode is left to export .*--task, --observation/),
    );
    assert.deepEqual(readdirSync(folder).includes('out'), false);
  }));
