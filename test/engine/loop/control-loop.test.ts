/** Timing, takeover and recording of the control loop on a virtual clock. One unit of action is 10 mm; the tool points down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runEpisode } from '../../../main/engine/headless.ts';
import { bench, proposal, ticks } from '../rig.ts';

const near = (actual: number | undefined, expected: number, tolerance = 1e-6) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
const round = (values: ArrayLike<number> | undefined) =>
  Array.from(values ?? [], (value) => Math.round(value * 1000) / 1000);
/** Puck pushed away from the operator: base +x, which is the tool's +x too. */
const FORWARD = [0, -1, 0, 0, 0, 0];
const REST = [0, 0, 0, 0, 0, 0];

test('an action takes effect 30 ms after the edge, as a set-point one period long from the measured pose', async () => {
  const { cell, engine, writer, policy, begin } = await bench();
  policy.say(() => proposal([0.5, 0, 0]));
  const startMs = await begin();
  await ticks(engine, 3);
  const moves = cell.commands.filter((command) => command.setPoint);
  assert.deepEqual(
    moves.map((command) => command.timeMs - startMs),
    [30, 130, 230],
  );
  assert.ok(moves.every((command) => command.setPoint?.rampMs === 100));
  near(moves[1]?.setPoint?.baseFromTool.positionM[0], (moves[1]?.measuredM[0] ?? 0) + 0.005);
  assert.deepEqual(
    writer.episodes[0]?.steps.map((step) => [
      step.index,
      step.actor,
      step.effectDelayMs,
      step.late,
      round(step.action)[0],
    ]),
    [
      [0, 'policy', 30, false, 0.5],
      [1, 'policy', 30, false, 0.5],
    ],
  );
});

test('a proposal after 50 ms is used then, and the arm holds until it comes', async () => {
  const { cell, engine, writer, begin } = await bench({ pace: { kind: 'simulated', latencyMs: 50 } });
  const startMs = await begin();
  await ticks(engine, 3);
  assert.deepEqual(
    cell.commands.slice(0, 4).map((command) => [command.timeMs - startMs, command.setPoint ? 'move' : 'hold']),
    [
      [30, 'hold'],
      [50, 'move'],
      [130, 'hold'],
      [150, 'move'],
    ],
  );
  const step = writer.episodes[0]?.steps[0];
  assert.deepEqual([step?.effectDelayMs, step?.late, round(step?.action)[0]], [50, false, 0.5]);
  assert.equal(engine.loop.stats().missedDeadlines, 0);
});

test('a proposal after 70 ms is not used: the arm holds, the step is late with a zero action, its embedding follows', async () => {
  const { cell, engine, writer, begin } = await bench({ pace: { kind: 'simulated', latencyMs: 70 } });
  await begin();
  await ticks(engine, 3);
  assert.ok(cell.commands.every((command) => command.setPoint === undefined));
  const [episode] = writer.episodes;
  assert.deepEqual(
    episode?.steps.map((step) => [step.late, round(step.action), step.effectDelayMs]),
    [
      [true, [0, 0, 0, 0, 0, 0, 0], 60],
      [true, [0, 0, 0, 0, 0, 0, 0], 60],
    ],
  );
  assert.equal(engine.loop.stats().missedDeadlines, 3);
  assert.equal(engine.loop.phase(), 'running');
  assert.equal(episode?.start.first.embedding, undefined);
  assert.deepEqual(writer.embeddings.slice(0, 2), [
    [1, 0],
    [1, 1],
  ]);
});

test('NaN from a policy: hold, report, and the candidate that said it is reverted', async () => {
  const { cell, engine, policy, messages, begin, writer } = await bench();
  engine.publish('run-1/100', 'run-1/100', 'insert');
  await engine.loadPolicyInUse();
  assert.equal(policy.name(), 'run-1/100');
  policy.say(({ sequence }) => proposal([sequence === 2 ? Number.NaN : 0.5]));
  await begin();
  await ticks(engine, 3);
  assert.equal(engine.loop.phase(), 'hold');
  assert.equal(cell.commands.at(-1)?.setPoint, undefined);
  assert.equal(engine.candidate()?.candidate, undefined);
  assert.match(JSON.stringify(messages), /run-1\/100 was reverted to starter/);
  await ticks(engine, 1);
  assert.deepEqual(
    [writer.episodes[0]?.steps.length, writer.episodes[0]?.end],
    [3, { outcome: 'aborted', judge: 'engine' }],
  );
  assert.ok(writer.episodes[0]?.steps.every((step) => [...step.action].every(Number.isFinite)));
});

