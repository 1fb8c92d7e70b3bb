/** `takeover hil` from end to end, killed between episodes and within one and called again; and that it ends when its trainer does. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFile } from '../../data/database.ts';
import { openLearningSource } from '../../data/learning/learning.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { systemClock } from '../../main/api/clock.ts';
import { PROPRIOCEPTION_SIZE } from '../../main/api/observation.ts';
import { readCheckpoint } from '../../main/learn/run/checkpoint.ts';
import { runFolder } from '../../main/learn/run/run-folder.ts';
import { inFolder, openReader } from '../data/fixture.ts';
import { lastLine, SMALL_RUN, startTakeover, takeover } from './takeover-child.ts';

const SMALL = [
  ...['--demos', '2', '--episodes', '2', '--round', '2', '--selection-episodes', '1', '--report-episodes', '1'],
  ...['--observation', 'state', '--threads', '1', '--json', ...SMALL_RUN],
];

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = systemClock.nowMs() + 60_000;
  while (!condition()) {
    assert.ok(systemClock.nowMs() < endMs, `waited too long for: ${what}`);
    await systemClock.sleepUntilMs(systemClock.nowMs() + 20);
  }
}

test('killed after its first corrected episode and called again, it goes on to the report', () =>
  inFolder(async (folder) => {
    const state = () => {
      const path = join(folder, 'hil.json');
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    };
    const first = startTakeover(['hil', ...SMALL, '--data', folder]);
    await until('the first corrected episode', () => state().onlineEpisodes === 1);
    first.child.kill('SIGKILL');
    assert.equal((await first.ended).signal, 'SIGKILL');
    const before = state();

    const line = lastLine(await takeover('hil', ...SMALL, '--data', folder));
    assert.deepEqual(Object.keys(line), ['seed', 'demos', 'rounds', 'finalSuccessRate', 'wallSec', 'robotTime']);
    const rounds = line['rounds'] as Record<string, unknown>[];
    assert.deepEqual(
      rounds.map(({ name, episodes }) => [name, episodes]),
      [
        ['offline', 0],
        ['online 2', 2],
        ['report', 2],
      ],
    );
    for (const round of rounds)
      assert.deepEqual(Object.keys(round), [
        ...['name', 'successRate', 'ci95', 'interventionRate', 'episodes', 'wallSec', 'robotTime'],
      ]);
    assert.deepEqual([state().offlineRunId, state().onlineRunId], [1, 2], 'the runs go on, none is begun anew');
    assert.equal(state().demoAttempts, before.demoAttempts, 'no demonstration is recorded again');
    const reader = await openReader(folder);
    const episodes = await reader.listEpisodes({ limit: 100 });
    const whole = episodes.filter(({ outcome }) => outcome !== 'aborted').map(({ seed }) => seed);
    assert.equal(new Set(whole).size, whole.length, `no seed twice: ${whole}`);
    const results = readFileSync(join(folder, 'hil-results.jsonl'), 'utf8').trimEnd().split('\n');
    assert.equal(results.length, 1);
    const learned = episodes.filter(({ outcome }) => outcome !== 'aborted');
    const secondsOf = (mode: string) =>
      learned.filter((episode) => episode.mode === mode).reduce((sum, { steps }) => sum + 0.1 * steps, 0);
    const { demonstrationSec, correctedSec } = line['robotTime'] as Record<string, number>;
    assert.ok(Math.abs(demonstrationSec! - secondsOf('demonstrate')) < 1e-6, `${demonstrationSec}`);
    assert.ok(Math.abs(correctedSec! - secondsOf('run')) < 1e-6, `${correctedSec}`);

    const again = await takeover('hil', ...SMALL, '--data', folder);
    assert.deepEqual(lastLine(again), line, 'a session with a report is over: it is told again');
    assert.match(
      again.stderr,
      /is over, so nothing is run\. It was made with --episodes 2 --round 2 --selection-episodes 1 --report-episodes 1 --noise 0\.1 --training-noise 0\. Use another --data folder/,
    );
    const noisier = await takeover('hil', ...SMALL, '--data', folder, '--noise', '0.5');
    assert.equal(noisier.status, 2);
    assert.match(noisier.stderr, /--noise 0\.5: the session in .* was begun with 0\.1/);
    assert.equal(readFileSync(join(folder, 'hil-results.jsonl'), 'utf8').trimEnd().split('\n').length, 1);
    const other = await takeover('hil', ...SMALL, '--data', folder, '--seed', '5');
    assert.equal(other.status, 2);
    assert.match(other.stderr, /--seed 5: the session in .* was begun with 0/);
  }));

/** Returns the data that the session's trainer could draw, and the weights that it made of them. */
function learned(folder: string) {
  const pool = createTransitionPool({
    ...{ embeddingSize: 0, proprioceptionSize: PROPRIOCEPTION_SIZE },
    ...{ stack: 1, discount: 1 },
  });
  const source = openLearningSource({ folder, pool });
  source.load();
  source.close();
  const checkpoint = readCheckpoint(runFolder(folder, 2).checkpoint);
  return {
    rl: [...pool.actionsOf('rl')],
    demo: [...pool.actionsOf('demo')],
    updates: checkpoint?.header.counters,
    rng: checkpoint?.header.rng,
    arrays: checkpoint?.arrays,
  };
}

test('killed in mid-episode and called again, it draws the same rows and ends with the same weights as one that was not', () =>
  inFolder(async (folder) => {
    const [whole, cut] = [join(folder, 'whole'), join(folder, 'cut')];
    const session = (data: string) => ['hil', ...SMALL, '--episodes', '3', '--data', data];
    const expected = lastLine(await takeover(...session(whole)));

    const first = startTakeover(session(cut));
    await until('the store', () => existsSync(projectFile(cut)) && existsSync(join(cut, 'hil.json')));
    const reader = await openReader(cut);
    for (let underWay = false; !underWay; ) {
      const [newest] = await reader.listEpisodes({ limit: 1 });
      underWay = newest?.mode === 'run' && newest.outcome === undefined && newest.steps > 0;
      assert.equal(first.child.exitCode, null, 'it ended before an episode was seen under way');
    }
    first.child.kill('SIGKILL');
    assert.equal((await first.ended).signal, 'SIGKILL');

    const line = lastLine(await takeover(...session(cut)));
    const rounds = ({ rounds: all }: Record<string, unknown>) =>
      (all as Record<string, unknown>[]).map(({ wallSec: _wallSec, ...round }) => round);
    assert.deepEqual(rounds(line), rounds(expected));
    const episodes = await reader.listEpisodes({ limit: 100 });
    assert.deepEqual(
      episodes.filter(({ outcome }) => outcome === 'aborted').map(({ discarded }) => discarded),
      [true],
      'what was cut off is kept, and discarded',
    );
    assert.equal(new Set(episodes.map(({ seed }) => seed)).size, episodes.length - 1, 'its seed came again');
    assert.deepEqual(learned(cut), learned(whole));
  }));

test('when its trainer fails it says why and ends', () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'runs'));
    writeFileSync(join(folder, 'runs', '1'), 'a file where the folder of the first run belongs');
    const { status, stderr, stdout } = await takeover('hil', ...SMALL, '--demos', '1', '--data', folder);
    assert.equal(status, 1);
    assert.match(stderr, /takeover hil: the trainer ended \(code 1\): .*ENOTDIR/s);
    assert.equal(stdout, '');
  }));
