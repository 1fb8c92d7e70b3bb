/**
 * The Runs tab's pure logic: axes that stand still, curves, what is said of a run in every state, rounds, differences.
 * No DOM.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EpisodeSummary, RunPlan, RunSpec, RunStatus } from '../../main/api/index.ts';
import { decadeRange, roundUp, stepRange, valueAxis, valueRange } from '../../renderer/charts/axis-range.ts';
import { type Curves, chartsFor, type Point, spelled, valueAt, withNewest } from '../../renderer/charts/curves.ts';
import { differences } from '../../renderer/panels/desk/runs/run-differences.ts';
import { recordOf } from '../../renderer/state/run-record.ts';
import { planBatches, planTakes, runWords } from '../../renderer/words/run-words.ts';

test('an axis stays while the data is inside it and fills it, and grows in round steps', () => {
  const first = valueRange([0.1, 0.93], undefined);
  assert.deepEqual(first, [0, 1.2]);
  assert.equal(valueRange([0.2, 0.8], first), first);
  assert.deepEqual(valueRange([0.1, 2.4], first), [0, 3]);
  assert.notEqual(valueRange([0.4, 0.6], first), first, 'nearly empty: drawn anew');
  assert.deepEqual(valueRange(undefined, first), first);
  const [low, high] = valueRange([-3.1, 4.2], undefined);
  assert.ok(low <= -3.1 && low > -6 && high >= 4.2 && high < 8);
  assert.equal(valueRange([13.2, 14.3], undefined, true)[0], 0);
  const [flatLow, flatHigh] = valueRange([5, 5], undefined);
  assert.ok(flatLow < 5 && flatHigh > 5);
  assert.deepEqual([roundUp(0.11), roundUp(1), roundUp(1001)], [0.15, 1, 1500]);
});

test('the axis of updates reaches to the planned end, or to a round number', () => {
  assert.deepEqual(stepRange(140, 1200), [0, 1200]);
  assert.deepEqual(stepRange(0, undefined), [0, 100]);
  assert.equal(stepRange(1020, undefined)[1], stepRange(1480, undefined)[1]);
});

test('logarithms: where they are allowed and the data spans decades; they stay, until a value has none', () => {
  const wishes = { mayLog: true };
  const wide = valueAxis([0.02, 31], undefined, wishes);
  assert.deepEqual(wide, { range: [0.01, 100], log: true });
  assert.ok(valueAxis([0.2, 3], wide, wishes).log && !valueAxis([0.2, 3], undefined, wishes).log);
  const crossed = valueAxis([-1, 31], wide, wishes);
  assert.ok(!crossed.log && crossed.range[0] <= -1 && crossed.range[1] >= 31);
  assert.ok(!valueAxis([0.02, 31], undefined, {}).log);
  assert.deepEqual(valueAxis([0.2, 0.3], undefined, { share: true }), { range: [0, 1], log: false });
  assert.deepEqual(decadeRange([0.1, 0.1]), [0.1, 1]);
});

test('every metric is in a chart, also one that nobody foresaw', () => {
  const charts = chartsFor(['criticLoss', 'floorRate', 'criticUpdatesPerStep', 'actorUpdatesPerStep', 'actionError']);
  assert.deepEqual(
    charts.map(({ title }) => title),
    ['Loss', 'Bound, floor, saturation', 'Updates per step', 'Action error'],
  );
  assert.deepEqual(
    charts[2]?.lines.map(({ label }) => label),
    ['critics (UTD)', 'actor'],
  );
  assert.equal(spelled('meanEntropyOfPolicy'), 'mean entropy of policy');
  assert.deepEqual(chartsFor([]), []);
});

test('the newest point is added once; a curve is read at or before a step', () => {
  const curves: Curves = { criticLoss: [[20, 3]] };
  const longer: Curves = withNewest(curves, { metrics: { criticLoss: 2, actorUpdatesPerStep: 1 }, metricsStep: 40 });
  assert.deepEqual(longer, {
    criticLoss: [
      [20, 3],
      [40, 2],
    ],
    actorUpdatesPerStep: [[40, 1]],
  });
  assert.equal(withNewest(longer, { metrics: { criticLoss: 2, actorUpdatesPerStep: 1 }, metricsStep: 40 }), longer);
  assert.equal(withNewest(curves, { metrics: {} }), curves);
  const points: readonly Point[] = [
    [20, 3],
    [40, 2],
  ];
  assert.deepEqual(
    [undefined, 10, 20, 39, 90].map((step) => valueAt(points, step)),
    [2, undefined, 3, 3, 2],
  );
});

const SPEC: RunSpec = {
  ...({ algorithm: 'conrft', preset: 'cell', stage: 'online', task: 'insert', observation: 'pixels' } as const),
  seed: 0,
  startFrom: 'starter',
};
const RUN: RunStatus = {
  id: 3,
  spec: SPEC,
  state: 'finished',
  startedAtMs: 0,
  step: 800,
  updatesPerSec: 20,
  metrics: {},
  policy: 'run-3/800',
};

/** `solved` of `count` episodes without help, oldest first; the rest with the person driving half of it. */
function episodes(firstId: number, count: number, solved: number, policy: string): EpisodeSummary[] {
  return Array.from({ length: count }, (_, index) => ({
    ...({ sessionId: 1, task: 'insert', mode: 'run', observation: 'pixels', seed: 1, startedAtMs: 0 } as const),
    id: firstId + index,
    policy,
    policyIsCandidate: false,
    steps: 40,
    takeovers: 0,
    return: 0,
    discarded: false,
    humanSteps: index < solved ? 0 : 20,
    outcome: 'success' as const,
  }));
}
const before = (solved: number) => episodes(1, 12, solved, 'starter');
const after = (count: number, solved: number) => episodes(13, count, solved, 'run-3/800');