test('a policy process that dies: hold and report; Resume resets and the next episode runs', async () => {
  const { cell, engine, policy, begin, writer } = await bench();
  policy.say(({ sequence }) =>
    sequence === 1
      ? { kind: 'failed', message: 'The policy process ended with code 1.', remedy: 'Wait.' }
      : proposal([0.5]),
  );
  await begin();
  await ticks(engine, 3);
  assert.deepEqual(
    [engine.loop.phase(), engine.status().holdReason],
    ['hold', 'The policy process ended with code 1.'],
  );
  assert.equal(writer.episodes[0]?.end?.outcome, 'aborted');
  assert.equal((await engine.resume()).kind, 'done');
  await Promise.resolve();
  assert.equal(engine.loop.phase(), 'ready');
  policy.say(() => proposal([0.5]));
  engine.loop.start();
  const before = cell.commands.length;
  await ticks(engine, 2);
  assert.ok(cell.commands.slice(before).some((command) => command.setPoint));
});

test('takeover inside a tick: the set-point follows at once, the tick is mixed and composed, the next is the first human one', async () => {
  const { cell, engine, writer, begin, puckAt } = await bench();
  const startMs = await begin();
  puckAt(startMs + 150, FORWARD);
  puckAt(startMs + 220, FORWARD);
  await ticks(engine, 4);
  const takeover = cell.commands.find((command) => command.timeMs === startMs + 150);
  near(takeover?.setPoint?.rampMs, 80);
  near(takeover?.setPoint?.baseFromTool.positionM[0], (takeover?.measuredM[0] ?? 0) + 0.8 * 0.01, 1e-5);
  const steps = writer.episodes[0]?.steps ?? [];
  assert.deepEqual(
    steps.map((step) => [step.actor, round(step.action)[0], step.takeoverSubstep, round(step.policyAction)[0]]),
    [
      ['policy', 0.5, undefined, 0.5],
      ['mixed', 0.2 * 0.5 + 0.8 * 1, 25, 0.5],
      ['human', 1, undefined, 0.5],
    ],
  );
  assert.equal(cell.commands.filter((command) => command.timeMs === startMs + 130).length, 1);
  assert.equal(
    cell.commands.some((command) => command.timeMs === startMs + 230),
    true,
  );
});

test('takeover between edge and effect time: the tick is the human\u2019s in full, and the proposal is only stored', async () => {
  const { cell, engine, writer, begin, puckAt } = await bench();
  const startMs = await begin();
  puckAt(startMs + 110, FORWARD);
  puckAt(startMs + 200, FORWARD);
  await ticks(engine, 3);
  const mixed = writer.episodes[0]?.steps[1];
  assert.deepEqual(
    [mixed?.actor, round(mixed?.action)[0], round(mixed?.policyAction)[0], mixed?.takeoverSubstep],
    ['mixed', 1, 0.5, 5],
  );
  near(cell.commands.find((command) => command.timeMs === startMs + 110)?.setPoint?.rampMs, 120);
  assert.equal(
    cell.commands.some((command) => command.timeMs === startMs + 130),
    false,
  );
});

test('release: neutral ticks while engaged are the human\u2019s and idle; half a second later the policy drives from an edge', async () => {
  const { engine, writer, policy, begin, puckAt } = await bench();
  const startMs = await begin();
  puckAt(startMs + 80, FORWARD);
  puckAt(startMs + 140, REST);
  await ticks(engine, 10);
  const labels = writer.episodes[0]?.steps.map((step) => `${step.actor}${step.idle ? ' idle' : ''}`);
  assert.deepEqual(labels, ['mixed', 'human', ...Array(5).fill('human idle'), 'policy', 'policy']);
  assert.deepEqual(
    policy.seen.map(({ interrupted }) => interrupted),
    [false, ...Array(7).fill(true), false, false],
    'the policy is told that its plan was not followed',
  );
});

