/** Tests the success detector: row of ticks, guard, lateness, and which judge counts, also in the loop itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUCCESS_GUARDS, type SuccessGuard, type SuccessSettings } from '../../../main/api/classifier.ts';
import { TASKS } from '../../../main/api/task.ts';
import type { PolicyReply } from '../../../main/engine/policy/policy-source.ts';
import { createSuccessDetector, type GuardedState, keepsGuard } from '../../../main/engine/policy/success-detector.ts';
import { judgeStep, NO_REQUESTS } from '../../../main/engine/recording/episode.ts';
import { bench, proposal, ticks } from '../rig.ts';

const state = (heightM: number, gripperOpeningM = 0.01): GuardedState => ({
  baseFromTool: { positionM: [0.5, 0, heightM], orientation: [0, 0, 0, 1] },
  gripperOpeningM,
});
const LOW = state(0.05);
const HIGH = state(0.08);
const by = (judge: SuccessSettings['by'], guard: SuccessGuard = SUCCESS_GUARDS.insert): SuccessSettings => ({
  by: judge,
  ticks: 2,
  guard,
});

test('classifier and guard must agree at every one of the ticks; late, missing or not a number breaks the row', () => {
  const rows: readonly [string, readonly (readonly [number, number | undefined, GuardedState])[], boolean][] = [
    [
      'two in a row',
      [
        [0, 0.7, LOW],
        [1, 0.9, LOW],
      ],
      true,
    ],
    ['one', [[0, 0.9, LOW]], false],
    [
      'below the threshold between',
      [
        [0, 0.9, LOW],
        [1, 0.69, LOW],
        [2, 0.9, LOW],
      ],
      false,
    ],
    [
      'no answer between',
      [
        [0, 0.9, LOW],
        [1, undefined, LOW],
        [2, 0.9, LOW],
      ],
      false,
    ],
    [
      'an observation left out',
      [
        [0, 0.9, LOW],
        [2, 0.9, LOW],
      ],
      false,
    ],
    [
      'not a number',
      [
        [0, 0.9, LOW],
        [1, Number.NaN, LOW],
      ],
      false,
    ],
    [
      'guard broken',
      [
        [0, 0.9, LOW],
        [1, 0.9, HIGH],
      ],
      false,
    ],
    [
      'open gripper',
      [
        [0, 0.9, LOW],
        [1, 0.9, state(0.05, 0.04)],
      ],
      false,
    ],
  ];
  for (const [name, seen, expected] of rows) {
    const detector = createSuccessDetector({ settings: () => by('classifier'), threshold: () => 0.7 });
    detector.begin();
    for (const [index, probability, where] of seen) detector.see(index, probability, where);
    assert.equal(detector.detected(), expected, name);
  }
});

test('it decides only where it is asked to, with a classifier, and from one episode’s beginning to its end', () => {
  let settings = by('simulator');
  let threshold: number | undefined = 0.7;
  const detector = createSuccessDetector({ settings: () => settings, threshold: () => threshold });
  const lookTwice = () => {
    detector.see(0, 0.9, LOW);
    detector.see(1, 0.9, LOW);
  };
  detector.begin();
  settings = by('classifier');
  lookTwice();
  assert.deepEqual([detector.detected(), detector.streak(), detector.by()], [false, 2, 'simulator']);
  detector.begin();
  assert.deepEqual([detector.detected(), detector.streak(), detector.probability()], [false, 0, undefined]);
  lookTwice();
  assert.equal(detector.detected(), true);
  threshold = undefined;
  lookTwice();
  assert.equal(detector.detected(), false, 'without a classifier nothing is detected');
});

test('guards: an absent limit does not bind, edges belong to what is allowed', () => {
  assert.ok(keepsGuard({}, HIGH));
  assert.ok(keepsGuard({ toolHeightLowM: 0.08, toolHeightHighM: 0.08, gripperLowM: 0.01, gripperHighM: 0.01 }, HIGH));
  assert.ok(!keepsGuard({ toolHeightLowM: 0.081 }, HIGH));
  assert.ok(!keepsGuard({ gripperLowM: 0.011 }, HIGH));
});

test("whose word counts: a person's, then the simulator's, then who stopped, then the classifier's, then the time limit", () => {
  const judge = (change: { simulated?: boolean; stopped?: boolean; verdict?: 'failure'; steps?: number }) =>
    judgeStep(
      TASKS.insert,
      change.steps ?? 5,
      change.simulated ? { success: false, failed: true, remainingM: 0 } : undefined,
      { ...NO_REQUESTS, verdict: change.verdict, stopped: change.stopped ? 'human' : undefined },
      true,
    ).end;
  assert.deepEqual(judge({}), { outcome: 'success', judge: 'classifier' });
  assert.deepEqual(judge({ verdict: 'failure' }), { outcome: 'failure', judge: 'human' });
  assert.deepEqual(judge({ simulated: true }), { outcome: 'failure', judge: 'simulator' });
  assert.deepEqual(judge({ stopped: true }), { outcome: 'aborted', judge: 'human' });
  assert.deepEqual(judge({ steps: TASKS.insert.maxSteps }), { outcome: 'success', judge: 'classifier' });
});

const NO_GUARD = by('classifier', {});
/** A policy whose classifier is sure of success from observation `from` on. */
const sureFrom =
  (from: number) =>
  ({ sequence }: { readonly sequence: number }): PolicyReply => {
    const reply = proposal([0.1]);
    return reply.kind === 'failed' ? reply : { ...reply, successProbability: sequence >= from ? 0.95 : 0.1 };
  };

