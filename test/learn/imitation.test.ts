/** Imitation with every head: single precision against the float64 oracle, replay to the byte, masks, padding, export. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransitionPool } from '../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../main/api/action.ts';
import { createRng } from '../../main/api/rng.ts';
import { ShapeError } from '../../main/learn/algorithms/algorithm.ts';
import { PRESETS } from '../../main/learn/algorithms/conrft/conrft-config.ts';
import { conrft } from '../../main/learn/algorithms/conrft/conrft-learner.ts';
import {
  IMITATION_PRESETS,
  type ImitationConfig,
  parseImitationConfig,
} from '../../main/learn/algorithms/imitation/imitation-config.ts';
import { imitation } from '../../main/learn/algorithms/imitation/imitation-learner.ts';
import { type HeadOptions, OWN_LOSS } from '../../main/learn/policies/heads.ts';
import { createRestorableRng } from '../../main/learn/run/restorable-rng.ts';
import { drawMixed } from '../../main/learn/run/trainer/updates.ts';
import type { Backend, TensorLike } from '../../main/tensor/backend.ts';
import { createOrtBackend, loadOrtSession } from '../../main/tensor/backends/ort.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { averageDecay, warmupCosine } from '../../main/tensor/optimiser.ts';
import { assertNear } from './near.ts';
import { chunkBatch, TOY_SIZES as SIZES, twoSides } from './policies/toy-batch.ts';

const ort = createOrtBackend({ threads: 1 });

/** Every head with the options that take another path. */
const HEADS: readonly HeadOptions[] = [
  { name: 'mse' },
  { name: 'gaussian', act: 'mean' },
  { name: 'gaussian', act: 'sample' },
  { name: 'gmm', components: 3, stdMin: 0.01, act: 'sample' },
  { name: 'gmm', components: 2, stdMin: 0.01, act: 'likeliest' },
  { name: 'categorical', scheme: 'uniform', act: 'sample' },
  { name: 'categorical', scheme: 'rt1', act: 'likeliest' },
  { name: 'categorical-autoregressive', scheme: 'openvla', act: 'sample' },
  { name: 'categorical-autoregressive', scheme: 'openvla', act: 'likeliest' },
  { name: 'diffusion', target: 'x0', trainingSteps: 20, samplingSteps: 3 },
  { name: 'diffusion', target: 'epsilon', trainingSteps: 20, samplingSteps: 3 },
  { name: 'diffusion', target: 'v', trainingSteps: 20, samplingSteps: 3 },
  { name: 'flow', method: 'euler', steps: 3, times: 'uniform' },
  { name: 'flow', method: 'midpoint', steps: 2, times: 'pi0' },
  { name: 'consistency' },
];

function tiny(head: HeadOptions, change: Partial<ImitationConfig> = {}): ImitationConfig {
  const size = head.name === 'consistency' ? 1 : 3;
  return parseImitationConfig({
    ...IMITATION_PRESETS.paper,
    head,
    chunk: { size, execute: 1, latencySteps: 0 },
    hidden: [6, 5],
    proprioceptionFeatures: 3,
    losses: [{ name: OWN_LOSS[head.name], weight: 1 }],
    optimiser: { ...IMITATION_PRESETS.paper.optimiser, learningRate: 1e-3, warmupUpdates: 1 },
    batchSize: 4,
    ...change,
  });
}

const describe = ({ name, ...options }: HeadOptions) => `${name} ${Object.values(options).join(' ')}`.trim();

async function learnerOf(config: ImitationConfig, backend: Backend = ort) {
  const learner = await imitation.createLearner({
    backend,
    config,
    stage: 'offline',
    sizes: SIZES,
    steps: 10,
    rng: createRng(5),
  });
  const rng = createRng(6);
  const batch = () => chunkBatch(config.batchSize, config.chunk.size, rng, twoSides(rng));
  learner.fit?.(batch().actionChunk);
  return { learner, batch };
}

async function runSteps(config: ImitationConfig, backend: Backend, updates = 2) {
  const { learner, batch } = await learnerOf(config, backend);
  let metrics: Readonly<Record<string, number>> = {};
  for (let update = 0; update < updates; update++) metrics = await learner.update(batch());
  const [state, weights] = [learner.state(), learner.policyWeights().slice()];
  await learner.dispose();
  return { metrics, state, weights };
}

