/** Half precision: exact values, ties, limits, and the rounding error everywhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { halfBits } from '../../main/tensor/onnx/float16.ts';

function fromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15));
}

test('values with a known encoding', () => {
  const known: readonly (readonly [number, number])[] = [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [1e9, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ];
  for (const [value, bits] of known) assert.equal(halfBits(value), bits, `${value}`);
  assert.ok(Number.isNaN(fromBits(halfBits(Number.NaN))));
});

test('every half is its own encoding', () => {
  for (let bits = 0; bits < 0x7c00; bits++) assert.equal(halfBits(fromBits(bits)), bits);
});

test('other values go to the closest half', () => {
  const rng = createRng(2);
  for (let index = 0; index < 5000; index++) {
    const value = rng.normal() * 10 ** rng.range(-6, 4);
    const bits = halfBits(value);
    const error = Math.abs(fromBits(bits) - value);
    for (const other of [bits - 1, bits + 1])
      if ((other & 0x7fff) < 0x7c00 && other >= 0)
        assert.ok(error <= Math.abs(fromBits(other) - Math.fround(value)) + 1e-12);
  }
});
