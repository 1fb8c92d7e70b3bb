/**
 * Steps on several threads: what is divided, and how; the same numbers as from one graph, to the bit; the contract of `Compiled`;
 * that a lane which fails keeps nobody waiting. A failure names the seed; `PLAN_SEED=n` runs that one alone.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRng } from '../../../../main/api/rng.ts';
import type { TensorValue } from '../../../../main/learn/graph/backend.ts';
import { startLaneThread } from '../../../../main/learn/graph/flat/lane-thread.ts';
import { divideTurn, isWorthThreads } from '../../../../main/learn/graph/flat/lanes.ts';
import { createMeeting, MEETING_WORDS } from '../../../../main/learn/graph/flat/meeting.ts';
import { createArena } from '../../../../main/learn/graph/flat/memory.ts';
import { planStep } from '../../../../main/learn/graph/flat/plan.ts';
import type { Model } from '../../../../main/learn/graph/flat/program.ts';
import { compilePlan } from '../../../../main/learn/graph/flat/run-plan.ts';
import { sizeOf } from '../../../../main/learn/graph/ir.ts';
import { createOrtBackend, openSession } from '../../../../main/learn/graph/ort.ts';
import { defineStep, type Step } from '../../../../main/learn/graph/step.ts';
import * as t from '../../../../main/learn/graph/tensor.ts';
import { stepInputs } from '../../step-inputs.ts';
import { COUNT, ENSEMBLE_COUNT, ensembleTraining, HIDDEN, randomProgram, training } from './programs.ts';

const whole = createOrtBackend({ threads: 1, wholeGraph: true });

const compile = async (step: Step, lanes = 2, open: typeof openSession = openSession) =>
  (await compilePlan(planStep(step)!, step, open, { name: 'step', threads: lanes, lanes }))!;

const data = (value: TensorValue | undefined) => Array.from(value!.data, Number);

async function same(step: Step, seed: number, lanes = 2): Promise<void> {
  const inputs = stepInputs(step, createRng(seed));
  const [one, two] = [await compile(step, lanes), await whole.compile(step)];
  const expected = await two.run(inputs);
  for (const run of [1, 2]) {
    const found = await one.run(inputs);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(found[name]!.shape, value.shape, `seed ${seed}, run ${run}: shape of ${name}`);
      assert.deepEqual(data(found[name]), data(value), `seed ${seed}, run ${run}: ${name}`);
    }
  }
  await Promise.all([one.dispose(), two.dispose()]);
}

/** The shares of every turn, undefined where it is not divided. */
function shares(step: Step, lanes: number) {
  const plan = planStep(step)!;
  const known = new Set<t.Node>();
  return plan.turns.map((turn) => {
    const found = divideTurn(turn, plan, known, lanes);
    for (const value of turn.values) known.add(value);
    return { turn, found };
  });
}

suite('what is divided', () => {
  test('members of an ensemble, evenly, every result once', () => {
    const [first, second] = shares(ensembleTraining(2), 2);
    for (const { turn, found } of [first!, second!]) {
      const [one, two] = found!;
      const members = [one!, two!].map(({ parts }) => parts.filter(({ node }) => sizeOf(node.shape) >= HIDDEN));
      assert.deepEqual(
        members.map((parts) => parts.length),
        [4, 4], // two members' weights of two layers
        members.map((parts) => parts.map(({ node, offset }) => `${node.shape} at ${offset}`).join('; ')).join(' | '),
      );
      assert.deepEqual(new Set([...one!.parts, ...two!.parts]), new Set(turn.parts));
      assert.equal(one!.parts.length + two!.parts.length, turn.parts.length);
      assert.equal(one!.values.length + two!.values.length, turn.values.length);
    }
  });

  test('not a chain, of which every thread would have to compute nearly all', () => {
    for (const { found } of shares(training(2), 2)) assert.equal(found, undefined);
  });

  test('short steps run on one thread', () => {
    assert.equal(isWorthThreads(planStep(training(2))!), false);
    const [a, b] = [t.input('a', [512, 512]), t.input('b', [512, 512])];
    const y = t.sqrt(t.add(t.square(t.mul(t.input('x', [COUNT]), 2)), 1));
    assert.equal(isWorthThreads(planStep(defineStep({ product: t.matmul(a, b), y }))!), true);
  });
});

suite('a step on several threads', () => {
  for (const lanes of [2, 3])
    test(`an ensemble on ${lanes}, to the bit`, () => same(ensembleTraining(3), lanes, lanes));

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
    const compiled = await compile(step);
    const inputs = stepInputs(step, createRng(5));
    const before = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]]));
    const expected = await compiled.run(inputs);
    const kept = Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, data(value)]));
    const own = compiled.allocate(ENSEMBLE_COUNT);
    own.set(inputs['p'] as Float32Array);
    for (const place of [compiled.allocate(ENSEMBLE_COUNT), new Float32Array(ENSEMBLE_COUNT)]) {
      const into = {
        'next.p': { shape: [ENSEMBLE_COUNT], dtype: 'float32', data: place },
        highest0: { shape: [], dtype: 'float32', data: new Float32Array(1) },
      } as const;
      const found = await compiled.run({ ...inputs, p: own }, into);
      assert.equal(found['next.p']!.data, place);
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

suite('a lane that fails', () => {
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

  const assignment = (onnx: Uint8Array) => ({
    program: {
      models: [{ onnx, threads: 1 }],
      modules: [],
      turns: [{ segment: { model: 0, sources: {}, destinations: {} }, kernels: [] }],
    },
    arrays: [],
    memory: createArena([{ elements: 1, dtype: 'float32' }], true)!.memory,
    meeting: new Int32Array(new SharedArrayBuffer(4 * MEETING_WORDS)),
    lanes: 1,
  });

  test('a thread whose graph cannot be loaded is refused', async () => {
    await assert.rejects(startLaneThread(assignment(Uint8Array.of(1, 2, 3))), /protobuf|load/i);
  });
});

test('a thread that is woken while others are missing goes on waiting for them', async () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * MEETING_WORDS));
  const left = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL('../../../../main/learn/graph/flat/meeting.ts', import.meta.url).href;
  const worker = new Worker(
    `import { workerData } from 'node:worker_threads';
     import { createMeeting } from '${module}';
     const meet = createMeeting(workerData.words, 2);
     for (let meeting = 0; meeting < 2; meeting++) {
       meet();
       Atomics.add(workerData.left, 0, 1);
     }`,
    { eval: true, workerData: { words, left } },
  );
  const ended = once(worker, 'exit');
  const meet = createMeeting(words, 2);
  for (const meetings of [0, 1]) {
    // Who is woken was asleep: found asleep again, it has not left the meeting.
    for (let woken = 0; woken < 3; ) {
      woken += Atomics.notify(words, 0) + Atomics.notify(words, 1);
      assert.ok(Atomics.load(left, 0) <= meetings, 'it has left a meeting before the other came');
    }
    meet();
  }
  await ended;
  assert.equal(left[0], 2);
});
