/** The contract of `Backend`, the same for each, and that of steps. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { createTfjsBackend, loadTensorFlow } from '../../main/tensor/backends/tfjs.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { createNode } from '../../main/tensor/ir.ts';
import { check, defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';

const step = () => {
  const x = t.input('x', [2, 2]);
  const rate = t.input('rate', []);
  const index = t.input('index', [1], 'int64');
  return defineStep({
    'new x': t.sub(x, t.mul(rate, t.square(x))),
    row: t.gather(x, index, 0),
    positive: t.greater(x, 0),
    'new index': t.sub(1, index),
  });
};

const backends = {
  interpreter,
  'one thread': createOrtBackend({ threads: 1 }),
  'two threads': createOrtBackend({ threads: 2 }),
  'pure JavaScript': createTfjsBackend(await loadTensorFlow('@tensorflow/tfjs')),
};

for (const [title, backend] of Object.entries(backends))
  suite(`${backend.name}, ${title}`, () => {
    test('takes every kind of value; results go back in', async () => {
      const compiled = await backend.compile(step());
      const first = await compiled.run({ x: [1, -2, 3, -4], rate: 0.5, index: Int32Array.of(1) });
      assert.deepEqual(Array.from(first['new x']!.data, Number), [0.5, -4, -1.5, -12]);
      assert.deepEqual(
        [first['row']!.shape, Array.from(first['row']!.data, Number)],
        [
          [1, 2],
          [3, -4],
        ],
      );
      assert.deepEqual({ ...first['positive'] }, { shape: [2, 2], dtype: 'bool', data: Uint8Array.of(1, 0, 1, 0) });
      assert.deepEqual({ ...first['new index'] }, { shape: [1], dtype: 'int64', data: BigInt64Array.of(0n) });

      const second = await compiled.run({ x: first['new x']!, rate: 0, index: first['new index']! });
      assert.deepEqual(Array.from(second['row']!.data, Number), [0.5, -4]);
      await compiled.dispose();
    });

    test('leaves inputs as they are; fills the buffers it is lent', async () => {
      const compiled = await backend.compile(step());
      const x = Float32Array.of(1, 2, 3, 4);
      const into = { 'new x': { shape: [2, 2], dtype: 'float32', data: new Float32Array(4) } } as const;
      const results = await compiled.run({ x, rate: 1, index: [0] }, into);
      assert.deepEqual([...x], [1, 2, 3, 4]);
      assert.deepEqual(Array.from(results['new x']!.data, Number), [0, -2, -6, -12]);
      if (backend !== interpreter) assert.deepEqual([...into['new x'].data], [0, -2, -6, -12]);
      await compiled.dispose();
    });

    test('refuses what does not fit, by name', async () => {
      const compiled = await backend.compile(step());
      const good = { x: [1, 2, 3, 4], rate: 1, index: [0] };
      await assert.rejects(compiled.run({ x: good.x, rate: 1 }), /missing \[index\], not of this step \[\]/);
      await assert.rejects(compiled.run({ ...good, extra: 1 }), /missing \[\], not of this step \[extra\]/);
      await assert.rejects(
        compiled.run({ ...good, x: [1, 2] }),
        /input x: got 2 elements, the step asks for float32\[2,2\]/,
      );
      const flags = { shape: [2, 2], dtype: 'bool', data: new Uint8Array(4) } as const;
      await assert.rejects(compiled.run({ ...good, x: flags }), /input x: got bool\[2,2\]/);
      await compiled.dispose();
    });

    test('a matrix of one shape is not one of another with as many elements', async () => {
      const compiled = await backend.compile(step());
      const tall = { shape: [4, 1], dtype: 'float32', data: new Float32Array(4) } as const;
      await assert.rejects(compiled.run({ x: tall, rate: 1, index: [0] }), /input x: got float32\[4,1\]/);
      await compiled.dispose();
    });
  });

test('a step declares the inputs it depends on, each name once', () => {
  assert.deepEqual(Object.keys(step().inputs).sort(), ['index', 'rate', 'x']);
  const twice = t.add(t.input('x', [2]), t.input('x', [2]));
  assert.throws(() => defineStep({ twice }), /two inputs are named x: from .*backend\.test\.ts:\d+ and from/);
  assert.throws(() => defineStep({ x: t.exp(t.input('x', [2])) }), /x names both an input and another output/);
});

test('check finds a node whose type is not what its operands make', () => {
  const x = t.input('x', [2]);
  const wrong = createNode('neg', [x], {}, { shape: [3], dtype: 'float32' });
  assert.throws(
    () => check({ inputs: { x }, outputs: { wrong } }),
    /neg is float32\[3\], its operands make float32\[2\]/,
  );
  assert.throws(() => check({ inputs: {}, outputs: { y: t.neg(x) } }), /not declared by the step/);
});

test('ONNX Runtime flushes denormals to zero: they would slow the optimiser down', async () => {
  const x = t.input('x', [1]);
  const compiled = await createOrtBackend({ threads: 1 }).compile(defineStep({ y: t.mul(x, 0.5) }));
  const smallestNormal = 2 ** -126;
  const { y } = await compiled.run({ x: [smallestNormal] });
  await compiled.dispose();
  assert.equal(y!.data[0], 0);
});
