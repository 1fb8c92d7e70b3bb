/** A worn SpaceMouse beside the keys of a window: neutral means the same from the device to the driver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../../main/api/clock.ts';
import {
  baseTwistFromPuck,
  DEFAULT_TAKEOVER,
  DEFAULT_TELEOP_MAP,
  deflectionOf,
  isNeutral,
} from '../../main/api/teleop.ts';
import { arbitrate, FRESH } from '../../main/engine/loop/arbitration.ts';
import { createWindowPuck, mergePucks } from '../../main/engine/pucks.ts';
import { createFakeHid } from '../../native/fake-hid.ts';
import { createSpaceMouse } from '../../native/spacemouse.ts';

const FULL_SCALE = 350;
const TICK_MS = 100;
const START_MS = 1000;
const END_MS = 4000;

/**
 * Returns the ticks that moved the arm in three seconds. The worn device reports every 8 ms; W is repeated at 30 Hz.
 */
async function ticksThatMove(restCounts: number, takeover = DEFAULT_TAKEOVER) {
  const clock = createVirtualClock(START_MS);
  const hid = createFakeHid();
  const spaceMouse = createSpaceMouse({ transport: hid, clock, takeover: () => takeover });
  const windowPuck = createWindowPuck(clock);
  const puck = mergePucks([spaceMouse, windowPuck], () => takeover);
  await puck.open();
  let state = FRESH;
  const feed = (kind: 'reading' | 'edge') => {
    const { axes, buttons } = puck.reading();
    const input = { kind, timeMs: clock.nowMs(), deflection: deflectionOf(axes), buttons };
    state = arbitrate(state, input, takeover).state;
    return axes;
  };
  puck.onReading(() => feed('reading'));
  let moved = 0;
  let idle = 0;
  for (let timeMs = START_MS; timeMs < END_MS; timeMs += 2) {
    clock.advanceToMs(timeMs);
    if (timeMs % 8 === 0) hid.push(Uint8Array.from([1, restCounts & 0xff, restCounts >> 8, 0, 0, 0, 0]));
    if (timeMs % 32 === 0) windowPuck.feed('keyboard', [0, -1, 0, 0, 0, 0], 0);
    if (timeMs % TICK_MS !== TICK_MS / 2) continue;
    const axes = feed('edge');
    if (state.driver !== 'human') continue;
    if (isNeutral(deflectionOf(axes), takeover)) idle++;
    else if (Math.abs(baseTwistFromPuck(axes, DEFAULT_TELEOP_MAP)[0]) > 0.9) moved++;
  }
  return { moved, idle, driver: state.driver };
}

const TICKS = (END_MS - START_MS) / TICK_MS;

test('W moves the arm in every tick, however a SpaceMouse at rest reads below neutral', async () => {
  for (let counts = 0; counts <= DEFAULT_TAKEOVER.neutralDeflection * FULL_SCALE; counts++)
    assert.deepEqual(await ticksThatMove(counts), { moved: TICKS, idle: 0, driver: 'human' }, `${counts} of 350`);
});

test('what counts as neutral is the setting in force, up to its largest', async () => {
  const takeover = { ...DEFAULT_TAKEOVER, engageDeflection: 0.5, neutralDeflection: 0.4 };
  assert.deepEqual(await ticksThatMove(0.4 * FULL_SCALE, takeover), { moved: TICKS, idle: 0, driver: 'human' });
});
