/** Thinning a curve: short ones untouched, long ones bounded, in order, with every extreme kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeriesPoint, thinSeries } from '../../../data/reading/thin-series.ts';
import { createRng } from '../../../main/api/rng.ts';

const curve = (count: number, value: (index: number) => number): SeriesPoint[] =>
  Array.from({ length: count }, (_, index) => [20 * (index + 1), value(index)]);

test('a curve that fits is left as it is, an empty one too', () => {
  const short = curve(40, (index) => index);
  assert.equal(thinSeries(short, 40), short);
  assert.deepEqual(thinSeries([], 40), []);
});

test('a long curve keeps its ends, its lowest and its highest value, in rising steps and within bounds', () => {
  const rng = createRng(5);
  for (const atMost of [4, 5, 50, 300]) {
    const long = curve(5000, (index) => (index === 3217 ? 99 : index === 811 ? -99 : rng.normal()));
    const thin = thinSeries(long, atMost);
    assert.ok(thin.length <= atMost, `${thin.length} points, at most ${atMost}`);
    assert.deepEqual([thin[0], thin.at(-1)], [long[0], long.at(-1)]);
    assert.ok(thin.some(([, value]) => value === 99) && thin.some(([, value]) => value === -99));
    assert.ok(thin.every(([step], index) => index === 0 || step > thin[index - 1]![0]));
  }
});

test('a spike inside any stretch is kept', () => {
  for (let at = 1; at < 999; at += 37) {
    const long = curve(1000, (index) => (index === at ? 7 : 0));
    assert.ok(
      thinSeries(long, 60).some(([step, value]) => step === 20 * (at + 1) && value === 7),
      `spike at ${at}`,
    );
  }
});
