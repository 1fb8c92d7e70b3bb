/**
 * Steps on several threads: how stages are divided; that results equal those of one graph to the bit; the contract of `Compiled`;
 * that no worker waits for one that failed. A failure names the seed; `PLAN_SEED=n` runs that seed alone.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRng } from '../../../main/api/rng.ts';
import { conrftStep } from '../../../main/learn/algorithms/conrft/conrft.ts';
import { PRESETS } from '../../../main/learn/algorithms/conrft/conrft-config.ts';
import { RLPD_PRESETS } from '../../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import { softActorCriticStep } from '../../../main/learn/algorithms/soft-actor-critic/soft-actor-critic.ts';
import type { TensorValue } from '../../../main/tensor/backend.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { openSession } from '../../../main/tensor/backends/ort-session.ts';
import { compilePlan } from '../../../main/tensor/flat/compile-plan.ts';
import { createArena } from '../../../main/tensor/flat/memory.ts';
import { planStep } from '../../../main/tensor/flat/plan.ts';
import type { Model } from '../../../main/tensor/flat/schedule.ts';
import { sizeOf } from '../../../main/tensor/ir.ts';
import { toOnnx } from '../../../main/tensor/onnx/to-onnx.ts';
import { BARRIER_WORDS, createBarrier } from '../../../main/tensor/parallel/barrier.ts';
import { divideStage, workersFor } from '../../../main/tensor/parallel/divide-stage.ts';
import { createParallel } from '../../../main/tensor/parallel/parallel.ts';
import { startWorkerThread } from '../../../main/tensor/parallel/worker-thread.ts';
import { defineStep, type Step } from '../../../main/tensor/step.ts';
import * as t from '../../../main/tensor/tensor.ts';
import { SIZES } from '../../bench/training-steps.ts';
import { stepInputs } from '../../learn/step-inputs.ts';
import { COUNT, ensembleCount, ensembleTraining, HIDDEN, randomProgram, training } from '../flat/programs.ts';

const whole = createOrtBackend({ threads: 1, wholeGraph: true });

const compile = async (step: Step, workers = 2, open: typeof openSession = openSession) =>
  (await compilePlan(planStep(step)!, open, { name: 'step', threads: workers, parallel: createParallel(workers) }))!;

const data = (value: TensorValue | undefined) => Array.from(value!.data, Number);
const bytes = (value: TensorValue | undefined) => {
  const { buffer, byteOffset, byteLength } = value!.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
};

async function same(step: Step, seed: number, workers = 2): Promise<void> {
  const inputs = stepInputs(step, createRng(seed));
  const [one, two] = [await compile(step, workers), await whole.compile(step)];
  const expected = await two.run(inputs);
  for (const run of [1, 2]) {
    const found = await one.run(inputs);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(found[name]!.shape, value.shape, `seed ${seed}, run ${run}: shape of ${name}`);
      if (Buffer.compare(bytes(found[name]), bytes(value)) !== 0)
        assert.deepEqual(data(found[name]), data(value), `seed ${seed}, run ${run}: ${name}`);
    }
  }
  await Promise.all([one.dispose(), two.dispose()]);
}

/** Returns the shares of every stage; undefined for a stage that is not divided. */
function shares(step: Step, workers: number) {
  const plan = planStep(step)!;
  const known = new Set<t.Node>();
  return plan.stages.map((stage) => {
    const found = divideStage(stage, plan, known, workers);
    for (const value of stage.values) known.add(value);
    return { stage, found };
  });
}

suite('what is divided', () => {
  test('members of an ensemble, evenly, every result once', () => {
    const [first, second] = shares(ensembleTraining(2), 2);
    for (const { stage, found } of [first!, second!]) {
      const [one, two] = found!;
      const members = [one!, two!].map(({ slices }) => slices.filter(({ node }) => sizeOf(node.shape) >= HIDDEN));
      assert.deepEqual(
        members.map((slices) => slices.length),
        [4, 4], // The weights of two layers of two members.
        members.map((slices) => slices.map(({ node, offset }) => `${node.shape} at ${offset}`).join('; ')).join(' | '),
      );
      assert.deepEqual(new Set([...one!.slices, ...two!.slices]), new Set(stage.slices));
      assert.equal(one!.slices.length + two!.slices.length, stage.slices.length);
      assert.equal(one!.values.length + two!.values.length, stage.values.length);
    }
  });

  test('not a chain, of which every thread would have to compute nearly all', () => {
    for (const { found } of shares(training(2), 2)) assert.equal(found, undefined);
  });

  test('short steps run on one thread, others on as many as can be given a share', () => {
    assert.equal(workersFor(planStep(training(2))!, 4), 1);
    const chain = t.sqrt(t.add(t.square(t.mul(t.input('x', [COUNT]), 2)), 1));
    const products = (count: number) =>
      Array.from({ length: count }, (_, index) => [
        `product${index}`,
        t.matmul(t.input(`a${index}`, [512, 512]), t.input(`b${index}`, [512, 512])),
      ]);
    const workers = (count: number, threads: number) =>
      workersFor(planStep(defineStep({ ...Object.fromEntries(products(count)), chain }))!, threads);
    assert.deepEqual(
      [workers(1, 1), workers(1, 4), workers(2, 4), workers(3, 4), workers(4, 4), workers(64, 64)],
      [1, 2, 2, 3, 4, 8],
    );
  });
});

