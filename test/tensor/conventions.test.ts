/**
 * Values and gradients at kinks, ties and extremes, on both backends; and what the composed functions of tensor.ts return.
 * The conventions are PyTorch's, except on the edges of clip (`main/tensor/ops/elementwise.ts`).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import * as t from '../../main/tensor/tensor.ts';
import { assertClose, valuesOf } from './harness.ts';

const { POSITIVE_INFINITY: infinity } = Number;
const x = (size: number) => t.input('x', [size]);

interface Row {
  readonly name: string;
  readonly at: readonly number[];
  readonly f: (x: t.Node) => t.Node;
  readonly value: readonly number[];
  /** The derivative d Σ f / dx. */
  readonly gradient: readonly number[];
}

const table: readonly Row[] = [
  { name: 'relu', at: [-1, 0, 2], f: t.relu, value: [0, 0, 2], gradient: [0, 0, 1] },
  { name: 'abs', at: [-1, 0, 2], f: t.abs, value: [1, 0, 2], gradient: [-1, 0, 1] },
  { name: 'sign', at: [-3, 0, 2], f: t.sign, value: [-1, 0, 1], gradient: [0, 0, 0] },
  { name: 'floor', at: [-0.5, 1, 1.5], f: t.floor, value: [-1, 1, 1], gradient: [0, 0, 0] },
  {
    name: 'clip',
    at: [-2, -1, 0, 1, 2],
    f: (v) => t.clip(v, -1, 1),
    value: [-1, -1, 0, 1, 1],
    gradient: [0, 1, 1, 1, 0],
  },
  {
    name: 'clip between tensors',
    at: [-2, -1, 0, 1, 2],
    f: (v) => t.clip(v, t.constant(-1), t.constant(1)),
    value: [-1, -1, 0, 1, 1],
    gradient: [0, 1, 1, 1, 0],
  },
  { name: 'maximum', at: [0, 1, 2], f: (v) => t.maximum(v, 1), value: [1, 1, 2], gradient: [0, 0.5, 1] },
  { name: 'minimum', at: [0, 1, 2], f: (v) => t.minimum(1, v), value: [0, 1, 1], gradient: [1, 0.5, 0] },
  { name: 'max with ties', at: [2, 1, 2], f: (v) => t.max(v), value: [2], gradient: [0.5, 0, 0.5] },
  { name: 'min with ties', at: [1, 1, 2], f: (v) => t.min(v, 0, true), value: [1], gradient: [0.5, 0.5, 0] },
  { name: 'sqrt at 0', at: [0, 4], f: t.sqrt, value: [0, 2], gradient: [infinity, 0.25] },
  { name: 'log at 0', at: [0, 2], f: t.log, value: [-infinity, Math.log(2)], gradient: [infinity, 0.5] },
  { name: 'softplus', at: [-1000, 0, 1000], f: t.softplus, value: [0, Math.LN2, 1000], gradient: [0, 0.5, 1] },
  { name: 'sigmoid', at: [-1000, 0, 1000], f: t.sigmoid, value: [0, 0.5, 1], gradient: [0, 0.25, 0] },
  { name: 'logSumExp', at: [1000, 1000], f: (v) => t.logSumExp(v, 0), value: [1000 + Math.LN2], gradient: [0.5, 0.5] },
  { name: 'square', at: [-1, 0], f: t.square, value: [1, 0], gradient: [-2, 0] },
  { name: 'pow 0', at: [-1, 0], f: (v) => t.pow(v, 0), value: [1, 1], gradient: [0, 0] },
  { name: 'stopGradient', at: [3], f: (v) => t.mul(v, t.stopGradient(v)), value: [9], gradient: [3] },
  { name: 'where', at: [-1, 2], f: (v) => t.where(t.greater(v, 0), v, t.mul(v, 3)), value: [-3, 2], gradient: [3, 1] },
];

for (const backend of [interpreter, createOrtBackend({ threads: 1 })])
  for (const { name, at, f, value, gradient } of table)
    test(`${name} on ${backend.name}`, async () => {
      const operand = x(at.length);
      const result = f(operand);
      const feeds = { x: Float64Array.from(at) };
      assertClose(await valuesOf(result, feeds, backend), value, 1e-6, 'value');
      const [d] = grad(t.sum(result), [operand]);
      assertClose(await valuesOf(d!, feeds, backend), gradient, 2e-5, 'gradient');
    });

test('split, stack and unsqueeze', async () => {
  const six = t.constant([1, 2, 3, 4, 5, 6], [2, 3]);
  const [left, right] = t.split(six, 1, [1, 2]);
  assert.deepEqual(
    [left!.shape, right!.shape],
    [
      [2, 1],
      [2, 2],
    ],
  );
  assert.deepEqual(await valuesOf(right!), [2, 3, 5, 6]);
  assert.deepEqual(t.unsqueeze(six, [0, -1]).shape, [1, 2, 3, 1]);
  assert.deepEqual(t.stack([six, six], 1).shape, [2, 2, 3]);
  assert.deepEqual(await valuesOf(t.stack([six, t.zeros([2, 3])], -1)), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
  assert.throws(() => t.split(six, 1, [1, 1]), /sizes 1 \+ 1 make 2, the axis has 3/);
});

test('errors name the op, its operands and where they were made', () => {
  const a = t.input('a', [2, 3]);
  assert.throws(
    () => t.add(a, t.input('b', [4])),
    /add: shapes \[2,3\] and \[4\] do not broadcast\n.*conventions\.test\.ts:\d+/s,
  );
  assert.throws(() => t.matmul(a, a), /matmul: \[2,3\] times \[2,3\]/);
  assert.throws(() => t.concat([a, t.input('c', [3, 3])], 1), /concat: operands differ beside axis 1/);
  assert.throws(() => t.reshape(a, [4, -1]), /reshape: \[2,3\] and \[4,1.5\] differ in size/);
  assert.throws(() => t.add(t.greater(a, 0), t.greater(a, 1)), /no arithmetic on booleans/);
  assert.throws(() => grad(a, [a]), /the loss must be float32\[\], got float32\[2,3\] from .*conventions\.test\.ts/);
});

test('a gradient without a path is zero', async () => {
  const [a, b] = [t.input('a', [2]), t.input('b', [2, 2])];
  const [, db] = grad(t.sum(a), [a, b]);
  assert.deepEqual(db!.shape, [2, 2]);
  assert.deepEqual(await valuesOf(db!), [0, 0, 0, 0]);
});

test('a gradient for an inner node', async () => {
  const a = t.constant([1, 2]);
  const inner = t.mul(a, 3);
  const [d] = grad(t.sum(t.square(inner)), [inner]);
  assert.deepEqual(await valuesOf(d!), [6, 12]);
});