test('a puck that falls silent reads as zero: the person\u2019s ticks turn idle', async () => {
  const { engine, writer, begin, puckAt } = await bench();
  const startMs = await begin();
  puckAt(startMs + 80, FORWARD);
  await ticks(engine, 5);
  assert.deepEqual(
    writer.episodes[0]?.steps.map((step) => [step.actor, step.idle, round(step.action)[0]]),
    [
      ['mixed', false, 0.75],
      ['human', false, 1],
      ['human', true, 0],
      ['human', true, 0],
    ],
  );
});

test('Demonstrate mode: every tick is the human\u2019s, no action is asked of a policy', async () => {
  const { engine, writer, policy, begin, puckAt } = await bench();
  const startMs = await begin('demonstrate');
  puckAt(startMs + 120, FORWARD);
  puckAt(startMs + 200, FORWARD);
  await ticks(engine, 4);
  assert.deepEqual(
    writer.episodes[0]?.steps.map((step) => [step.actor, step.idle, round(step.humanAction)[0], step.policyAction]),
    [
      ['human', true, 0, undefined],
      ['human', false, 1, undefined],
      ['human', false, 1, undefined],
    ],
  );
  assert.ok(policy.seen.every((observation) => !observation.wantAction));
  assert.equal(writer.episodes[0]?.start.mode, 'demonstrate');
  assert.deepEqual([...(writer.episodes[0]?.start.first.embedding ?? [])], [1, 2]);
});

test('masked dimensions are zero in policy, human and executed action', async () => {
  const { engine, writer, policy, begin } = await bench();
  policy.say(() => proposal([0.5, 0, 0, 0, 0, 0, 1]));
  await begin();
  await ticks(engine, 2);
  assert.equal(writer.episodes[0]?.steps[0]?.action[6], 0);
});

test('what safety takes away is not stored as executed', async () => {
  const { engine, writer, policy, begin } = await bench();
  engine.change({ limits: { ...engine.rig().limits, maxLinearMPerSec: 0.05 } });
  policy.say(() => proposal([1, 0, 0]));
  await begin();
  await ticks(engine, 2);
  const step = writer.episodes[0]?.steps[0];
  near(step?.action[0], 0.5, 1e-5);
  assert.deepEqual(step?.safety, ['linear-speed']);
  near(step?.policyAction?.[0], 1);
});

test('the simulator ends an episode; the human\u2019s verdict wins over it, before and after', async () => {
  const { cell, engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 3);
  cell.setOutcome({ success: true });
  engine.verdict('failure', undefined);
  await ticks(engine, 1);
  const [episode] = writer.episodes;
  assert.deepEqual(episode?.end, { outcome: 'failure', judge: 'human' });
  const last = episode?.steps.at(-1);
  assert.deepEqual([last?.terminated, last?.truncated, last?.reward], [true, false, -0.05]);
  assert.equal(engine.loop.phase(), 'resetting');
  engine.verdict('success', undefined);
  assert.deepEqual(writer.events, ['relabel 1 success']);
});

test('success by the simulator: terminated, rewarded, the arm at rest, T+1 observations', async () => {
  const { cell, engine, writer, policy, begin } = await bench();
  await begin();
  await ticks(engine, 3);
  cell.setOutcome({ success: true });
  await ticks(engine, 1);
  const [episode] = writer.episodes;
  assert.deepEqual([episode?.end, episode?.steps.length], [{ outcome: 'success', judge: 'simulator' }, 3]);
  assert.deepEqual([episode?.steps.at(-1)?.reward, episode?.steps.at(-1)?.terminated], [10, true]);
  assert.equal(cell.commands.at(-1)?.setPoint, undefined);
  assert.deepEqual([policy.seen.length, policy.seen.at(-1)?.wantAction], [4, false]);
});

test('discard while running: closed at the next edge, and taken out', async () => {
  const { engine, writer, begin } = await bench();
  await begin();
  await ticks(engine, 2);
  engine.discard(undefined);
  await ticks(engine, 1);
  assert.deepEqual([writer.events, writer.episodes[0]?.end?.outcome], [['discard 1'], 'aborted']);
});