test('rounds of ten, under the last ten episodes before; discarded ones and demonstrations are left out', () => {
  const [first, ...rest] = after(14, 13);
  const discarded = { ...episodes(40, 1, 1, 'run-3/800')[0]!, discarded: true };
  const demonstration = { ...episodes(41, 1, 1, 'run-3/800')[0]!, mode: 'demonstrate' as const };
  const record = recordOf(3, [...before(4), first!, ...rest, discarded, demonstration]);
  assert.deepEqual(
    record.rounds.map(({ firstEpisodeId, lastEpisodeId, unaided }) => [firstEpisodeId, lastEpisodeId, unaided]),
    [
      [13, 22, 10],
      [23, 26, 3],
    ],
  );
  assert.deepEqual([record.before?.episodes, record.before?.unaided], [10, 2]);
  assert.equal(record.rounds[1]?.interventionRate, 20 / 160);
  assert.equal(record.verdict, 'better');
});

test('better and worse need a difference of thirty points and five episodes', () => {
  const verdict = (own: EpisodeSummary[], earlier: EpisodeSummary[]) => recordOf(3, [...earlier, ...own]).verdict;
  assert.equal(verdict(after(10, 8), episodes(1, 10, 5, 'starter')), 'better');
  assert.equal(verdict(after(10, 7), episodes(1, 10, 5, 'starter')), 'same');
  assert.equal(verdict(after(10, 2), episodes(1, 10, 5, 'starter')), 'worse');
  assert.equal(verdict(after(4, 4), episodes(1, 10, 0, 'starter')), 'unjudged');
  assert.equal(verdict(after(10, 4), []), 'alone');
});

test('every state of a run has words and a next step', () => {
  const says = (change: Partial<RunStatus>, list: EpisodeSummary[] = []) => {
    const { state, says, next } = runWords({ ...RUN, ...change }, recordOf(3, list));
    assert.ok(says.length > 10 && next.length > 10, state);
    return `${state}: ${says} ${next}`;
  };
  assert.match(says({ state: 'waiting', step: 0 }), /^waiting: .*nothing waits/);
  assert.match(says({ state: 'running', owed: 0 }), /Caught up.*next episode \(N\)/);
  assert.match(says({ state: 'running', owed: 1200 }), /by 1\u2009200 updates, 1\u2009min 00\u2009s/);
  assert.match(says({ state: 'running', steps: 1000 }), /800 of 1\u2009000 updates/);
  assert.match(says({}, [...before(12), ...after(10, 1)]), /^finished, worse: .*1 of 10, 10 of 10 before.*\(B\)/);
  assert.match(says({}, [...before(3), ...after(10, 9)]), /^finished, better: .*9 of 10/);
  assert.match(says({}, after(2, 1)), /drove 2 of the 5 episodes.*Use run-3\/800/);
  assert.match(says({ state: 'cancelled' }), /What it had published stays: run-3\/800/);
  const { policy: _, ...bare } = RUN;
  assert.match(runWords({ ...bare, state: 'cancelled' }, recordOf(3, [])).says, /Nothing has changed/);
  assert.match(
    says({ state: 'failed', message: 'the disk is full', remedy: 'Free some space.' }),
    /the disk is full\. Free some space\./,
  );
});

test('how long a run will take: from the last of its kind, and unknown where there was none', () => {
  const plan: RunPlan = { spec: SPEC, needs: [], owed: 1200, updatesPerStep: 1, demoShare: 0.5 };
  const speed = { runId: 2, updatesPerSec: 12 };
  assert.match(
    planTakes({ ...plan, steps: 600, speed }, 10),
    /600 updates: about 50\u2009s at 12\.0\u2009\/s, as run 2/,
  );
  assert.match(planTakes({ ...plan, steps: 600 }, 10), /600 updates\. How long is not known/);
  assert.match(
    planTakes({ ...plan, speed }, 10),
    /1\u2009200 updates to catch up.*1\u2009min 40\u2009s.*keeps up with you/,
  );
  assert.match(planTakes({ ...plan, speed, updatesPerStep: 4 }, 10), /falls behind: 40\u2009\/s would keep up/);
  assert.match(planTakes(plan, 10), /How long is not known/);
});

test('what a run will learn from: shares of the buffers, or its own newest episodes', () => {
  assert.equal(planBatches({ demoShare: 0.5 }), '50\u2009% from the demo buffer');
  assert.match(planBatches({ demoShare: 1, ownEpisodes: 8 }), /its own policy did in its newest 8 episodes/);
});

test('what two runs were asked for and what they used, where it differs', () => {
  const here = { spec: SPEC, settings: { 'online.beta': '0.5', discount: '0.98' } };
  const { startFrom: _, ...fresh } = SPEC;
  const there = { spec: { ...fresh, steps: 50 }, settings: { 'online.beta': '0.1', discount: '0.98', alpha: '2' } };
  assert.deepEqual(differences(here, there), [
    { name: 'steps', here: '–', there: '50' },
    { name: 'started from', here: 'starter', there: 'fresh weights' },
    { name: 'online.beta', here: '0.5', there: '0.1' },
    { name: 'alpha', here: '–', there: '2' },
  ]);
  assert.deepEqual(differences(here, here), []);
});
