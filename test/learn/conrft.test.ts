/** ConRFT's whole step: single precision against the float64 oracle, replay to the byte, masks, floors; and that it learns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolEpisode, TransitionBatch } from '../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK, STATE_ESTIMATE_SIZE } from '../../main/api/observation.ts';
import { createRng, type Rng } from '../../main/api/rng.ts';
import type { Stage } from '../../main/api/run.ts';
import type { Learner, LearnerState } from '../../main/learn/algorithms/algorithm.ts';
import { ShapeError } from '../../main/learn/algorithms/algorithm.ts';
import { conrftStep } from '../../main/learn/algorithms/conrft/conrft.ts';
import { type ConrftConfig, PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { conrft } from '../../main/learn/algorithms/conrft/conrft-learner.ts';
import { createRestorableRng } from '../../main/learn/run/restorable-rng.ts';
import { drawMixed } from '../../main/learn/run/trainer/updates.ts';
import type { Backend } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { biasCorrections } from '../../main/tensor/optimiser.ts';
import { assertNear } from './near.ts';
import { stepInputs } from './step-inputs.ts';
import { reachExpert, reached, reachStart, reachState, reachStep } from './toy-project.ts';

const MASK = [true, true, false, false, false, false, false];
const SIZES = { embedding: 3, proprioception: 4, actionMask: MASK };
const ort = createOrtBackend({ threads: 1 });

const tiny = (config: ConrftConfig): ConrftConfig => ({
  ...config,
  hidden: [6, 5],
  proprioceptionFeatures: config.proprioceptionFeatures && 3,
  batchSize: 4,
  calQlActions: 2,
  criticWarmupUpdates: 0,
});

function randomBatch(size: number, rng: Rng, { embedding, proprioception }: typeof SIZES): TransitionBatch {
  const normals = (count: number) => Float32Array.from({ length: count }, () => 0.5 * rng.normal());
  return {
    size,
    rows: new Int32Array(size),
    embedding: normals(size * embedding),
    proprioception: normals(size * proprioception),
    action: normals(size * ACTION_SIZE),
    reward: normals(size),
    mask: Float32Array.from({ length: size }, (_, index) => (index % 3 ? 1 : 0)),
    nextEmbedding: normals(size * embedding),
    nextProprioception: normals(size * proprioception),
    monteCarloReturn: normals(size),
    monteCarloReturnCut: normals(size).map((value, index) => (index % 2 ? value : Number.NEGATIVE_INFINITY)),
    imitation: Float32Array.from({ length: size }, (_, index) => (index % 4 ? 1 : 0)),
    human: new Float32Array(size).fill(1),
    actionChunk: new Float32Array(),
    chunkPad: new Float32Array(),
  };
}

async function runSteps(backend: Backend, config: ConrftConfig, stage: Stage, updates: number) {
  const learner = await conrft.createLearner({ backend, config, stage, sizes: SIZES, rng: createRng(5) });
  const rng = createRng(6);
  let metrics = {};
  for (let update = 0; update < updates; update++)
    metrics = await learner.update(randomBatch(learner.batches * learner.batchSize, rng, SIZES));
  const state = learner.state();
  await learner.dispose();
  return { state, metrics: metrics as Record<string, number> };
}

for (const preset of ['cell', 'paper', 'released-code'] as const)
  for (const stage of ['offline', 'online'] as const)
    test(`${preset}, ${stage}: ONNX Runtime agrees with the oracle after two updates`, async () => {
      const config = tiny(PRESETS[preset]);
      const expected = await runSteps(interpreter, config, stage, 2);
      const actual = await runSteps(ort, config, stage, 2);
      for (const [name, value] of Object.entries(expected.metrics))
        assertNear([actual.metrics[name]!], [value], 2e-4, name);
      for (const [name, values] of Object.entries(expected.state.arrays))
        assertNear(actual.state.arrays[name]!, values, 2e-4, name);
    });

test('the same seed gives the same bytes, another one does not', async () => {
  const config = tiny(PRESETS.cell);
  const [one, two] = [await runSteps(ort, config, 'online', 3), await runSteps(ort, config, 'online', 3)];
  assert.deepEqual(one, two);
});

test('a state that is restored continues to the byte; fresh optimisers with `startFrom`', async () => {
  const config = tiny(PRESETS.cell);
  const rng = createRestorableRng(1);
  const learner = await conrft.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng });
  const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), SIZES);
  await learner.update(batch);
  const [state, chance] = [learner.state(), rng.save()];
  const first = await learner.update(batch);
  const end = learner.state();
  learner.restore(state);
  rng.restore(chance);
  assert.deepEqual(await learner.update(batch), first);
  assert.deepEqual(learner.state(), end);

  learner.startFrom({ arrays: { actor: state.arrays['actor']! }, counters: {} });
  assert.deepEqual(learner.policyWeights(), state.arrays['actor']);
  const wrong = { ...state.arrays, critic: new Float32Array(3) };
  assert.throws(() => learner.restore({ arrays: wrong, counters: {} }), ShapeError);
  assert.throws(
    () => learner.restore({ arrays: wrong, counters: {} }),
    /critic has 3 numbers, these networks have \d+/,
  );
  await learner.dispose();
});

test('a masked action dimension changes nothing', async () => {
  const config = tiny(PRESETS.cell);
  const outcomes = [];
  for (const gripper of [0, 1]) {
    const learner = await conrft.createLearner({
      backend: ort,
      config,
      stage: 'online',
      sizes: SIZES,
      rng: createRng(1),
    });
    const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), SIZES);
    for (let row = 0; row < batch.size; row++) batch.action[row * ACTION_SIZE + 6] = gripper;
    outcomes.push(await learner.update(batch));
    await learner.dispose();
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('the Monte-Carlo floor: off, uncut, cut at takeovers', async () => {
  const rates: Record<string, number | undefined> = {};
  const targets: Record<string, number | undefined> = {};
  for (const mcFloor of ['off', 'uncut', 'cut'] as const) {
    const config = { ...tiny(PRESETS.cell), mcFloor };
    const learner = await conrft.createLearner({
      backend: ort,
      config,
      stage: 'offline',
      sizes: SIZES,
      rng: createRng(1),
    });
    const batch = randomBatch(learner.batches * learner.batchSize, createRng(2), SIZES);
    batch.monteCarloReturn.fill(50);
    // The policy's steps before a takeover come first.
    batch.monteCarloReturnCut.fill(50).fill(Number.NEGATIVE_INFINITY, 0, batch.size / 2);
    const metrics = await learner.update(batch);
    [rates[mcFloor], targets[mcFloor]] = [metrics['floorRate'], metrics['qTarget']];
    await learner.dispose();
  }
  assert.deepEqual(rates, { off: undefined, uncut: 1, cut: 0.5 });
  assert.equal(targets['uncut'], 50);
  assert.ok(targets['cut']! > 20 && targets['cut']! < 30 && targets['off']! < 5);
});

test('online the conservative term fades: after its updates it is as if α were what is left at the end', async () => {
  const fading = { ...tiny(PRESETS.cell), alphaDecayUpdates: 1, alphaAtEnd: 0 };
  const without = { ...fading, alphaDecayUpdates: 0, online: { ...fading.online, alpha: 1e-30 } };
  const staying = { ...fading, alphaDecayUpdates: 0 };
  const twoUpdates = async (config: ConrftConfig, after?: LearnerState) => {
    const learner = await conrft.createLearner({
      ...{ backend: ort, config, sizes: SIZES, rng: createRng(5) },
      stage: 'online',
    });
    const rng = createRng(6);
    const next = () => learner.update(randomBatch(learner.batches * learner.batchSize, rng, SIZES));
    await next();
    const first = learner.state();
    if (after) learner.restore(after);
    await next();
    const second = learner.state();
    await learner.dispose();
    return { first, second };
  };
  const [faded, stayed] = [await twoUpdates(fading), await twoUpdates(staying)];
  assert.deepEqual(faded.first.arrays, stayed.first.arrays, 'whole at first');
  assert.notDeepEqual(faded.second.arrays['critic'], stayed.second.arrays['critic']);
  assert.deepEqual(faded.second.arrays['critic'], (await twoUpdates(without, faded.first)).second.arrays['critic']);

  const kept = await twoUpdates({ ...fading, alphaAtEnd: 0.03 });
  const less = { ...fading, alphaDecayUpdates: 0, online: { ...fading.online, alpha: 0.03 } };
  assert.deepEqual(kept.second.arrays['critic'], (await twoUpdates(less, kept.first)).second.arrays['critic']);
});

test('what acts is a running average of the weights that learn; another run goes on with both, a policy alone is both', async () => {
  const config = { ...tiny(PRESETS.cell), averageTau: 0.25 };
  const open = (seed: number) =>
    conrft.createLearner({ backend: ort, config, stage: 'offline', sizes: SIZES, rng: createRng(seed) });
  const [learner, next] = [await open(5), await open(6)];
  const before = learner.state().arrays;
  assert.deepEqual(learner.policyWeights(), before['actor']);
  await learner.update(randomBatch(learner.batchSize, createRng(6), SIZES));
  const { arrays } = learner.state();
  const expected = arrays['actor']!.map(
    (newest, at) => before['actor']![at]! + 0.25 * (newest - before['actor']![at]!),
  );
  assertNear(learner.policyWeights(), expected, 1e-6);
  next.startFrom(learner.state());
  assert.deepEqual([next.policyWeights(), next.state().arrays['actor']], [arrays['actorAverage'], arrays['actor']]);
  next.startFrom({ arrays: { actor: arrays['actorAverage']! }, counters: {} });
  assert.deepEqual(next.policyWeights(), next.state().arrays['actor']);
  await learner.dispose();
  await next.dispose();
});

test('no Q gradient while the critics are young', async () => {
  const young = await runSteps(ort, { ...tiny(PRESETS.cell), criticWarmupUpdates: 100 }, 'online', 1);
  const grown = await runSteps(ort, tiny(PRESETS.cell), 'online', 1);
  assertNear([young.metrics['actorLoss']!], [0.5 * young.metrics['bcLoss']!], 1e-6);
  assert.ok(Math.abs(grown.metrics['actorLoss']! - 0.5 * grown.metrics['bcLoss']!) > 1e-3);
});

test('the actor drifts: a critic-only update moves it by its momentum, after the critics have seen where it was', async () => {
  const config = { ...tiny(PRESETS.paper), criticWarmupUpdates: 0 };
  const one = { ...config, actorDrift: false, offline: { ...config.offline, criticUpdates: 1 } };
  const [whole, single] = [
    await interpreter.compile(conrftStep(config, 'offline', SIZES)),
    await interpreter.compile(conrftStep(one, 'offline', SIZES)),
  ];
  const inputs = stepInputs(conrftStep(config, 'offline', SIZES), createRng(3));
  const actorAdamSteps = 7; // Steps that the actor's Adam has taken before
  const corrections = [1, 2].map((step) => biasCorrections(actorAdamSteps + step));
  const expectedInputs = { ...inputs, actorCorrections: corrections.flat(), learningRate: 0.01 };
  const expected = await whole.run(expectedInputs);

  /** The inputs of critic update `update` alone; those with a leading axis C are cut in half. */
  const shapes = conrftStep(one, 'offline', SIZES).inputs;
  const half = (update: number) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, { shape }]) => {
        const [all, size] = [Array.from(inputs[name] ?? [], Number), shape.reduce((a, b) => a * b, 1)];
        return [name, all.length === 2 * size ? all.slice(update * size, (update + 1) * size) : all];
      }),
    );
  const after = (outputs: typeof expected, name: string) => Array.from(outputs[`next.${name}`]!.data, Number);
  const rates = { learningRate: 0.01 };
  const first = await single.run({ ...half(0), ...rates, actorCorrections: [...corrections[0]!] });

  // Adam on a zero gradient, in plain numbers (Kingma & Ba 2015, algorithm 1).
  const [theta, mean, variance] = ['actor', 'actorMean', 'actorVariance'].map((name) =>
    Array.from(inputs[name]!, Number),
  );
  const step = actorAdamSteps + 1;
  const driftedMean = mean!.map((m) => 0.9 * m);
  const driftedVariance = variance!.map((v) => 0.999 * v);
  const drifted = theta!.map((value, at) => {
    const [m, v] = [driftedMean[at]! / (1 - 0.9 ** step), driftedVariance[at]! / (1 - 0.999 ** step)];
    return value - (0.01 * m) / (Math.sqrt(v) + 1e-8);
  });
  const moved = {
    ...Object.fromEntries(
      ['critic', 'criticMean', 'criticVariance', 'criticTarget'].map((name) => [name, after(first, name)]),
    ),
    ...{ actor: drifted, actorMean: driftedMean, actorVariance: driftedVariance },
  };
  const second = await single.run({ ...half(1), ...moved, ...rates, actorCorrections: [...corrections[1]!] });
  for (const name of Object.keys(second))
    assertNear(expected[name]!.data, Array.from(second[name]!.data, Number), 1e-11, name);

  // Both parts matter: without the drift the actor, and the critics' second target, would be others.
  const still = await single.run({
    ...{ ...half(1), ...moved, actor: theta!, actorMean: mean!, actorVariance: variance! },
    ...{ ...rates, actorCorrections: [...corrections[1]!] },
  });
  for (const name of ['actor', 'critic'])
    assert.ok(
      after(still, name).some((value, at) => Math.abs(value - after(expected, name)[at]!) > 1e-9),
      name,
    );
});

