/** Tests that a push away from the viewer moves the tool away from the viewer, for every direction of the view. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseTwistFromPuck, DEFAULT_TELEOP_MAP } from '../../main/api/teleop.ts';
import { turnedWithView } from '../../renderer/driving/view-relative.ts';

const AWAY = [0, -1, 0, 0, 0, 0] as const;
const RIGHT = [1, 0, 0, 0, 0, 0] as const;

for (const headingRad of [0, Math.PI / 2, -Math.PI / 2, 2.3, Math.PI])
  test(`seen along ${headingRad.toFixed(2)} rad`, () => {
    const near = (actual: number | undefined, expected: number) =>
      assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 0.05, `${actual} is not ${expected}`);
    const away = baseTwistFromPuck(turnedWithView(AWAY, headingRad), { ...DEFAULT_TELEOP_MAP, deadZone: 0 });
    near(away[0], Math.cos(headingRad));
    near(away[1], Math.sin(headingRad));
    const right = baseTwistFromPuck(turnedWithView(RIGHT, headingRad), { ...DEFAULT_TELEOP_MAP, deadZone: 0 });
    near(right[0], Math.sin(headingRad));
    near(right[1], -Math.cos(headingRad));
  });

test('a full diagonal stays within the range of an axis', () => {
  for (const value of turnedWithView([1, -1, 0, 1, 1, 0], 0.7)) assert.ok(Math.abs(value) <= 1);
});
