/** The clock of the live cell: time passes only while a caller sleeps on it, and stops at the time slept for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock, patience } from '../../../../main/api/clock.ts';
import { createPacedClock } from '../../../../native/sim/realtime/paced-clock.ts';

/** A servo that moves when the test calls `arrive`. */
function rig() {
  const host = createVirtualClock();
  const moves: { readonly toMs: number; readonly arrive: () => void }[] = [];
  let reachedMs = 0;
  const mover = {
    reachedMs: () => reachedMs,
    moveToMs: (toMs: number) =>
      new Promise<void>((resolve) => {
        moves.push({ toMs, arrive: resolve });
      }),
  };
  const clock = createPacedClock(mover, () => 0, host);
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return {
    host,
    clock,
    moves,
    settle,
    reach: (timeMs: number) => {
      reachedMs = timeMs;
    },
    /** Completes the newest move of the servo. */
    arrive: async () => {
      const move = moves.at(-1);
      reachedMs = move?.toMs ?? 0;
      move?.arrive();
      await settle();
    },
  };
}

test('time stands still while no caller sleeps on it', async () => {
  const { clock, moves, host, settle } = rig();
  clock.at(50, () => assert.fail('no caller slept that long'));
  host.advanceToMs(1000);
  await settle();
  assert.equal(clock.nowMs(), 0);
  assert.equal(moves.length, 0);
});

test('a sleep stops at every callback before its end, in order, and shows each its own time', async () => {
  const { clock, moves, arrive } = rig();
  const seen: [string, number][] = [];
  clock.at(30, () => seen.push(['b', clock.nowMs()]));
  clock.at(7, () => seen.push(['a', clock.nowMs()]));
  const slept = clock.sleepUntilMs(100).then(() => seen.push(['end', clock.nowMs()]));
  for (const toMs of [7, 30, 100]) {
    assert.equal(moves.at(-1)?.toMs, toMs);
    await arrive();
  }
  await slept;
  assert.deepEqual(seen, [
    ['a', 7],
    ['b', 30],
    ['end', 100],
  ]);
  assert.equal(moves.length, 3);
});

test('between substeps it shows how far the servo is, never past what was slept for', async () => {
  const { clock, reach, arrive } = rig();
  const slept = clock.sleepUntilMs(33);
  reach(20);
  assert.equal(clock.nowMs(), 20);
  reach(34);
  assert.equal(clock.nowMs(), 33);
  await arrive();
  await slept;
  assert.equal(clock.nowMs(), 33);
});

test('the rate is that of the last two seconds', async () => {
  const { clock, host, reach } = rig();
  assert.equal(clock.pacing.realTimeFactor(), undefined);
  void clock.sleepUntilMs(10_000);
  for (let ms = 0; ms <= 4000; ms += 50) {
    reach(ms < 2000 ? ms : 2000 + (ms - 2000) / 2);
    host.advanceToMs(ms);
  }
  assert.ok(Math.abs((clock.pacing.realTimeFactor() ?? 0) - 0.5) < 0.02, `${clock.pacing.realTimeFactor()}`);
  clock.close();
});

test('patience counts only time in which this process ran', () => {
  let nowMs = 0;
  let due: (() => void) | undefined;
  const clock = {
    ...createVirtualClock(),
    nowMs: () => nowMs,
    at: (_timeMs: number, callback: () => void) => {
      due = callback;
      return () => {
        due = undefined;
      };
    },
  };
  const passMs = (ms: number) => {
    nowMs += ms;
    due?.();
  };
  let over = 0;
  patience(clock, 5000, () => over++);
  // A suspended machine: one timer fires, late.
  passMs(60_000);
  for (let slice = 0; slice < 8; slice++) passMs(500);
  assert.equal(over, 0);
  passMs(500);
  assert.equal(over, 1);
  patience(clock, 5000, () => over++)();
  assert.equal(due, undefined, 'ended: nothing waits any more');
});
