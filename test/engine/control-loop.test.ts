import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runEpisode } from '../../main/engine/headless.ts';
import { bench, proposal, ticks } from './rig.ts';

const near = (actual: number | undefined, expected: number, tolerance = 1e-6) =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('an action takes effect 30 ms after the edge, as a set-point one period long from the measured pose', async () => {
  const { cell, engine, writer, policy } = await bench();
  policy.say(() => proposal([0.5, 0, 0]));
  const startMs = await engineStart(engine, cell);
  await ticks(engine, 3);
  const moves = cell.commands.filter((command) => command.setPoint);
  assert.deepEqual(
    moves.map((command) => command.timeMs - startMs),
    [30, 130, 230],
  );
  assert.ok(moves.every((command) => command.setPoint?.rampMs === 100));
  // The tool points down (turned about x): +x stays +x.
  near(moves[1]!.setPoint!.baseFromTool.positionM[0], moves[1]!.measuredM[0] + 0.005);
  const [episode] = writer.episodes;
  assert.equal(episode?.steps.length, 2);
  assert.deepEqual([...episode!.steps[0]!.action], [0.5, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(
    episode!.steps.map((step) => [step.index, step.actor, step.effectDelayMs, step.late]),
    [
      [0, 'policy', 30, false],
      [1, 'policy', 30, false],
    ],
  );
});

async function engineStart(engine: Awaited<ReturnType<typeof bench>>['engine'], cell: { clock: { nowMs(): number } }) {
  await engine.loop.reset(7);
  engine.loop.anchor(cell.clock.nowMs());
  engine.loop.start();
  return cell.clock.nowMs();
}

test('a headless episode runs to its time limit: truncated, T+1 observations, one per period', async () => {
  const { engine, writer } = await bench();
  const run = await runEpisode(engine, { seed: 3, mode: 'run' });
  assert.equal(run.kind, 'ended');
  if (run.kind !== 'ended') return;
  assert.deepEqual([run.episode.steps, run.episode.outcome, run.episode.judge], [100, 'truncated', 'time-limit']);
  const steps = writer.episodes[0]!.steps;
  assert.equal(steps.length, 100);
  assert.deepEqual(
    [steps[99]!.truncated, steps[99]!.terminated, steps[98]!.truncated],
    [true, false, false],
  );
  assert.equal(writer.episodes[0]!.start.first.timeMs, steps[0]!.next.timeMs - 100);
  near(run.timing.simulatedSec, 10, 0.1);
});