test('the learner counts every step of a drifting Adam, and `paper` and `released-code` drift', async () => {
  const adamSteps = async (config: ConrftConfig) => {
    const { state } = await runSteps(interpreter, config, 'offline', 3);
    return [state.counters['actorAdamSteps'], state.counters['criticAdamSteps']];
  };
  assert.deepEqual(await adamSteps(tiny(PRESETS.paper)), [6, 6]);
  assert.deepEqual(await adamSteps({ ...tiny(PRESETS.paper), actorDrift: false }), [3, 6]);
  assert.deepEqual(
    [PRESETS.paper, PRESETS['released-code'], PRESETS.cell].map(({ actorDrift }) => actorDrift),
    [true, true, false],
  );
});

test('ten demonstrations of reaching, and the policy reaches', async () => {
  const [learner, pool] = await toyLearner();
  const rng = createRng(9);
  const batch = pool.createBatch(learner.batches * learner.batchSize);
  const success = async () => {
    const act = await actor(learner);
    let count = 0;
    for (let episode = 0; episode < 20; episode++) {
      let place = reachStart(rng);
      for (let step = 0; step < 40 && !reached(place); step++) place = reachStep(place, await act(reachState(place)));
      if (reached(place)) count++;
    }
    return count / 20;
  };
  const before = await success();
  for (let update = 0; update < 400; update++) {
    drawMixed(pool, rng, { stage: 'offline', demoShare: 0.5 }, batch.size, batch, 0);
    await learner.update(batch);
  }
  const after = await success();
  await learner.dispose();
  assert.ok(before < 0.5 && after >= 0.9, `success ${before} before, ${after} after`);
});

