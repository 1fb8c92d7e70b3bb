/** Tests the headless loop on a virtual clock: who drives which episode, interruptions, and trainers that die. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEED_RANGES } from '../../../main/api/task.ts';
import { runHil } from '../../../main/study/hil/hil.ts';
import { stateFor } from '../../../main/study/hil/hil-session.ts';
import { type HilRound, hilPlanSchema, readHilState } from '../../../main/study/hil/hil-state.ts';
import { inFolder } from '../../data/fixture.ts';
import { createFakeSession } from '../../runs/fake-session.ts';
import { createFakeLauncher, settle } from '../../runs/fake-trainer.ts';

const TRAINING = SEED_RANGES.training.first;
/** Returns the events without the parts that depend on the episodes seen. */
const short = (events: readonly string[]) =>
  events
    .filter((event) => !event.startsWith('attempt') && event !== 'stored')
    .map((event) => event.replace(/-\d+$/, '').replace(`${TRAINING}`.slice(0, -4), '…'));
const withoutTime = (rounds: readonly HilRound[]) => rounds.map(({ wallSec: _wallSec, ...round }) => round);

test('episode n + 1 runs with the policy of block n − 1; a round is judged with its own newest policy', () =>
  inFolder(async (folder) => {
    const { events, options } = createFakeSession(folder);
    const { rounds } = await runHil(options({ episodes: 5, round: 4 }));
    assert.deepEqual(
      rounds.map(({ evaluation }) => evaluation),
      [3, 3, 3, 2].map((episodes) => ({ episodes, noiseStd: 0, robotSec: 4 * episodes })),
      'a round says what it was measured with',
    );
    assert.deepEqual(short(events), [
      'record …0000 by operator',
      'record …0001 by operator',
      'grant 1 2',
      'judge run-1/1',
      'use run-1/1',
      'record …1000 by run-1/1',
      'grant 2 3',
      'record …1001 by run-1/1',
      'use run-2/1',
      'grant 2 4',
      'record …1002 by run-2/1',
      'use run-2/2',
      'grant 2 5',
      'record …1003 by run-2/2',
      'use run-2/3',
      'grant 2 6',
      'use run-2/4',
      'judge run-2/4',
      'record …1004 by run-2/4',
      'grant 2 7',
      'use run-2/5',
      'judge run-2/5',
      ...short(events).slice(-1),
    ]);
    assert.deepEqual(
      rounds.map(({ name, episodes }) => [name, episodes]),
      [
        ['offline', 0],
        ['online 4', 4],
        ['online 5', 5],
        ['report', 5],
      ],
    );
  }));

test('the best policy on the selection seeds is reported, the newer one of equals, and reported once', () =>
  inFolder(async (folder) => {
    const { events, options, trainers } = createFakeSession(folder);
    const result = await runHil(options({ episodes: 8, selectionEpisodes: 6 }));
    const chosen = result.rounds.slice(0, -1);
    const best = Math.max(...chosen.map((round) => round.successRate));
    const report = result.rounds.at(-1)!;
    assert.equal(report.policy, chosen.findLast((round) => round.successRate === best)?.policy);
    assert.equal(report.name, 'report');
    assert.equal(result.finalSuccessRate, report.successRate);

    const before = events.length;
    const started = trainers.length;
    const again = await runHil(options({ episodes: 100, reportEpisodes: 50 }));
    assert.deepEqual([again.rounds, again.finalSuccessRate], [result.rounds, result.finalSuccessRate]);
    assert.deepEqual([events.length, trainers.length], [before, started], 'a session with a report is over');
  }));

test('from scratch: no offline stage; fresh weights drive the first episode, published when the demonstrations are granted', () =>
  inFolder(async (folder) => {
    const { events, options } = createFakeSession(folder, { scratch: true });
    const { rounds } = await runHil(options({ episodes: 2, round: 2 }));
    assert.deepEqual(short(events), [
      'record …0000 by operator',
      'record …0001 by operator',
      'grant 1 2',
      'use run-1/1',
      'record …1000 by run-1/1',
      'grant 1 3',
      'record …1001 by run-1/1',
      'use run-1/2',
      'grant 1 4',
      'use run-1/3',
      'judge run-1/3',
      ...short(events).slice(-1),
    ]);
    assert.deepEqual(
      rounds.map(({ name }) => name),
      ['online 2', 'report'],
    );
    await assert.rejects(
      runHil(createFakeSession(join(folder, 'none'), { scratch: true }).options({ episodes: 0 })),
      /needs at least one episode/,
    );
  }));

test('the offline policy is reported too where it is asked for, and is no candidate for the report twice', () =>
  inFolder(async (folder) => {
    const { options } = createFakeSession(folder);
    const { rounds } = await runHil(options({ episodes: 2, round: 2, reportOffline: true }));
    assert.deepEqual(
      rounds.map(({ name }) => name),
      ['offline', 'online 2', 'report of the offline stage', 'report'],
    );
    assert.equal(rounds[2]?.policy, rounds[0]?.policy);
  }));