suite('a step on several threads', () => {
  for (const workers of [2, 3])
    test(`an ensemble on ${workers}, to the bit`, async () => {
      const step = ensembleTraining(3, 6);
      assert.ok(shares(step, workers)[0]!.found);
      await same(step, workers, workers);
    });

  test('updates of algorithms, to the bit', async () => {
    for (const step of [
      conrftStep(PRESETS.cell, 'online', SIZES),
      softActorCriticStep({ ...RLPD_PRESETS.paper, criticUpdates: 2 }, SIZES),
    ]) {
      assert.equal(workersFor(planStep(step)!, 2), 2);
      await same(step, 1);
    }
  });

  test('kernels alone are shared where nothing else can be, to the bit', () => same(training(3), 1));

  const only = process.env['PLAN_SEED'];
  const all = only === undefined ? Array.from({ length: 100 }, (_, index) => 101 + index) : [Number(only)];
  const isDivided = (seed: number) => {
    const step = randomProgram(createRng(seed));
    return planStep(step) !== undefined && shares(step, 2).some(({ found }) => found);
  };
  const seeds = all.filter(isDivided).slice(0, 12);
  test('random programs are divided', () => assert.equal(seeds.length, only === undefined ? 12 : 1));
  for (const seed of seeds) test(`random program ${seed}`, () => same(randomProgram(createRng(seed)), seed));

  test('tiny numbers are flushed to zero on every thread', async () => {
    const x = t.input('x', [4 * COUNT]);
    const halved = t.mul(x, t.input('rate', []));
    const step = defineStep({ y: t.mul(t.add(halved, halved), t.neg(x)), z: t.neg(t.neg(halved)), total: t.sum(x) });
    const compiled = await compile(step);
    const { y } = await compiled.run({ x: new Float32Array(4 * COUNT).fill(2 ** -126), rate: 0.5 });
    await compiled.dispose();
    assert.ok(data(y).every((value) => value === 0));
  });

  test('arrays of its own and arrays of others serve alike; inputs stay as they are', async () => {
    const step = ensembleTraining(2);
    const count = ensembleCount(4);
    const compiled = await compile(step);
    const inputs = stepInputs(step, createRng(5));
    const before = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]]));
    const expected = await compiled.run(inputs);
    const kept = Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, data(value)]));
    const own = compiled.allocate(count);
    own.set(inputs['p'] as Float32Array);
    for (const array of [compiled.allocate(count), new Float32Array(count)]) {
      const into = {
        'next.p': { shape: [count], dtype: 'float32', data: array },
        highest0: { shape: [], dtype: 'float32', data: new Float32Array(1) },
      } as const;
      const found = await compiled.run({ ...inputs, p: own }, into);
      assert.equal(found['next.p']!.data, array);
      assert.equal(found['highest0']!.data, into.highest0.data);
      for (const [name, value] of Object.entries(found)) assert.deepEqual(data(value), kept[name], name);
    }
    for (const [name, values] of Object.entries(inputs)) assert.deepEqual([...values], before[name], name);
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(data(value), kept[name], name);
    await compiled.dispose();
  });

  test('runs that are asked for at once follow one another; nothing runs after the end', async () => {
    const step = ensembleTraining(2);
    const compiled = await compile(step);
    const [a, b] = [createRng(1), createRng(2)].map((rng) => stepInputs(step, rng));
    const alone = [await compiled.run(a!), await compiled.run(b!)];
    const together = await Promise.all([compiled.run(a!), compiled.run(b!)]);
    for (const [index, results] of together.entries())
      assert.deepEqual(data(results['next.p']), data(alone[index]!['next.p']));
    await compiled.dispose();
    await assert.rejects(compiled.run(a!), /step has been disposed of/);
  });
});

