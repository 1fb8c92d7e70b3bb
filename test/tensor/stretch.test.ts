/** Short broadcasts and sums over leading axes, which are emitted as products with ones: the same values as the interpreter's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import type { Node } from '../../main/tensor/ir.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';
import { assertClose, draw, rngOf, valuesOf } from './harness.ts';

const ort = createOrtBackend({ threads: 1 });

const opTypes = (node: Node, target: 'onnxruntime' | 'webgpu') =>
  onnxProto.onnx.ModelProto.decode(toOnnx(defineStep({ y: node }), { name: 'x', target })).graph!.node!.map(
    ({ opType }) => opType,
  );

const FULL = [100, 16, 7];
const x = t.input('x', FULL);
const column = t.input('column', [100, 16, 1]);
const row = t.input('row', [7]);
const SHORT = {
  'x − row': t.sub(x, row),
  'row − x': t.sub(row, x),
  'x / row': t.div(x, row),
  'x · column': t.mul(x, column),
  'column + x': t.add(column, x),
  'x where column > 0': t.where(t.greater(column, 0), x, 0),
  'row where column > 0, else x': t.where(t.greater(column, 0), row, x),
} as const;

for (const [name, node] of Object.entries(SHORT))
  test(`${name}, over short spans`, async () => {
    assert.ok(opTypes(node, 'onnxruntime').includes('MatMul'), 'this test is about stretched operands');
    assert.ok(!opTypes(node, 'webgpu').includes('MatMul'));
    const rng = rngOf(name);
    const feeds = {
      x: draw(rng, { shape: FULL, dtype: 'float32', low: -2, high: 2 }),
      column: draw(rng, { shape: [100, 16, 1], dtype: 'float32', low: -1, high: 1 }),
      row: draw(rng, { shape: [7], dtype: 'float32', low: 0.5, high: 2 }),
    };
    feeds.column[3] = Number.POSITIVE_INFINITY;
    assertClose(await valuesOf(node, feeds, ort), await valuesOf(node, feeds), 1e-6, name);
  });

test('a label that is not there touches nothing, however wide the mask is stretched', async () => {
  const error = t.where(t.greater(column, 0), x, 0);
  const feeds = { x: new Float64Array(100 * 16 * 7).fill(Number.NaN), column: new Float64Array(1600).fill(-1) };
  assert.deepEqual(new Set(await valuesOf(t.square(error), feeds, ort)), new Set([0]));
});

for (const [shape, axes, keepDims] of [
  [[256, 64], [0], false],
  [[256, 64], [0], true],
  [[1, 256, 64], [1], false],
  [[32, 16, 4, 32], [0, 1], false],
] as const)
  test(`sum of [${shape.join()}] over [${axes.join()}]${keepDims ? ', axes kept' : ''} is a product`, async () => {
    const node = t.sum(t.input('z', shape), axes, keepDims);
    assert.ok(opTypes(node, 'onnxruntime').includes('MatMul') && !opTypes(node, 'webgpu').includes('MatMul'));
    const z = draw(rngOf(`sum ${shape.join()}`), { shape, dtype: 'float32', low: -2, high: 2 });
    assertClose(await valuesOf(node, { z }, ort), await valuesOf(node, { z }), 1e-5, 'sum');
  });

test('sums over trailing, middle and small axes stay what they are', () => {
  for (const [shape, axes] of [
    [[256, 64], [1]],
    [[2, 256, 64], [1]],
    [[4, 64], [0]],
    [[256, 7], [0]],
  ] as const)
    assert.ok(opTypes(t.sum(t.input('z', shape), axes), 'onnxruntime').includes('ReduceSum'), shape.join());
});
