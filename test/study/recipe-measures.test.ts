/** Jerk of executed actions: straight lines have none, a zigzag has all there is, masked dimensions do not count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rmsJerk } from '../../main/study/recipe-measures.ts';

const steps = (...values: readonly number[]) => values.map((value) => [value, 100 * value]);
const MASK = [true, false];

test('jerk of executed actions', () => {
  assert.equal(rmsJerk([steps(0, 1, 2, 3)], MASK), 0);
  assert.equal(rmsJerk([steps(0, 1, 4, 9)], MASK), 2, 'a parabola has a constant second difference');
  assert.equal(rmsJerk([steps(0, 1, 0, 1, 0)], MASK), 2);
  assert.equal(rmsJerk([steps(0, 1, 0)], [true, true]), Math.sqrt((4 + 200 ** 2) / 2));
  assert.equal(rmsJerk([steps(0, 1, 0), steps(5, 6, 7)], MASK), Math.sqrt(2), 'no difference across episodes');
  assert.equal(rmsJerk([steps(1, 2), []], MASK), 0);
});