test('Stop from every phase holds at once', async () => {
  const { cell, engine, writer, begin } = await bench();
  const holdsNow = (phase: string) => {
    assert.equal(engine.loop.phase(), phase);
    const before = cell.commands.length;
    engine.loop.stop('Stop was pressed.');
    assert.equal(engine.loop.phase(), 'hold');
    assert.equal(cell.commands.length > before && cell.commands.at(-1)?.setPoint === undefined, true);
    assert.equal(cell.commands.at(-1)?.timeMs, cell.clock.nowMs());
  };
  holdsNow('hold');
  assert.equal(await engine.loop.reset(1), false, 'Stop lasts: no reset leaves it by itself');
  assert.equal(engine.loop.phase(), 'hold');
  engine.loop.release();
  const resetting = engine.loop.reset(1);
  holdsNow('resetting');
  assert.equal(await resetting, false);
  assert.equal(await engine.loop.reset(1), false);
  engine.loop.release();
  await engine.loop.reset(1);
  holdsNow('ready');
  const startMs = await begin();
  cell.clock.at(startMs + 180, () => holdsNow('running'));
  await ticks(engine, 3);
  const [episode] = writer.episodes;
  assert.deepEqual(episode?.end, { outcome: 'aborted', judge: 'human' });
  // Half of the second action was executed: 50 of its 100 ms, and nothing after.
  near(episode?.steps[1]?.action[0], 0.25);
  assert.equal(episode?.steps[1]?.truncated, true);
});

test('HOLD is left only with the puck at neutral', async () => {
  const { engine, hid, cell } = await bench();
  engine.loop.stop('Stop was pressed.');
  const { axesReport } = await import('../rig.ts');
  hid.push(axesReport(FORWARD));
  const refusal = await engine.resume();
  assert.deepEqual([refusal.kind, engine.loop.phase()], ['refused', 'hold']);
  hid.push(axesReport(REST));
  assert.equal((await engine.resume()).kind, 'done');
  assert.equal(cell.resets.length, 1);
});

test('a person’s step that Stop or safety cuts is no imitation target', async () => {
  const { cell, engine, hid, writer, begin } = await bench();
  const { axesReport } = await import('../rig.ts');
  await begin('demonstrate');
  hid.push(axesReport(FORWARD));
  await ticks(engine, 2);
  cell.setWrench([0, 0, -70, 0, 0, 0]);
  await ticks(engine, 2);
  assert.equal(engine.loop.phase(), 'hold');
  const steps = writer.episodes[0]!.steps;
  assert.deepEqual([steps[0]?.actor, steps[0]?.idle], ['human', false]);
  assert.deepEqual([steps.at(-1)?.actor, steps.at(-1)?.idle], ['human', true]);
});

test('Stop while the next policy is loaded: Resume does not move the arm', async () => {
  const { cell, engine, policy, begin } = await bench();
  await begin();
  engine.loop.stop('Stop was pressed.');
  await ticks(engine, 2);
  const loading = Promise.withResolvers<void>();
  const { load } = policy;
  Object.assign(policy, {
    load: async (path: string) => {
      await loading.promise;
      return load(path);
    },
  });
  engine.publish('run-1/10', 'run-1/10.json', 'insert');
  const resets = cell.resets.length;
  const resumed = engine.resume();
  engine.loop.stop('Stop was pressed.');
  loading.resolve();
  assert.equal((await resumed).kind, 'refused');
  assert.deepEqual([engine.loop.phase(), cell.resets.length], ['hold', resets]);
});

test('a policy that misses every deadline makes the arm hold in the end, and says so', async () => {
  const { engine, begin } = await bench({ pace: { kind: 'simulated', latencyMs: 70 } });
  await begin();
  await ticks(engine, 29);
  assert.equal(engine.loop.phase(), 'running');
  await ticks(engine, 2);
  assert.match(engine.status().fault?.what ?? '', /missed its deadline of 60 ms in 30 ticks/);
});