const TOY_SIZES = {
  embedding: STATE_ESTIMATE_SIZE,
  proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK,
  actionMask: MASK,
};
const TOY_CONFIG: ConrftConfig = { ...PRESETS.cell, hidden: [32, 32], batchSize: 64, learningRate: 2e-3 };

async function toyLearner() {
  const learner = await conrft.createLearner({
    ...{ backend: ort, config: TOY_CONFIG, sizes: TOY_SIZES },
    stage: 'offline',
    rng: createRng(3),
  });
  const pool = createTransitionPool({
    embeddingSize: STATE_ESTIMATE_SIZE,
    proprioceptionSize: PROPRIOCEPTION_SIZE,
    stack: PROPRIOCEPTION_STACK,
    discount: TOY_CONFIG.discount,
  });
  const rng = createRng(4);
  for (let id = 1; id <= 10; id++) pool.addEpisode(demonstration(id, rng));
  return [learner, pool] as const;
}

function demonstration(id: number, rng: Rng): PoolEpisode {
  let place = reachStart(rng);
  const proprioception = new Float32Array(PROPRIOCEPTION_SIZE);
  const observations = [{ proprioception, embedding: reachState(place) }];
  const steps: PoolEpisode['steps'][number][] = [];
  while (!reached(place)) {
    const action = reachExpert(place, rng);
    place = reachStep(place, action);
    observations.push({ proprioception, embedding: reachState(place) });
    const terminated = reached(place);
    steps.push({
      ...({ actor: 'human', idle: false, action, rl: false, demo: true } as const),
      ...{ reward: terminated ? 10 : -0.05, terminated, truncated: false },
    });
  }
  return { id, task: 'insert', mode: 'demonstrate', outcome: 'success', observations, steps };
}

/** The policy's graph in the float64 interpreter. */
async function actor(learner: Learner): Promise<(embedding: Float32Array) => Promise<Float64Array>> {
  const compiled = await interpreter.compile(conrft.policyStep(TOY_CONFIG, TOY_SIZES));
  const noise = createRng(1);
  let offset = 0;
  const weights = Object.fromEntries(
    learner.policyParameters.map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((a, b) => a * b, 1);
      return [name, learner.policyWeights().subarray(start, offset)];
    }),
  );
  return async (embedding) => {
    const { action } = await compiled.run({
      ...weights,
      embedding,
      proprioception: new Float32Array(TOY_SIZES.proprioception),
      noise: Float32Array.from({ length: ACTION_SIZE }, () => noise.normal()),
    });
    return Float64Array.from(action!.data, Number);
  };
}