function policyInputs(config: ImitationConfig, weights: Float32Array) {
  const rng = createRng(7);
  const normals = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
  let offset = 0;
  const named = imitation.policyParameters(config, SIZES).map(({ name, shape }) => {
    const start = offset;
    offset += shape.reduce((a, b) => a * b, 1);
    return [name, { shape, data: weights.subarray(start, offset) }] as const;
  });
  const { noiseSize } = imitation.policyHead(config);
  return {
    ...Object.fromEntries(named),
    embedding: { shape: [1, SIZES.embedding], data: normals(SIZES.embedding) },
    proprioception: { shape: [1, SIZES.proprioception], data: normals(SIZES.proprioception) },
    ...(noiseSize > 0 && { noise: { shape: [1, noiseSize], data: normals(noiseSize) } }),
  };
}

for (const head of HEADS) {
  const config = tiny(head);
  test(`${describe(head)}: ONNX Runtime agrees with the oracle after two updates`, async () => {
    const [expected, actual] = [await runSteps(config, interpreter), await runSteps(config, ort)];
    for (const [name, value] of Object.entries(expected.metrics))
      assertNear([actual.metrics[name]!], [value], 2e-4, name);
    for (const [name, values] of Object.entries(expected.state.arrays))
      assertNear(actual.state.arrays[name]!, values, 5e-4, name);
    const normaliser = expected.state.arrays['normaliser']!;
    assert.ok(normaliser[0] !== 0 || normaliser[ACTION_SIZE] !== 1, 'the normaliser was fitted');
  });

  test(`${describe(head)}: the exported policy acts as the oracle does, and only where the task lets it`, async () => {
    const { weights } = await runSteps(config, ort);
    const inputs = policyInputs(config, weights);
    const step = imitation.policyStep(config, SIZES);
    const plain = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data as TensorLike]));
    const expected = await (await interpreter.compile(step)).run(plain);
    const session = await loadOrtSession(toOnnx(step, { name: 'policy' }), { threads: 1 });
    const actual = await session.run(inputs);
    await session.dispose();
    const name = config.chunk.size === 1 ? 'action' : 'actions';
    assert.deepEqual(actual[name]!.shape, config.chunk.size === 1 ? [1, 7] : [1, 3, 7]);
    const values = Array.from(actual[name]!.data, Number);
    assertNear(values, Array.from(expected[name]!.data, Number), 1e-4, name);
    assert.ok(values.every((value) => Math.abs(value) <= 1));
    assert.ok(values.every((value, index) => SIZES.actionMask[index % ACTION_SIZE] || value === 0));
    assert.ok(values.some((value) => value !== 0));
  });
}

test('a state that is restored continues to the byte; a policy brings its normaliser along', async () => {
  const config = tiny({ name: 'diffusion', target: 'x0', trainingSteps: 20, samplingSteps: 3 });
  const rng = createRestorableRng(1);
  const learner = await imitation.createLearner({ backend: ort, config, stage: 'online', sizes: SIZES, rng });
  const chance = createRng(2);
  const batch = chunkBatch(4, 3, chance, twoSides(chance));
  learner.fit?.(batch.actionChunk);
  await learner.update(batch);
  const [state, saved] = [learner.state(), rng.save()];
  const first = await learner.update(batch);
  const end = learner.state();
  learner.restore(state);
  rng.restore(saved);
  assert.deepEqual(await learner.update(batch), first);
  assert.deepEqual(learner.state(), end);

  const policy = learner.policyWeights().slice();
  const other = await imitation.createLearner({
    backend: ort,
    config,
    stage: 'online',
    sizes: SIZES,
    rng: createRng(9),
  });
  other.startFrom({ arrays: { actor: policy }, counters: {} });
  assert.deepEqual(other.policyWeights(), policy);
  other.fit?.(new Float32Array(14).fill(0.123));
  assert.deepEqual(other.policyWeights(), policy, 'what the weights were trained with stays');
  assert.throws(() => other.startFrom({ arrays: { actor: policy.subarray(1) }, counters: {} }), ShapeError);
  await learner.dispose();
  await other.dispose();
});