test('interrupted anywhere and called again, it ends as if nothing had happened, and learns from no seed twice', () =>
  inFolder(async (folder) => {
    const run = { episodes: 5, round: 2 };
    const undisturbed = createFakeSession(join(folder, 'whole'));
    const expected = await runHil(undisturbed.options(run));
    const length = undisturbed.events.length;
    assert.ok(length > 30, `${length} events`);
    for (let at = 1; at <= length; at++) {
      const session = createFakeSession(join(folder, `${at}`));
      session.failAt(at);
      await assert.rejects(runHil(session.options(run)), /interrupted at/, `event ${at}`);
      await settle();
      assert.ok(session.quiet(), `event ${at}, ${session.events.at(-1)}: a trainer was left behind`);
      // Interrupts the resumed session once more, when it gets that far.
      session.failAt(1 + (at % 4));
      await runHil(session.options(run)).catch(() => {});
      await settle();
      session.failAt(undefined);
      const result = await runHil(session.options(run));
      const where = `event ${at}: ${undisturbed.events[at - 1]}`;
      assert.deepEqual(withoutTime(result.rounds), withoutTime(expected.rounds), where);
      assert.deepEqual(session.kept(), undisturbed.kept(), where);
    }
    const seeds = undisturbed.kept().map(({ seed }) => seed);
    assert.equal(new Set(seeds).size, seeds.length);
  }));

test('what was recorded before a session, or beside it while it stood still, is left as it is', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    // The session's first demonstration has the same seed.
    const before = { seed: TRAINING, help: 'demonstrate' } as const;
    await session.options().rig.record(before);
    session.failAt(3);
    await assert.rejects(runHil(session.options()), /interrupted at: record/);
    session.failAt(undefined);
    await session.options().rig.record({ seed: TRAINING + 500, help: 'demonstrate' });
    await runHil(session.options());
    const seeds = session.kept().map(({ seed }) => seed - TRAINING);
    assert.deepEqual(seeds.slice(0, 4), [0, 0, 500, 1], 'its second demonstration was cut off, and counts once');
  }));

test('a trainer that dies between two blocks is met at the next grant, in its own words', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    const { rig, ...rest } = session.options();
    let recorded = 0;
    const dying = {
      ...rig,
      record: async (request: Parameters<typeof rig.record>[0]) => {
        // The second online episode: block 1 is done, nothing is asked of the trainer meanwhile.
        if (request.help === 'supervise' && ++recorded === 2) {
          await settle();
          session.trainers[1]!.end({ code: 137, lastWords: 'out of memory' });
          await settle();
        }
        return rig.record(request);
      },
    };
    await assert.rejects(runHil({ ...rest, rig: dying }), /the trainer ended \(code 137\): out of memory/);
    assert.equal(readHilState(folder)?.onlineEpisodes, 2, 'what was recorded counts');
  }));

test("a trainer's own complaint is the error, and an offline stage that fails leaves a session that can go on", () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    const refusing = createFakeLauncher((trainer, message) => {
      if (message.kind !== 'grant') return;
      trainer.say({
        kind: 'failed',
        message: 'the checkpoint has 9 numbers, these networks have 8',
        remedy: 'Start anew.',
      });
      trainer.end({ code: 1, lastWords: 'Error: at some file' });
    });
    await assert.rejects(
      runHil(session.options({ launch: refusing.launch })),
      /the checkpoint has 9 numbers, these networks have 8\. Start anew\./,
    );
    const { rounds } = await runHil(session.options());
    assert.equal(rounds.at(-1)?.name, 'report');
  }));

test('out of time: no episode is begun, the open round is judged, the report is made', () =>
  inFolder(async (folder) => {
    const { options, events } = createFakeSession(folder);
    // Each recorded episode takes 10 s of the virtual clock: two demonstrations, then four online.
    const { rounds, wallSec } = await runHil(options({ episodes: 100, round: 3, maxMinutes: 0.9 }));
    assert.deepEqual(
      rounds.map(({ name }) => name),
      ['offline', 'online 3', 'online 4', 'report'],
    );
    assert.equal(events.filter((event) => event.startsWith('record')).length, 6);
    assert.equal(wallSec, 60);
    assert.equal(readHilState(folder)?.wallSec, 60);
  }));

test('without online episodes only the offline stage is trained', () =>
  inFolder(async (folder) => {
    const { options, trainers } = createFakeSession(folder);
    const { rounds } = await runHil(options({ episodes: 0 }));
    assert.deepEqual(
      rounds.map(({ name }) => name),
      ['offline', 'report'],
    );
    assert.equal(trainers.length, 1);
  }));

test('failed demonstrations are discarded and tried again with other seeds', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder, { demos: 12 }, (seed) => seed % 3 !== 0);
    const { rig, ...rest } = session.options({ episodes: 0 });
    const discarded: number[] = [];
    await runHil({ ...rest, rig: { ...rig, discard: (id) => discarded.push(id) } });
    const state = readHilState(folder)!;
    assert.equal(state.demosDone, 12);
    assert.ok(discarded.length > 0);
    assert.equal(state.demoAttempts, 12 + discarded.length);
  }));

