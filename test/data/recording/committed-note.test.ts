/**
 * Committed steps and episodes that are missing are reported when the project is opened, with exact numbers. A killed
 * process, an older project and a damaged note raise no alarm.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForReading, openForWriting } from '../../../data/database.ts';
import { takeMark } from '../../../data/mark.ts';
import type { Command } from '../../../data/recording/commands.ts';
import { type Extent, lossSince, openCommittedNote } from '../../../data/recording/committed-note.ts';
import { createStoreRecorder } from '../../../data/recording/store-recorder.ts';
import { createRng } from '../../../main/api/rng.ts';
import { inFolder, openWriter, recordEpisode, start, step } from '../fixture.ts';

const NOTE = 'takeover.committed';
const LOG = 'takeover.sqlite-wal';
const EPISODES = 4;
const STEPS = 5;

/** Records whole episodes and half of another one, one commit per command. Leaves the files in `killed`, as a kill would. */
function recordAndKill(folder: string, killed: string): Extent {
  const database = openForWriting(folder);
  const committed = openCommittedNote(folder);
  const recorder = createStoreRecorder(database, {
    wallTimeMs: () => 0,
    freeBytes: () => 1e12,
    reserveBytes: 0,
    committed,
  });
  const rng = createRng(1);
  const apply = (command: Command) => assert.deepEqual(recorder.apply([command]).problems, []);
  for (let episodeId = 1; episodeId <= EPISODES + 1; episodeId++) {
    apply({ kind: 'begin', episodeId, start: start(rng) });
    for (let index = 0; index < STEPS; index++) apply({ kind: 'step', episodeId, step: step(rng, index, 'human') });
    if (episodeId <= EPISODES)
      apply({ kind: 'end', episodeId, end: { outcome: 'success', judge: 'simulator' }, lostSteps: 0 });
  }
  mkdirSync(killed);
  for (const name of ['takeover.sqlite', LOG, NOTE]) copyFileSync(join(folder, name), join(killed, name));
  const noted = committed.read();
  database.close();
  committed.close();
  assert.ok(noted);
  return noted;
}

/** Returns what a reader finds before the project is opened for writing. */
function storedIn(folder: string) {
  const database = openForReading(folder);
  const count = (sql: string) => database.prepare<[], number>(sql).pluck().get() ?? 0;
  const stored = {
    sequence: takeMark(database).sequence,
    steps: count('SELECT count(*) FROM "transition"'),
    episodes: count('SELECT count(*) FROM episode'),
  };
  database.close();
  return stored;
}

async function saidAtOpening(folder: string): Promise<string[]> {
  const writer = await openWriter(folder);
  const said: string[] = [];
  writer.onProblem(({ message, remedy }) => said.push(`${message} ${remedy}`));
  await writer.close();
  return said;
}

test('a process that was killed raises no alarm, and the note is exact', () =>
  inFolder(async (root) => {
    const noted = recordAndKill(join(root, 'project'), join(root, 'killed'));
    const { sequence, steps } = storedIn(join(root, 'killed'));
    assert.deepEqual(noted, {
      sequence,
      steps,
      episodeId: EPISODES + 1,
      episodeSteps: STEPS,
      givenSequence: sequence,
      givenEpisodeId: EPISODES + 1,
    });
    assert.equal(steps, (EPISODES + 1) * STEPS);
    const said = await saidAtOpening(join(root, 'killed'));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /Episode 5 was cut short/);
  }));

test('bytes flipped in the log: what vanishes is told to the step, and once', () =>
  inFolder(async (root) => {
    const noted = recordAndKill(join(root, 'project'), join(root, 'killed'));
    const log = readFileSync(join(root, 'killed', LOG));
    const rng = createRng(7);
    let losses = 0;
    for (let round = 0; round < 5; round++) {
      const folder = join(root, String(round));
      cpSync(join(root, 'killed'), folder, { recursive: true });
      const damaged = Buffer.from(log);
      // The head is left alone, because it holds the tables, and without them the file is no project.
      const at = Math.floor(damaged.length * (0.2 + 0.8 * rng.uniform()));
      for (let byte = at; byte < Math.min(at + 16, damaged.length); byte++) damaged[byte] = (damaged[byte] ?? 0) ^ 0xff;
      writeFileSync(join(folder, LOG), damaged);
      const { steps, episodes } = storedIn(folder);
      const missing = noted.steps - steps;
      const said = await saidAtOpening(folder);
      const alarms = said.filter((words) => /missing/.test(words));
      assert.equal(alarms.length, 1, said.join('\n'));
      if (missing > 0) {
        losses++;
        assert.match(alarms[0] ?? '', new RegExp(`^${missing} committed steps? (is|are) missing`));
        if (episodes < noted.episodeId) assert.match(alarms[0] ?? '', new RegExp(`${noted.episodeId} (is|are) gone`));
      }
      assert.match(alarms[0] ?? '', /log was damaged or replaced .*kept as takeover\.sqlite-wal\.damaged\..*backup/);
      assert.ok(readFileSync(join(folder, `${LOG}.damaged`)).equals(damaged), 'what SQLite overwrites is kept');
      assert.deepEqual(await saidAtOpening(folder), [], 'told once');
    }
    assert.ok(losses >= 3, `${losses} of 5 lost steps`);
  }));