suite('a worker that fails', () => {
  test('says so, keeps nobody waiting, and does not harm the next run', async () => {
    const step = ensembleTraining(3);
    let isBroken = false;
    const open = async (model: Model) => {
      const session = await openSession(model);
      const run: typeof session.run = async (inputs, into) => {
        if (isBroken) throw new Error('no current');
        return await session.run(inputs, into);
      };
      return { ...session, run };
    };
    const compiled = await compile(step, 2, open);
    const inputs = stepInputs(step, createRng(3));
    const expected = data((await compiled.run(inputs))['next.p']);
    isBroken = true;
    await assert.rejects(compiled.run(inputs), /no current/);
    isBroken = false;
    assert.deepEqual(data((await compiled.run(inputs))['next.p']), expected);
    await compiled.dispose();
  });

  test('that is gone is missed at once; everything ends nevertheless', async () => {
    for (const workers of [2, 3]) {
      const started: Worker[] = [];
      const note = (worker: Worker) => started.push(worker);
      process.on('worker', note);
      const step = ensembleTraining(2, 6);
      const compiled = await compile(step, workers);
      process.off('worker', note);
      assert.equal(started.length, workers - 1);
      const inputs = stepInputs(step, createRng(3));
      await compiled.run(inputs);
      const ends = started.map((worker) => once(worker, 'exit'));
      await started[0]!.terminate();
      for (const _ of [1, 2]) await assert.rejects(compiled.run(inputs), /a thread of this step has ended or hangs/);
      await compiled.dispose();
      await Promise.all(ends);
    }
  });

  const assignment = (onnx: Uint8Array) => {
    const slice = { array: 0, offset: 0, shape: [2], dtype: 'float32' } as const;
    const memory = createArena([{ elements: 2, dtype: 'float32' }], true)!.memory;
    return {
      schedule: {
        models: [{ onnx, threads: 1 }],
        modules: [],
        stages: [{ segment: { model: 0, sources: { x: slice }, destinations: { y: slice } }, kernels: [] }],
      },
      arrays: [{ dtype: 'float32', elements: 2, isShared: true }] as const,
      ...{ memory, barrier: new Int32Array(new SharedArrayBuffer(4 * BARRIER_WORDS)), workers: 1 },
    };
  };

  test('a thread whose graph cannot be loaded is refused', async () => {
    await assert.rejects(startWorkerThread(assignment(Uint8Array.of(1, 2, 3))), /protobuf|load/i);
  });

  test('a thread that fails in a run says why, and goes on; after its end it refuses', async () => {
    const given = assignment(toOnnx(defineStep({ y: t.mul(t.input('x', [2]), 3) }), { name: 'triple' }));
    const thread = await startWorkerThread(given);
    await assert.rejects(thread.run([-1]), /undefined/); // It needs an array that it does not have.
    new Float32Array(given.memory.buffer).set([1, 2]);
    await thread.run([0]);
    assert.deepEqual([...new Float32Array(given.memory.buffer, 0, 2)], [3, 6]);
    await thread.end();
    await thread.end();
    await assert.rejects(thread.run([0]), /has ended or hangs/);
  });
});

/** Starts a thread that waits at a barrier twice. It counts in `left` how often it has passed, or sets 10 when it cannot. */
function startWaiting() {
  const words = new Int32Array(new SharedArrayBuffer(4 * BARRIER_WORDS));
  const left = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL('../../../main/tensor/parallel/barrier.ts', import.meta.url).href;
  const worker = new Worker(
    `import { workerData } from 'node:worker_threads';
     import { createBarrier } from '${module}';
     const { wait } = createBarrier(workerData.words, 2);
     try {
       for (let generation = 0; generation < 2; generation++) {
         wait();
         Atomics.add(workerData.left, 0, 1);
       }
     } catch {
       Atomics.store(workerData.left, 0, 10);
     }`,
    { eval: true, workerData: { words, left } },
  );
  return { words, left, ended: once(worker, 'exit'), ...createBarrier(words, 2) };
}

/** Returns when the other thread has been found asleep at one of `words`, and woken. */
function wake(words: Int32Array<SharedArrayBuffer>): void {
  for (let tries = 0; tries < 1e9; tries++) if (Atomics.notify(words, 0) + Atomics.notify(words, 1) > 0) return;
  assert.fail('the other thread does not sleep');
}

suite('a barrier', () => {
  test('who is woken while others are missing goes on waiting for them', async () => {
    const { words, left, ended, wait } = startWaiting();
    for (const passed of [0, 1]) {
      // A thread that is found asleep again has not passed the barrier.
      for (let times = 0; times < 3; times++) {
        wake(words);
        assert.ok(Atomics.load(left, 0) <= passed, 'it has passed a barrier before the other came');
      }
      wait();
    }
    await ended;
    assert.equal(left[0], 2);
  });

  test('broken up, nobody waits any more', async () => {
    const { words, left, ended, wait, break: breakForGood, isBroken } = startWaiting();
    wake(words);
    assert.equal(isBroken(), false);
    breakForGood();
    await ended;
    assert.equal(left[0], 10);
    assert.throws(wait, /a thread of this step has ended or hangs/);
  });
});
