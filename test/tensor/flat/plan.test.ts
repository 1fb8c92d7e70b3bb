/**
 * Steps divided between ONNX Runtime and kernels: results equal those of one graph to the bit, whatever the step looks like; the
 * contract of `Compiled`; updates unrolled into one step share a session. Left out are sums over rows that begin off a
 * register's edge, which ONNX Runtime adds in another order. A failure names the seed; `PLAN_SEED=n` runs that seed alone.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import type { TensorValue } from '../../../main/tensor/backend.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { compilePlan } from '../../../main/tensor/flat/compile-plan.ts';
import { planStep } from '../../../main/tensor/flat/plan.ts';
import { defineStep, type Step } from '../../../main/tensor/step.ts';
import * as t from '../../../main/tensor/tensor.ts';
import { stepInputs } from '../../learn/step-inputs.ts';
import { COUNT, randomProgram, training } from './programs.ts';

const divided = createOrtBackend({ threads: 1 });
const whole = createOrtBackend({ threads: 1, wholeGraph: true });

const data = (value: TensorValue | undefined) => Array.from(value!.data, Number);

async function same(step: Step, seed: number): Promise<void> {
  const inputs = stepInputs(step, createRng(seed));
  const [one, two] = await Promise.all([divided, whole].map((backend) => backend.compile(step)));
  const [found, expected] = [await one!.run(inputs), await two!.run(inputs)];
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(found[name]!.shape, value.shape, `seed ${seed}: shape of ${name}`);
    assert.deepEqual(data(found[name]), data(value), `seed ${seed}: ${name}`);
  }
  await Promise.all([one!.dispose(), two!.dispose()]);
}

suite('a step divided between ONNX Runtime and kernels', () => {
  for (const updates of [1, 2, 3]) test(`${updates} updates, to the bit`, () => same(training(updates), updates));

  test('twenty updates alike take three sessions: the first, those between, the last', async () => {
    let opened = 0;
    const step = training(20, false);
    const open = async () => {
      opened++;
      return { run: async () => ({}), dispose: async () => {} };
    };
    const compiled = await compilePlan(planStep(step)!, open, { name: 'counted', threads: 1 });
    await compiled?.dispose();
    assert.ok(opened <= 3, `${opened} sessions were opened`);
  });

  test('what is short, or seen by more than kernels, stays in one graph', () => {
    const x = t.input('x', [COUNT]);
    const rate = t.input('rate', []);
    const chain = (vector: t.Node) => t.sqrt(t.add(t.square(t.mul(vector, rate)), 1));
    const total = t.sum(x);
    assert.equal(planStep(defineStep({ total, y: chain(t.input('few', [100])) })), undefined, 'few numbers');
    assert.equal(planStep(defineStep({ total, y: t.mul(x, rate) })), undefined, 'one operation');
    assert.equal(planStep(defineStep({ total: t.sum(chain(x)) })), undefined, 'not the end of a computation');
    assert.equal(planStep(defineStep({ y: chain(x) })), undefined, 'nothing else');
    assert.notEqual(planStep(defineStep({ total, y: chain(x) })), undefined);
  });

  test('tiny numbers are flushed to zero as ONNX Runtime does: they would slow the optimiser down', async () => {
    const x = t.input('x', [COUNT]);
    const halved = t.mul(x, t.input('rate', []));
    const step = defineStep({ y: t.mul(t.add(halved, halved), t.neg(x)), z: t.neg(t.neg(halved)), total: t.sum(x) });
    assert.notEqual(planStep(step), undefined);
    const compiled = await divided.compile(step);
    const { y } = await compiled.run({ x: new Float32Array(COUNT).fill(2 ** -126), rate: 0.5 });
    await compiled.dispose();
    assert.equal(Math.abs(Number(y!.data[0])), 0);
  });
});

suite('the contract of what it compiles to', () => {
  const state = () => ({ ...stepInputs(training(2), createRng(7)) }) as Record<string, Float32Array>;

  test('inputs stay as they are, wherever they lie; results are not written to again', async () => {
    const compiled = await divided.compile(training(2));
    const inputs = state();
    const placed = compiled.allocate(COUNT);
    placed.set(inputs['p']!);
    const before = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]]));
    const first = await compiled.run({ ...inputs, p: placed });
    const kept = data(first['next.p']);
    await compiled.run({ ...inputs, p: first['next.p']! });
    assert.deepEqual([...placed], before['p']);
    for (const [name, values] of Object.entries(inputs)) assert.deepEqual([...values], before[name], name);
    assert.deepEqual(data(first['next.p']), kept);
    await compiled.dispose();
  });

  test('arrays of its own and arrays of others serve alike, as inputs and as memory for results', async () => {
    const compiled = await divided.compile(training(2));
    const inputs = state();
    const expected = data((await compiled.run(inputs))['next.variance']);
    for (const array of [compiled.allocate(COUNT), new Float32Array(COUNT)]) {
      const into = { 'next.variance': { shape: [COUNT], dtype: 'float32', data: array } } as const;
      const found = await compiled.run(inputs, into);
      assert.equal(found['next.variance']!.data, array);
      assert.deepEqual([...array], expected);
    }
    const own = compiled.allocate(COUNT);
    own.set(inputs['variance']!);
    assert.deepEqual(data((await compiled.run({ ...inputs, variance: own }))['next.variance']), expected);
    // Beyond the memory of the step, arrays lie in ordinary memory.
    const many = Array.from({ length: 20 }, () => compiled.allocate(COUNT));
    assert.ok(many.every((array) => array.length === COUNT && array.every((value) => value === 0)));
    await compiled.dispose();
  });

  test('memory from which an input is read is not written before that', async () => {
    const compiled = await divided.compile(training(2));
    const inputs = state();
    const expected = data((await compiled.run(inputs))['next.p']);
    const mean = compiled.allocate(COUNT);
    mean.set(inputs['m']!);
    const into = { 'next.p': { shape: [COUNT], dtype: 'float32', data: mean } } as const;
    assert.deepEqual(data((await compiled.run({ ...inputs, m: mean }, into))['next.p']), expected);
    const wide = compiled.allocate(COUNT + 8);
    const [low, high] = [wide.subarray(0, COUNT), wide.subarray(8)];
    high.set(inputs['m']!);
    const lower = { 'next.p': { shape: [COUNT], dtype: 'float32', data: low } } as const;
    assert.deepEqual(data((await compiled.run({ ...inputs, m: high }, lower))['next.p']), expected);
    await compiled.dispose();
  });

  test('an input that is a result too is read before anything is written to the array lent for it', async () => {
    const x = t.input('x', [COUNT]);
    const doubled = t.sqrt(t.square(t.mul(x, t.input('rate', []))));
    const compiled = await divided.compile(defineStep({ copy: t.stopGradient(x), doubled, total: t.sum(x) }));
    const [values, array] = [new Float32Array(COUNT).fill(3), compiled.allocate(COUNT)];
    const into = { copy: { shape: [COUNT], dtype: 'float32', data: array } } as const;
    const found = await compiled.run({ x: values, rate: 2 }, into);
    assert.equal(found['copy']!.data, array);
    assert.deepEqual([array[0], Number(found['doubled']!.data[0])], [3, 6]);
    await compiled.dispose();
  });

  test('runs that are asked for at once follow one another', async () => {
    const compiled = await divided.compile(training(3));
    const [a, b] = [createRng(1), createRng(2)].map((rng) => stepInputs(training(3), rng));
    const alone = [await compiled.run(a!), await compiled.run(b!)];
    const together = await Promise.all([compiled.run(a!), compiled.run(b!)]);
    for (const [index, results] of together.entries())
      assert.deepEqual(data(results['next.p']), data(alone[index]!['next.p']));
    await compiled.dispose();
  });

  test('what cannot be compiled leaves nothing open; nothing runs after the end', async () => {
    let [opened, closed] = [0, 0];
    const step = training(2);
    const open = async () => {
      if (++opened === 2) throw new Error('no more');
      return {
        run: async () => ({}),
        dispose: async () => {
          closed++;
        },
      };
    };
    await assert.rejects(compilePlan(planStep(step)!, open, { name: 'broken', threads: 1 }), /no more/);
    assert.equal(closed, 1);
    const compiled = await divided.compile(step);
    const [running] = [compiled.run(state()), compiled.dispose()];
    assert.equal((await running)['next.p']!.data.length, COUNT);
    await assert.rejects(compiled.run(state()), /step has been disposed of/);
  });

  test('a run that fails leaves the next one unharmed', async () => {
    const compiled = await divided.compile(training(1));
    const inputs = stepInputs(training(1), createRng(3));
    await assert.rejects(
      compiled.run({ ...inputs, p: [1, 2] }),
      /input p: got 2 elements, the step asks for float32\[4163\]/,
    );
    const { p: _, ...missing } = inputs;
    await assert.rejects(compiled.run(missing), /missing \[p\]/);
    assert.equal((await compiled.run(inputs))['next.p']!.data.length, COUNT);
    await compiled.dispose();
  });

  test('one value under two names is two arrays; parts of results and inputs are results too', async () => {
    const x = t.input('x', [COUNT]);
    const doubled = t.add(t.sub(t.mul(x, t.input('rate', [])), x), x);
    const step = defineStep({
      ...{ a: doubled, b: doubled, part: t.slice(doubled, 0, 5, 9), own: t.reshape(t.slice(x, 0, 2, 6), [2, 2]) },
      sum: t.sum(x),
      again: t.sum(x),
    });
    assert.notEqual(planStep(step), undefined);
    const compiled = await divided.compile(step);
    const values = Float32Array.from({ length: COUNT }, (_, index) => index);
    const results = await compiled.run({ x: values, rate: 2 });
    assert.deepEqual(data(results['part']), [10, 12, 14, 16]);
    assert.deepEqual(results['own']!.shape, [2, 2]);
    assert.deepEqual(data(results['own']), [2, 3, 4, 5]);
    assert.notEqual(results['a']!.data, results['b']!.data);
    assert.deepEqual(data(results['a']), data(results['b']));
    assert.deepEqual(data(results['sum']), data(results['again']));
    const lentArray = () => ({ shape: [], dtype: 'float32', data: new Float32Array(1) }) as const;
    for (const into of [{ again: lentArray() }, { sum: lentArray() }, { sum: lentArray(), again: lentArray() }]) {
      const found = await compiled.run({ x: values, rate: 2 }, into);
      assert.notEqual(found['sum']!.data, found['again']!.data);
      for (const [name, { data: lent }] of Object.entries(into)) assert.equal(found[name]!.data, lent, name);
      assert.deepEqual([data(found['sum']), data(found['again'])], [data(results['sum']), data(results['sum'])]);
    }
    const other = { shape: [], dtype: 'float32', data: Float64Array.of(7) } as const;
    assert.deepEqual(data((await compiled.run({ x: values, rate: 2 }, { sum: other }))['sum']), data(results['sum']));
    await compiled.dispose();
  });
});

const PROGRAMS = 60;
const only = process.env['PLAN_SEED'];
const seeds = only === undefined ? Array.from({ length: PROGRAMS }, (_, index) => index + 1) : [Number(only)];

for (const seed of seeds) test(`random program ${seed}`, () => same(randomProgram(createRng(seed)), seed));