test('masked dimensions and padding change nothing', async () => {
  const config = tiny({ name: 'gmm', components: 3, stdMin: 0.01, act: 'sample' });
  const outcomes = [];
  for (const noise of [0, 1]) {
    const { learner, batch } = await learnerOf(config);
    const given = batch();
    given.actionChunk.forEach((_, index) => {
      const padded = given.chunkPad[Math.floor(index / ACTION_SIZE)] === 1;
      if (padded || !SIZES.actionMask[index % ACTION_SIZE]) given.actionChunk[index] = noise;
    });
    outcomes.push(await learner.update(given));
    await learner.dispose();
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('one-step without a normaliser has the parameters of ConRFT’s actor', () => {
  assert.deepEqual(
    imitation.policyParameters(IMITATION_PRESETS.cell, SIZES),
    conrft.policyParameters(PRESETS.cell, SIZES),
  );
});

test('draws imitation targets only: no idle step, none of the policy’s, and idle steps inside a chunk are padding', () => {
  const pool = createTransitionPool({ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: 0.9 });
  const observation = { proprioception: Float32Array.of(0), embedding: undefined };
  const step = (actor: 'policy' | 'human', x: number, idle = false) => ({
    ...{ actor, idle, rl: true, demo: actor === 'human', action: Float32Array.of(x, 0, 0, 0, 0, 0, 0) },
    ...{ reward: 0, terminated: false, truncated: false },
  });
  const steps = [
    step('policy', 0.1),
    step('human', 0.2),
    step('human', 0, true),
    step('human', 0.4),
    step('policy', 0.5),
  ];
  const observations = new Array(6).fill(observation);
  pool.addEpisode({ id: 1, task: 'insert', mode: 'run', outcome: 'success', observations, steps });
  assert.deepEqual(
    [...pool.actionsOf('imitation')].filter((_, index) => index % 7 === 0),
    [Math.fround(0.2), Math.fround(0.4)],
  );
  const batch = pool.createBatch(64, 3);
  const mixture = { stage: 'online', demoShare: 1, imitationOnly: true } as const;
  assert.equal(drawMixed(pool, createRng(1), mixture, 64, batch, 0), 64);
  assert.deepEqual([...new Set(batch.rows)].toSorted(), [1, 3]);
  const at = batch.rows.indexOf(1);
  assert.deepEqual([...batch.chunkPad.subarray(at * 3, at * 3 + 3)], [0, 1, 0]);
});

test('settings that do not go together are refused', () => {
  const { paper } = IMITATION_PRESETS;
  const wrong = (change: object) => () => imitation.parseConfig({ ...paper, ...change });
  assert.throws(wrong({ chunk: { size: 4, execute: 4, latencySteps: 1 } }), /need a size of 5 or more/);
  assert.throws(wrong({ losses: [{ name: 'smothness', weight: 1 }] }), /smothness|Invalid/);
  const head = (config: object) => () =>
    imitation.policyParameters(imitation.parseConfig({ ...paper, ...config }), SIZES);
  assert.throws(head({ head: { name: 'consistency' } }), /one action at a time, not 16/);
  assert.throws(head({ head: { name: 'categorical' }, normaliser: 'mean-std' }), /bins need actions within/);
});

test('a loss that the head does not offer is refused by name', async () => {
  const config = tiny(
    { name: 'gmm', components: 3, stdMin: 0.01, act: 'sample' },
    { losses: [{ name: 'mse', weight: 1 }] },
  );
  await assert.rejects(learnerOf(config), /loss mse needs .*; the head offers .*mixture/);
});

test('schedules', () => {
  const rate = (update: number, steps?: number) => warmupCosine(update, 10, steps, 2);
  assertNear([rate(1, 110), rate(10, 110), rate(60, 110), rate(110, 110), rate(500, 110)], [0.2, 2, 1, 0, 0], 1e-12);
  assert.equal(rate(1000), 2);
  assertNear([averageDecay(1, 0.75, 0.9999), averageDecay(1e9, 0.75, 0.9999)], [1 - 2 ** -0.75, 0.9999], 1e-12);
});
