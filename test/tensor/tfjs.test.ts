/**
 * TensorFlow.js as a backend, by its pure-JS package, which takes the same path as the package for graphics cards. Every op is
 * compared with the interpreter on its own cases, and nothing may be left in memory.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import util from 'node:util';
import { createTfjsBackend, loadTensorFlow, TensorFlowUnavailable } from '../../main/tensor/backends/tfjs.ts';
import { grad } from '../../main/tensor/grad.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';
import { assertClose, draw, entryOf, nodeOfCase, opNames, rngOf, valuesOf } from './harness.ts';

const tf = await loadTensorFlow('@tensorflow/tfjs');
await tf.setBackend('cpu');
const backend = createTfjsBackend(tf);
const TOLERANCE = 1e-5;

for (const op of opNames)
  for (const [index, each] of entryOf(op).cases.entries()) {
    const shapes = each.inputs.map(({ shape, dtype }) => `${dtype}[${shape.join(',')}]`).join(' ');
    const title = `${op} #${index}: ${shapes}`;
    test(`TensorFlow.js agrees on ${title}`, async () => {
      const { node } = nodeOfCase(op, each);
      const rng = rngOf(title);
      const feeds = Object.fromEntries(each.inputs.map((sample, at) => [`x${at}`, draw(rng, sample)]));
      const actual = await valuesOf(node, feeds, backend);
      assertClose(actual, await valuesOf(node, feeds), each.tolerance ?? TOLERANCE, title);
    });
  }

test('a run frees all that it has made, also when it is refused half-way; a disposed step keeps nothing', async () => {
  const x = t.input('x', [3, 4]);
  const [gradient] = grad(t.sum(t.square(t.layerNorm(x, t.ones([4]), t.constant([1, 2, 3, 4])))), [x]);
  const places = t.input('places', [2], 'int64');
  const before = tf.memory().numTensors;
  const compiled = await backend.compile(defineStep({ gradient: gradient!, same: x, some: t.gather(x, places, 0) }));
  const kept = tf.memory().numTensors;
  const feeds = { x: Array.from({ length: 12 }, (_, index) => index * index), places: [0, -1] };
  const first = await compiled.run(feeds);
  await assert.rejects(compiled.run({ ...feeds, places: [0] }), /input places: got 1 elements/);
  assert.deepEqual(await compiled.run(feeds), first);
  assert.equal(tf.memory().numTensors, kept);
  await compiled.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('results are not the caller’s own arrays', async () => {
  const x = Float32Array.of(1, 2);
  const compiled = await backend.compile(defineStep({ same: t.input('x', [2]) }));
  const { same } = await compiled.run({ x });
  x[0] = 9;
  assert.deepEqual([...same!.data], [1, 2]);
  await compiled.dispose();
});

test('loading puts back what Node has removed from util', () => {
  const { isNullOrUndefined } = util as unknown as { isNullOrUndefined: (value: unknown) => boolean }; // Node's types do not have it.
  assert.deepEqual([undefined, null, 0, ''].map(isNullOrUndefined), [true, true, false, false]);
});

test('a package that is not installed is refused with how to add it', async () => {
  await assert.rejects(loadTensorFlow('@tensorflow/not-installed'), (error: unknown) => {
    assert.ok(error instanceof TensorFlowUnavailable);
    assert.match(error.message, /@tensorflow\/not-installed is not installed/);
    assert.match(error.remedy, /npm install --no-save @tensorflow\/not-installed@4/);
    return true;
  });
});
