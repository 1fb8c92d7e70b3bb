/** Weights that a model stores in half precision: exact values, ties, limits, and the rounding error everywhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { createRng } from '../../main/api/rng.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { input, neg } from '../../main/tensor/tensor.ts';

/** The bits in which a model stores `values` as float16. */
function halfBits(values: readonly number[]): readonly number[] {
  const step = defineStep({ y: neg(input('weights', [values.length])) });
  const bytes = toOnnx(step, { name: 'halves', initializers: { weights: values }, stored: { weights: 'float16' } });
  const { rawData } = onnxProto.onnx.ModelProto.decode(bytes).graph!.initializer!.find(
    ({ name }) => name === 'weights',
  )!;
  const view = new DataView(rawData!.slice().buffer);
  return values.map((_, index) => view.getUint16(2 * index, true));
}

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
  const found = halfBits(known.map(([value]) => value));
  for (const [index, [value, bits]] of known.entries()) assert.equal(found[index], bits, `${value}`);
  assert.ok(Number.isNaN(fromBits(halfBits([Number.NaN])[0]!)));
});

test('every half is its own encoding', () => {
  const every = Array.from({ length: 0x7c00 }, (_, bits) => bits);
  assert.deepEqual(halfBits(every.map(fromBits)), every);
});

test('other values go to the closest half', () => {
  const rng = createRng(2);
  const values = Array.from({ length: 5000 }, () => rng.normal() * 10 ** rng.range(-6, 4));
  const found = halfBits(values);
  for (const [index, value] of values.entries()) {
    const bits = found[index]!;
    const error = Math.abs(fromBits(bits) - value);
    for (const other of [bits - 1, bits + 1])
      if ((other & 0x7fff) < 0x7c00 && other >= 0)
        assert.ok(error <= Math.abs(fromBits(other) - Math.fround(value)) + 1e-12);
  }
});