test('robot state that stands still, a force that is too high, a cell without pictures: each holds and says why', async () => {
  for (const [upset, words] of [
    ['stale', /state is 1?\d+ ms old|stale-state/],
    ['force', /pushes with 70 N; above 60 N/],
    ['capture', /no observation: camera gone/],
  ] as const) {
    const { cell, engine, begin } = await bench();
    engine.change({ limits: { ...engine.rig().limits, maxStateAgeMs: 50 } });
    await begin();
    await ticks(engine, 2);
    if (upset === 'stale') cell.freezeState();
    if (upset === 'force') cell.setWrench([0, 0, -70, 0, 0, 0]);
    if (upset === 'capture') cell.failCaptures(new Error('camera gone'));
    await ticks(engine, 2);
    assert.equal(engine.loop.phase(), 'hold', upset);
    assert.match(engine.status().fault?.what ?? '', words);
  }
});

test('a cell that throws where it must not: no tick fails, the arm holds, the reason is told', async () => {
  const { cell, engine, writer, policy, begin } = await bench();
  policy.say(() => proposal([0.5]));
  const state = cell.state;
  const command = cell.command;
  await begin();
  await ticks(engine, 2);
  Object.assign(cell, {
    command: () => {
      throw new Error('link down');
    },
  });
  await ticks(engine, 1);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /link down/);
  Object.assign(cell, { command });
  await ticks(engine, 1);
  const refusedStep = writer.episodes[0]?.steps.at(-1);
  assert.ok(
    refusedStep?.action.every((value) => value === 0),
    'what the arm refused was not executed',
  );
  assert.ok(
    refusedStep?.policyAction?.some((value) => value !== 0),
    'it was proposed all the same',
  );
  await begin();
  await ticks(engine, 2);
  Object.assign(cell, {
    state: () => {
      throw new Error('torn read');
    },
  });
  await ticks(engine, 4);
  assert.equal(engine.loop.phase(), 'hold');
  assert.match(engine.status().fault?.what ?? '', /ms old|stale-state/);
  Object.assign(cell, { state });
});

test('a failing reset holds and says so', async () => {
  const { cell, engine } = await bench();
  cell.failResets(new Error('door open'));
  assert.equal(await engine.loop.reset(1), false);
  assert.deepEqual([engine.loop.phase(), engine.status().fault?.what], ['hold', 'The reset failed: door open']);
});

test('a headless episode that is refused says why and what to do about that, and nothing else', async () => {
  const { cell, engine, writer } = await bench();
  writer.pressureIs({ full: true });
  assert.deepEqual(await runEpisode(engine, { seed: 3, mode: 'demonstrate' }), {
    kind: 'refused',
    message: 'The disk has reached its reserve of free space.',
    remedy: 'Free some space, or choose another project folder with --data.',
  });
  writer.pressureIs({ full: false, stopped: true });
  assert.deepEqual(await runEpisode(engine, { seed: 3, mode: 'run' }), {
    kind: 'refused',
    message: 'The store has stopped: nothing would be recorded.',
    remedy: 'Restart the engine.',
  });
  writer.pressureIs({ stopped: false });
  cell.failResets(new Error('door open'));
  assert.deepEqual(await runEpisode(engine, { seed: 3, mode: 'run' }), {
    kind: 'refused',
    message: 'The cell could not be reset for seed 3: The reset failed: door open',
    remedy: 'Remove the cause, then start the command again.',
  });
});

test('a headless episode runs to its time limit: truncated, T+1 observations, one per period', async () => {
  const { engine, writer } = await bench();
  const run = await runEpisode(engine, { seed: 3, mode: 'run' });
  assert.equal(run.kind, 'ended');
  if (run.kind !== 'ended') return;
  assert.deepEqual([run.episode.steps, run.episode.outcome, run.episode.judge], [100, 'truncated', 'time-limit']);
  const steps = writer.episodes[0]!.steps;
  assert.equal(steps.length, 100);
  assert.deepEqual([steps[99]!.truncated, steps[99]!.terminated, steps[98]!.truncated], [true, false, false]);
  assert.equal(writer.episodes[0]!.start.first.timeMs, steps[0]!.next.timeMs - 100);
  near(run.timing.simulatedSec, 10, 0.1);
});