test('an older copy put in its place is told, and no number is given twice', () =>
  inFolder(async (folder) => {
    const rng = createRng(2);
    const first = await openWriter(folder);
    recordEpisode(first, rng, ['human', 'human']);
    await first.close();
    const file = join(folder, 'takeover.sqlite');
    const older = readFileSync(file);
    const second = await openWriter(folder);
    recordEpisode(second, rng, ['human', 'human', 'human']);
    recordEpisode(second, rng, ['human']);
    await second.drained();
    const newest = second.newestSequence();
    await second.close();
    assert.equal(existsSync(join(folder, LOG)), false);
    writeFileSync(file, older);

    const third = await openWriter(folder);
    const said: string[] = [];
    third.onProblem(({ message }) => said.push(message));
    assert.match(said[0] ?? '', /^4 committed steps are missing: episodes 2 to 3 are gone\./);
    const episodeId = recordEpisode(third, rng, ['human']);
    await third.drained();
    assert.equal(episodeId, 4, 'a run or a policy may still speak of episodes 2 and 3');
    assert.ok(third.newestSequence() > newest);
    await third.close();
    assert.deepEqual(await saidAtOpening(folder), []);
  }));

test('a project without a note, or with one that is damaged, is opened without an alarm', () =>
  inFolder(async (folder) => {
    const writer = await openWriter(folder);
    recordEpisode(writer, createRng(3), ['policy']);
    await writer.close();
    rmSync(join(folder, NOTE));
    assert.deepEqual(await saidAtOpening(folder), []);
    const note = readFileSync(join(folder, NOTE), 'latin1');
    for (const damaged of ['', note.slice(0, 10), note.replace(/^\d/, '9'), 'nonsense | 12345678 |'.padEnd(128)]) {
      writeFileSync(join(folder, NOTE), damaged);
      assert.deepEqual(await saidAtOpening(folder), [], JSON.stringify(damaged));
    }
    assert.equal(readFileSync(join(folder, NOTE), 'latin1').length, 128);
  }));

test('a note that cannot be written is told once, and recording goes on', () =>
  inFolder((folder) => {
    const database = openForWriting(folder);
    let broken = false;
    const write = () => {
      if (broken) throw new Error('EIO: i/o error');
    };
    const recorder = createStoreRecorder(database, {
      wallTimeMs: () => 0,
      freeBytes: () => 1e12,
      reserveBytes: 0,
      committed: { read: () => undefined, write },
    });
    const rng = createRng(4);
    recorder.apply([{ kind: 'begin', episodeId: 1, start: start(rng) }]);
    broken = true;
    const said = [0, 1, 2].flatMap(
      (index) => recorder.apply([{ kind: 'step', episodeId: 1, step: step(rng, index) }]).problems,
    );
    assert.deepEqual(
      said.map(({ message, fatal }) => [message, fatal]),
      [['How far the project is stored could not be noted: EIO: i/o error.', false]],
    );
    assert.equal(recorder.state().stepsWritten, 3);
    database.close();
  }));

test('what is missing is put into words', () => {
  const given = { givenSequence: 100, givenEpisodeId: 4 };
  const noted: Extent = { sequence: 100, steps: 60, episodeId: 4, episodeSteps: 10, ...given };
  const lost = (change: Partial<Extent>, cutShort = true) =>
    lossSince(noted, { ...noted, ...change }, { cutShort, keptLog: undefined })?.message;
  assert.equal(lost({}), undefined);
  assert.equal(lost({ sequence: 101, steps: 61 }), undefined);
  assert.equal(lossSince(undefined, noted, { cutShort: true, keptLog: undefined }), undefined);
  assert.match(
    lost({ sequence: 99, steps: 59, episodeSteps: 9 }) ?? '',
    /^1 committed step is missing: episode 4 ends after 9 of 10/,
  );
  assert.match(
    lost({ sequence: 50, steps: 30, episodeId: 2, episodeSteps: 3 }) ?? '',
    /^30 committed steps are missing: episode 2 ends after 3 steps, episodes 3 to 4 are gone\./,
  );
  assert.match(
    lost({ sequence: 50, steps: 50, episodeId: 3, episodeSteps: 9 }, false) ?? '',
    /missing: episode 4 is gone\./,
  );
  assert.match(lost({ sequence: 98 }) ?? '', /^2 committed events are missing \(ends, verdicts, discards or labels/);
});