test('in the loop: the classifier ends the episode with the step after its second opinion, and is named as its judge', async () => {
  const { engine, policy, writer, begin } = await bench({ settings: { success: NO_GUARD } });
  await engine.success.use('classifier-1');
  policy.say(sureFrom(3));
  await begin();
  await ticks(engine, 8);
  const [episode] = writer.episodes;
  assert.deepEqual(episode?.end, { outcome: 'success', judge: 'classifier' });
  // Observations 3 and 4 were judged a success; the step from 4 to 5 was under way.
  assert.equal(episode?.steps.length, 5);
  assert.deepEqual(
    episode?.steps.map(({ terminated, reward }) => [terminated, reward]),
    [...Array(4).fill([false, -0.05]), [true, 10]],
  );
  assert.equal(episode?.start.successBy, 'classifier');
});

test('in the loop: a classifier that looks on only is shown, and decides nothing; without one nothing is decided', async () => {
  for (const [judge, load] of [
    ['human', true],
    ['classifier', false],
  ] as const) {
    const { engine, policy, writer, begin } = await bench({ settings: { success: { ...NO_GUARD, by: judge } } });
    if (load) await engine.success.use('classifier-1');
    policy.say(sureFrom(0));
    await begin();
    await ticks(engine, 6);
    assert.equal(writer.episodes[0]?.end, undefined);
    assert.equal(engine.status().success.streak, load ? 6 : 0);
    assert.equal(engine.status().success.probability, 0.95);
  }
});

test("in the loop: a person's failure wins over a classifier that is sure, and over what it ended already", async () => {
  const { engine, policy, writer, begin } = await bench({ settings: { success: NO_GUARD } });
  await engine.success.use('classifier-1');
  policy.say(sureFrom(0));
  await begin();
  await ticks(engine, 2);
  engine.verdict('failure', undefined);
  await ticks(engine, 2);
  assert.deepEqual(writer.episodes[0]?.end, { outcome: 'failure', judge: 'human' });
  await begin();
  await ticks(engine, 5);
  assert.deepEqual(writer.episodes[1]?.end, { outcome: 'success', judge: 'classifier' });
  engine.verdict('failure', undefined);
  assert.ok(writer.events.includes('relabel 2 failure'));
});

test('in the loop: answers later than the deadline are no verdict', async () => {
  const { engine, policy, writer, begin } = await bench({
    pace: { kind: 'simulated', latencyMs: 80 },
    settings: { success: NO_GUARD },
  });
  await engine.success.use('classifier-1');
  policy.say(sureFrom(0));
  await begin();
  await ticks(engine, 6);
  assert.equal(writer.episodes[0]?.end, undefined);
  assert.equal(engine.status().success.probability, undefined);
});

test('labels: the newest observation of the running episode, any of a stored one, and nothing while nothing is recorded', async () => {
  const { engine, writer, begin } = await bench();
  const refusal = engine.success.label('positive', undefined);
  assert.ok(refusal.kind === 'refused' && /Nothing is recorded now \(HOLD\)/.test(refusal.message));
  await begin();
  await ticks(engine, 3);
  assert.deepEqual(engine.success.label('positive', undefined), { kind: 'done', value: { episodeId: 1, index: 2 } });
  engine.success.label('negative', { episodeId: 1, index: 0 });
  assert.deepEqual(writer.events, ['label 1 2 positive live', 'label 1 0 negative episode']);
});