test('numbers of a round are those of its episodes, also over an interruption', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    const { rig, ...rest } = session.options({ episodes: 2, round: 2 });
    const rates: number[] = [];
    const { rounds } = await runHil({
      ...rest,
      rig: {
        ...rig,
        record: async (request) => {
          const episode = await rig.record(request);
          if (request.help === 'supervise') rates.push(episode.humanSteps / episode.steps);
          return episode;
        },
      },
    });
    const online = rounds.find((round) => round.name === 'online 2')!;
    assert.equal(online.interventionRate, (rates[0]! + rates[1]!) / 2);
    assert.equal(online.unaidedRate, rates.filter((rate) => rate === 0).length / 2);
  }));

test('robot time counts demonstrations, failed ones too, and corrected episodes; an interruption adds nothing', () =>
  inFolder(async (folder) => {
    // Each episode of the fake session has 40 steps of 100 ms.
    const session = createFakeSession(folder, { demos: 3 }, (seed) => seed % 3 !== 0);
    const run = { episodes: 4, round: 2 };
    session.failAt(11);
    await assert.rejects(runHil(session.options(run)), /interrupted/);
    session.failAt(undefined);
    const { rounds } = await runHil(session.options(run));
    const { demoAttempts, robotTime } = readHilState(folder)!;
    assert.ok(demoAttempts > 3);
    assert.deepEqual(robotTime, { demonstrationSec: 4 * demoAttempts, correctedSec: 16 });
    assert.deepEqual(
      rounds.map((round) => round.robotTime?.correctedSec),
      [0, 8, 16, 16],
      'evaluations do not count',
    );
  }));

test('a session from before robot time was recorded goes on without it', () =>
  inFolder(async (folder) => {
    const session = createFakeSession(folder);
    session.failAt(12);
    await assert.rejects(runHil(session.options()), /interrupted/);
    session.failAt(undefined);
    const { robotTime, ...older } = readHilState(folder)!;
    assert.ok(robotTime && robotTime.demonstrationSec > 0);
    writeFileSync(join(folder, 'hil.json'), JSON.stringify(older));
    const { rounds } = await runHil(session.options());
    assert.deepEqual([rounds.at(-1)?.name, rounds.at(-1)?.robotTime], ['report', undefined]);
  }));

test('a state file that is none of ours is refused in words', () =>
  inFolder((folder) => {
    assert.equal(readHilState(folder), undefined);
    writeFileSync(join(folder, 'hil.json'), '{"seed": "many"}');
    assert.throws(() => readHilState(folder), /hil\.json is not the state of a session \(seed: .*\)\. Delete it/);
    writeFileSync(join(folder, 'hil.json'), '{');
    assert.throws(() => readHilState(folder), /is not the state of a session/);
    assert.ok(existsSync(join(folder, 'hil.json')));
  }));

test('a session is of one task: its runs are, and it goes on with no other', () =>
  inFolder(async (folder) => {
    const { options, trainers } = createFakeSession(folder, { task: 'lift' });
    await runHil(options({ episodes: 2 }));
    assert.deepEqual(
      trainers.map(({ config }) => config.spec.task),
      ['lift', 'lift'],
    );
    assert.equal(readHilState(folder)?.task, 'lift');
    const { seed, demos, observation, preset } = readHilState(folder)!;
    const plan = { seed, demos, observation, preset };
    assert.throws(() => stateFor(folder, hilPlanSchema.parse(plan)), /--task insert: .* was begun with lift/);
  }));

test('a session goes on with the settings that change its measurements, or not at all', () =>
  inFolder(async (folder) => {
    const { options } = createFakeSession(folder);
    const interrupted = createFakeSession(folder);
    interrupted.failAt(20);
    await assert.rejects(runHil(interrupted.options()), /interrupted/);
    const { seed, demos, observation, preset, round, selectionEpisodes, noise } = readHilState(folder)!;
    const plan = { seed, demos, observation, preset, round, selectionEpisodes, noise };
    assert.deepEqual(stateFor(folder, hilPlanSchema.parse(plan)), readHilState(folder));
    for (const [change, words] of [
      [{ noise: 0.5 }, /--noise 0\.5: .* was begun with 0;/],
      [{ trainingNoise: 0.3 }, /--training-noise 0\.3: .* was begun with 0;/],
      [{ round: 10 }, /--round 10: .* was begun with 2;/],
      [{ selectionEpisodes: 10 }, /--selection-episodes 10: .* was begun with 3;/],
    ] as const)
      assert.throws(() => stateFor(folder, hilPlanSchema.parse({ ...plan, ...change })), words);
    await runHil(options());
    const { noise: _unsaid, ...older } = readHilState(folder)!;
    writeFileSync(join(folder, 'hil.json'), JSON.stringify(older));
    assert.throws(() => readHilState(folder), /hil\.json is not the state of a session \(noise: .*\)/);
  }));
