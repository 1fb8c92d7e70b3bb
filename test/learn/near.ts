/** Comparison of numbers that came from different arithmetic. */
import assert from 'node:assert/strict';

/** Every pair agrees within `tolerance`, relative to 1 + |expected|. */
export function assertNear(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = '',
): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(Number(actual[index]) - expected[index]!);
    assert.ok(
      difference <= tolerance * (1 + Math.abs(expected[index]!)),
      `${what}[${index}]: ${actual[index]} instead of ${expected[index]}`,
    );
  }
}
