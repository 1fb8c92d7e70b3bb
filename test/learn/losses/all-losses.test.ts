/** Every loss there is: gradients against central differences at random points, ONNX Runtime against double precision. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Node } from '../../../main/tensor/ir.ts';
import { real } from '../../../main/tensor/ops/op.ts';
import { add, mul, square, stopGradient, sum } from '../../../main/tensor/tensor.ts';
import { checkRow, SEED } from './harness.ts';
import { ROWS } from './rows.ts';

/** Files in which nothing has a gradient, each with its own test. */
const WITHOUT_GRADIENT = new Set([
  'likelihood/action-bins',
  'combine',
  'reinforcement/gae',
  'loss-entry',
  'loss-inputs',
  'generative/noise-schedule',
  'loss-registry',
]);

test('every loss file has a row here', () => {
  const folder = new URL('../../../main/learn/losses/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/').replace('.ts', ''));
  const expected = files.filter((name) => !WITHOUT_GRADIENT.has(name));
  assert.deepEqual(Object.keys(ROWS).sort(), expected.sort());
});

for (const [file, rows] of Object.entries(ROWS))
  for (const row of rows) test(`${file}: ${row.title} (seed ${SEED})`, () => checkRow(row));

test('the check itself finds a gradient that is missing', async () => {
  const inputs = { x: real([3]) };
  const halved = (x: Node) => sum(square(add(mul(x, 0.5), stopGradient(mul(x, 0.5)))));
  await assert.rejects(
    checkRow({ title: 'halved', inputs, by: ['x'], loss: (x) => halved(x('x')) }),
    /seed 7: gradient by x/,
  );
});
