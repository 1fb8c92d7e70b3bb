/** Tests the small pure parts: set-points, proprioception, candidates, statistics, tick statistics, the merged puck. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_ACTION_SCALE } from '../../main/api/action.ts';
import { createVirtualClock } from '../../main/api/clock.ts';
import type { EpisodeSummary } from '../../main/api/episode.ts';
import {
  angleBetween,
  compose,
  fromRotationVector,
  type Quaternion,
  toRotationVector,
  type Vec3,
} from '../../main/api/geometry.ts';
import { DEFAULT_TAKEOVER } from '../../main/api/teleop.ts';
import { actionFromBaseTwist, executedAction, targetFromAction } from '../../main/engine/loop/set-point.ts';
import { createTickStats } from '../../main/engine/loop/tick-stats.ts';
import * as candidates from '../../main/engine/policy/candidate.ts';
import { createWindowPuck, mergePucks } from '../../main/engine/pucks.ts';
import { proprioception } from '../../main/engine/recording/proprioception.ts';
import { statisticsOf } from '../../main/engine/recording/statistics.ts';

const DOWN: Quaternion = [1, 0, 0, 0];
const near = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-6) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(
      Math.abs((actual[index] ?? Number.NaN) - value) <= tolerance,
      `[${Array.from(actual)}] is not [${expected}]`,
    );
  });
};
const context = (orientation: Quaternion, target = orientation, positionM: Vec3 = [0.5, 0, 0.3]) => ({
  measured: { positionM, orientation },
  orientationTarget: target,
  gripper: 'close' as const,
  scale: DEFAULT_ACTION_SCALE,
});

test('an action moves along the tool\u2019s axes from the measured position and turns the kept target', () => {
  const target = targetFromAction([0, 0.5, 1, 0, 0, 1, 0], context(DOWN));
  // The tool points down, so its y and z are the base's −y and −z.
  near(target.baseFromTool.positionM, [0.5, -0.005, 0.29]);
  near(toRotationVector(compose([-1, 0, 0, 0], target.baseFromTool.orientation)).map(Math.abs), [0, 0, 0.05], 1e-6);
});

test('the orientation target is leashed to the measured orientation', () => {
  let target = DOWN;
  for (let step = 0; step < 10; step++)
    target = targetFromAction([0, 0, 0, 1, 0, 0, 0], context(DOWN, target)).baseFromTool.orientation;
  assert.ok(Math.abs(angleBetween(DOWN, target) - DEFAULT_ACTION_SCALE.rotationLeashRad) < 1e-9);
});

test('the gripper opens above 0.5, closes below −0.5, and stays between', () => {
  const gripper = (value: number) => targetFromAction([0, 0, 0, 0, 0, 0, value], context(DOWN)).gripper;
  assert.deepEqual([gripper(0.6), gripper(0.5), gripper(-0.5), gripper(-0.6)], ['open', 'close', 'close', 'close']);
});

const unit = fc.double({ min: -1, max: 1, noNaN: true });

test('property: an executed action is the requested one while nothing was limited, and its inverse holds when it was', () => {
  const turn = fc.tuple(unit, unit, unit);
  fc.assert(
    fc.property(
      turn,
      fc.array(unit, { minLength: 7, maxLength: 7 }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      (at, raw, fraction) => {
        const action = Float32Array.from(raw);
        const here = context(compose(DOWN, fromRotationVector(at)));
        const requested = targetFromAction(action, here, fraction);
        near(executedAction(action, here, requested, requested, fraction), [...action], 1e-6);
        // Safety halved the way: the executed translation is half the requested one.
        const halved = {
          ...requested,
          baseFromTool: {
            ...requested.baseFromTool,
            // The map keeps the three numbers of a vector.
            positionM: [0, 1, 2].map(
              (axis) => (requested.baseFromTool.positionM[axis]! + here.measured.positionM[axis]!) / 2,
            ) as unknown as Vec3,
          },
        };
        const executed = executedAction(action, here, requested, halved, fraction);
        const moved = Math.hypot(action[0]!, action[1]!, action[2]!) * 0.01 * fraction;
        if (moved > 1e-5)
          near(
            executed.slice(0, 3),
            [0, 1, 2].map((axis) => action[axis]! / 2),
            1e-3,
          );
      },
    ),
  );
});

test('property: a base twist seen from the tool comes back to the base; long ones keep their direction', () => {
  fc.assert(
    fc.property(fc.tuple(unit, unit, unit), fc.tuple(unit, unit, unit), (at, twist) => {
      const orientation = compose(DOWN, fromRotationVector(at));
      const action = actionFromBaseTwist([...twist, 0, 0, 0], orientation, 0);
      assert.ok(action.every((value) => Math.abs(value) <= 1 + 1e-6));
      const { positionM } = targetFromAction(action, context(orientation)).baseFromTool;
      const step = [positionM[0] - 0.5, positionM[1], positionM[2] - 0.3];
      const scale = Math.hypot(...step) / (Math.hypot(...twist) || 1);
      near(
        step,
        twist.map((value) => value * scale),
        1e-6,
      );
    }),
  );
});

test('proprioception: 27 numbers, relative to the reset pose, scaled and clipped', () => {
  const reset = { positionM: [0.5, 0, 0.3] as const, orientation: DOWN };
  const numbers = proprioception(
    {
      timeMs: 0,
      baseFromTool: { positionM: [0.52, 0, 0.26], orientation: compose(DOWN, fromRotationVector([0, 0, 0.1])) },
      twistInTool: [0.05, 0, 0, 0.3, 0, 0],
      wrenchInTool: [8, 0, -80, 0.5, 0, 0],
      jointPositionsRad: [],
      gripperOpeningM: 0.02,
    },
    [
      { pad: 'right', rows: 1, columns: 1, forceN: new Float32Array(3), total: [60, 10, 0, 0] },
      { pad: 'left', rows: 1, columns: 1, forceN: new Float32Array(3), total: [0, 0, -10, 0.1] },
    ],
    reset,
  );
  near(numbers, [1, 0, 2, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, -5, 1, 0, 0, 0.5, -1, 0, -1, 1, 1, 1, 0, 0], 1e-5);
});

test('proprioception: a position beyond 100 mm is compressed, not clipped, and never falls', () => {
  const reset = { positionM: [0, 0, 0] as const, orientation: [0, 0, 0, 1] as const };
  const state = { timeMs: 0, twistInTool: [0, 0, 0, 0, 0, 0] as const, wrenchInTool: [0, 0, 0, 0, 0, 0] as const };
  const seen = (xM: number) =>
    proprioception(
      {
        ...state,
        baseFromTool: { positionM: [xM, -xM, 0], orientation: [0, 0, 0, 1] },
        jointPositionsRad: [],
        gripperOpeningM: 0,
      },
      [],
      reset,
    ).subarray(0, 2);
  near([...seen(0.1), ...seen(0.2), ...seen(-0.4)], [5, -5, 6, -6, -8, 8], 1e-5);
  for (let mm = -500; mm < 500; mm += 7) assert.ok(seen(mm / 1000)[0]! < seen((mm + 7) / 1000)[0]!, `${mm} mm`);
});

let episodesSeen = 0;
const evidence = (policy: string, unaidedSuccess: boolean, saturation = 0): candidates.EpisodeEvidence => ({
  episodeId: ++episodesSeen,
  policy,
  unaidedSuccess,
  saturation,
  proposals: 50,
});
const after = (state: candidates.CandidateState, policy: string, record: string) =>
  [...record].reduce((now, mark) => candidates.episodeEnded(now.state, evidence(policy, mark === '+')), {
    state,
    reverted: undefined,
    promoted: undefined,
    because: undefined,
  } as candidates.CandidateStep);

test('a candidate becomes good after ten episodes, and is reverted once it cannot but fall by more than 30 points', () => {
  const good = after(candidates.startWith('starter'), 'starter', '++++++++--').state;
  const trial = candidates.published(good, 'run-1/10');
  assert.equal(candidates.policyInUse(trial), 'run-1/10');
  assert.equal(after(trial, 'run-1/10', '+++++-----').promoted, 'run-1/10');
  assert.equal(after(trial, 'run-1/10', '-----').reverted, undefined);
  const bad = after(trial, 'run-1/10', '------');
  assert.equal(bad.reverted, 'run-1/10');
  assert.equal(candidates.policyInUse(bad.state), 'starter');
});

test('a newer publication goes on with the trial of its line; after a revert its run is ignored until asked for', () => {
  const good = after(candidates.startWith('starter'), 'starter', '++++++++++').state;
  let state = after(candidates.published(good, 'run-1/10'), 'run-1/10', '---').state;
  state = candidates.published(state, 'run-1/20');
  assert.deepEqual([candidates.policyInUse(state), state.trial.length], ['run-1/20', 3]);
  const step = after(state, 'run-1/20', '-');
  assert.equal(step.reverted, 'run-1/20');
  assert.equal(candidates.policyInUse(candidates.published(step.state, 'run-1/30')), 'starter');
  assert.equal(candidates.policyInUse(candidates.published(step.state, 'run-2/10')), 'run-2/10');
  assert.equal(candidates.policyInUse(candidates.startWith('run-1/30')), 'run-1/30');
});

test('a publication during an episode does not stop the trial: what an older one of the line does counts too', () => {
  const good = after(candidates.startWith('starter'), 'starter', '++++++++++').state;
  let state = candidates.published(good, 'run-1/10');
  for (let count = 1; count <= 4; count++) {
    const driver = `run-1/${10 * count}`;
    state = candidates.published(state, `run-1/${10 * (count + 1)}`);
    assert.ok(candidates.isOnTrial(state, driver));
    const step = candidates.episodeEnded(state, evidence(driver, false));
    assert.equal(
      step.reverted,
      count === 4 ? 'run-1/50' : undefined,
      'four failures are a fall of more than 30 points',
    );
    state = step.state;
  }
  assert.ok(!candidates.isOnTrial(state, 'run-1/40') && !candidates.isOnTrial(state, 'starter'));
  const wild = candidates.published(candidates.published(good, 'run-1/10'), 'run-1/20');
  assert.equal(candidates.episodeEnded(wild, evidence('run-1/10', true, 0.5)).reverted, 'run-1/20');
});

test('a verdict given afterwards counts, and a discarded episode does not', () => {
  const good = after(candidates.startWith('starter'), 'starter', '++++++++++').state;
  let state = after(candidates.published(good, 'run-1/10'), 'run-1/10', '+++').state;
  for (const { episodeId } of state.trial) state = candidates.corrected(state, episodeId, false);
  assert.equal(after(state, 'run-1/10', '-').reverted, 'run-1/10');
  for (const { episodeId } of state.trial) state = candidates.corrected(state, episodeId, undefined);
  assert.equal(state.trial.length, 0);
  assert.equal(candidates.corrected(state, 1_000_000, false), state, 'nobody knows that episode');
});

test('a candidate that saturates is reverted at once', () => {
  const state = candidates.published(candidates.startWith('starter'), 'run-1/10');
  assert.equal(candidates.episodeEnded(state, evidence('run-1/10', true, 0.19)).reverted, undefined);
  assert.equal(candidates.episodeEnded(state, evidence('run-1/10', true, 0.21)).reverted, 'run-1/10');
});

const episode = (id: number, change: Partial<EpisodeSummary>): EpisodeSummary => ({
  id,
  sessionId: 1,
  task: 'insert',
  mode: 'run',
  observation: 'pixels',
  seed: 1,
  policyIsCandidate: false,
  startedAtMs: 0,
  steps: 10,
  humanSteps: 0,
  takeovers: 0,
  return: 0,
  outcome: 'success',
  judge: 'simulator',
  discarded: false,
  ...change,
});

test('rates: over the newest twenty that count; help is no unaided success', () => {
  const counted = [
    episode(1, {}),
    episode(2, { humanSteps: 5, takeovers: 1 }),
    episode(3, { outcome: 'truncated', judge: 'time-limit' }),
  ];
  const others = [
    episode(4, { discarded: true }),
    episode(5, { mode: 'demonstrate' }),
    episode(6, { outcome: 'aborted' }),
  ];
  assert.deepEqual(statisticsOf([...counted, ...others]), { unaidedSuccessRate: 1 / 3, interventionRate: 5 / 30 });
  assert.deepEqual(statisticsOf(others), { unaidedSuccessRate: undefined, interventionRate: undefined });
  const many = Array.from({ length: 40 }, (_, index) =>
    episode(index, { outcome: index < 20 ? 'failure' : 'success' }),
  );
  assert.equal(statisticsOf(many).unaidedSuccessRate, 1);
});

test('tick statistics: percentiles of the newest ticks, early counts as late', () => {
  const stats = createTickStats();
  for (let tick = 1; tick <= 100; tick++) stats.edge(1000 * tick, 1000 * tick + (tick % 2 === 0 ? tick : -tick));
  const { jitterP50Ms, jitterP99Ms, ticks } = stats.report(100_000);
  assert.deepEqual([jitterP50Ms, jitterP99Ms, ticks], [50, 99, 100]);
});

test('tick rate: what was done, not what was planned; it falls when a tick is overdue', () => {
  const stats = createTickStats();
  const rate = (nowMs: number) => Number(stats.report(nowMs).hz.toFixed(2));
  assert.equal(rate(0), 0);
  for (let tick = 0; tick < 200; tick++) stats.edge(100 * tick, 100 * tick + (tick % 3));
  assert.ok(
    Math.abs(rate(19_901) - 10) < 0.02 && Math.abs(rate(20_040) - 10) < 0.02,
    'between two ticks it does not move',
  );
  assert.ok(rate(20_900) < 9 && rate(22_900) < rate(20_900), 'overdue');
  assert.ok(rate(40_000) < 0.1, 'long overdue');
  for (let tick = 400; tick < 460; tick++) stats.edge(100 * tick, 200 * tick);
  assert.equal(rate(200 * 459), 5);
});

test('merged pucks: the one that moved last drives, a resting one never takes over, silence is zero', () => {
  const clock = createVirtualClock(1000);
  const first = createWindowPuck(clock);
  const second = createWindowPuck(clock);
  const merged = mergePucks([first, second], () => DEFAULT_TAKEOVER);
  const heard: number[] = [];
  merged.onReading((reading) => heard.push(reading.axes[0]));
  first.feed('screen', [0.5, 0, 0, 0, 0, 0], 0);
  second.feed('keyboard', [0, 0, 0, 0, 0, 0], 2);
  assert.deepEqual([merged.reading().axes[0], merged.reading().buttons], [0.5, 2]);
  second.feed('keyboard', [-1, 0, 0, 0, 0, 0], 0);
  assert.equal(merged.reading().axes[0], -1);
  clock.advanceToMs(1090);
  first.feed('screen', [0.4, 0, 0, 0, 0, 0], 0);
  clock.advanceToMs(1150);
  assert.equal(merged.reading().axes[0], 0.4);
  clock.advanceToMs(1300);
  assert.deepEqual(merged.reading().axes, [0, 0, 0, 0, 0, 0]);
  assert.deepEqual(heard, [0.5, 0.5, -1, 0.4]);
});
