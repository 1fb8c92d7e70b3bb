/** Touch for a policy that was trained without it: hidden, let in through a closed gate, taught by the policy it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROPRIOCEPTION_FIELDS, PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../main/api/observation.ts';
import { createRng } from '../../main/api/rng.ts';
import type { Learner, TransitionBatch } from '../../main/learn/algorithms/algorithm.ts';
import {
  IMITATION_PRESETS,
  type ImitationConfig,
  parseImitationConfig,
} from '../../main/learn/algorithms/imitation/imitation-config.ts';
import { imitation } from '../../main/learn/algorithms/imitation/imitation-learner.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { chunkBatch, TOY_SIZES, twoSides } from './policies/toy-batch.ts';

const backend = createOrtBackend({ threads: 1 });
const SIZES = { ...TOY_SIZES, proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK };
const B = 4;
/** The first number that a pad feels, in one instant. */
const TOUCH = PROPRIOCEPTION_FIELDS.slice(
  0,
  PROPRIOCEPTION_FIELDS.findIndex(({ name }) => name === 'tactileLeft'),
).reduce((sum, { size }) => sum + size, 0);

const config = (change: Partial<ImitationConfig>): ImitationConfig =>
  parseImitationConfig({
    ...IMITATION_PRESETS.cell,
    head: { name: 'mse' },
    chunk: { size: 3, execute: 1, latencySteps: 0 },
    hidden: [6, 5],
    normaliser: 'min-max',
    losses: [{ name: 'mse', weight: 1 }],
    optimiser: { ...IMITATION_PRESETS.cell.optimiser, learningRate: 1e-2 },
    batchSize: B,
    ...change,
  });
const HIDDEN = config({ touch: 'hidden' });
const GATED = config({ touch: 'gated', teacher: { weight: 1, stateNoise: 0.1 }, baseRate: 0.1 });

function batches(seed: number): () => TransitionBatch {
  const rng = createRng(seed);
  return () => ({
    ...chunkBatch(B, 3, rng, twoSides(rng)),
    proprioception: Float32Array.from({ length: B * SIZES.proprioception }, () => 0.5 * rng.normal()),
  });
}

const learnerOf = (settings: ImitationConfig) =>
  imitation.createLearner({ backend, config: settings, stage: 'offline', sizes: SIZES, steps: 10, rng: createRng(5) });

/** Trained a little with touch hidden: its weights. */
async function oldPolicy(): Promise<Float32Array> {
  const learner = await learnerOf(HIDDEN);
  const batch = batches(6);
  learner.fit?.(batch().actionChunk);
  for (let update = 0; update < 5; update++) await learner.update(batch());
  const weights = learner.policyWeights().slice();
  await learner.dispose();
  return weights;
}

async function act(settings: ImitationConfig, weights: Float32Array, proprioception: Float32Array) {
  const compiled = await backend.compile(imitation.policyStep(settings, SIZES));
  const inputs: Record<string, Float32Array> = { embedding: Float32Array.of(0.1, -0.2, 0.3), proprioception };
  let offset = 0;
  for (const { name, shape } of imitation.policyParameters(settings, SIZES)) {
    const size = shape.reduce((product, each) => product * each, 1);
    inputs[name] = weights.slice(offset, offset + size);
    offset += size;
  }
  const { actions } = await compiled.run(inputs);
  await compiled.dispose();
  return actions!.data;
}

const state = (touch: number) => {
  const rng = createRng(11);
  return Float32Array.from({ length: SIZES.proprioception }, (_, index) =>
    index % PROPRIOCEPTION_SIZE >= TOUCH ? touch : rng.normal(),
  );
};

async function withNewSense(updates: number): Promise<{ learner: Learner; gate: number }> {
  const learner = await learnerOf(GATED);
  learner.startFrom({ arrays: { actor: await oldPolicy() }, counters: {} });
  const batch = batches(7);
  let gate = 0;
  for (let update = 0; update < updates; update++) gate = (await learner.update(batch()))['gate']!;
  return { learner, gate };
}

test('hidden touch changes nothing; seen touch does', async () => {
  const weights = await oldPolicy();
  assert.deepEqual(await act(HIDDEN, weights, state(0)), await act(HIDDEN, weights, state(1)));
  const seen = config({});
  assert.notDeepEqual(await act(seen, weights, state(0)), await act(seen, weights, state(1)));
});

test('before its first update the policy with a new sense acts as the old one, bit for bit, whatever it feels', async () => {
  const { learner } = await withNewSense(0);
  const old = await oldPolicy();
  for (const touch of [0, 0.5, -3])
    assert.deepEqual(await act(GATED, learner.policyWeights(), state(touch)), await act(HIDDEN, old, state(touch)));
  await learner.dispose();
});

test('the gate opens, what is felt begins to matter, and the base moves a tenth as fast', async () => {
  const { learner, gate } = await withNewSense(8);
  assert.notEqual(gate, 0);
  const after = learner.policyWeights();
  assert.notDeepEqual(await act(GATED, after, state(0)), await act(GATED, after, state(1)));
  const old = await oldPolicy();
  const base = imitation
    .policyParameters(HIDDEN, SIZES)
    .filter(({ name }) => !name.startsWith('normaliser'))
    .reduce((sum, { shape }) => sum + shape.reduce((product, each) => product * each, 1), 0);
  const moved = old
    .subarray(0, base)
    .reduce((most, value, index) => Math.max(most, Math.abs(value - after[index]!)), 0);
  // Adam's step is at most about the learning rate
  assert.ok(moved > 0 && moved < 8 * 1.5e-3, `the base moved by ${moved}`);
  await learner.dispose();
});

test('a policy to start from may lack the gate, and nothing else', () => {
  const specs = imitation.policyParameters(GATED, SIZES);
  assert.deepEqual(
    specs.filter(({ mayBeNew }) => !mayBeNew),
    imitation.policyParameters(HIDDEN, SIZES),
  );
});

test('a frozen base does not move', async () => {
  const learner = await learnerOf({ ...GATED, baseRate: 0 });
  const old = await oldPolicy();
  learner.startFrom({ arrays: { actor: old }, counters: {} });
  const batch = batches(7);
  for (let update = 0; update < 3; update++) await learner.update(batch());
  const first = imitation.policyParameters(HIDDEN, SIZES)[0]!;
  const size = first.shape.reduce((product, each) => product * each, 1);
  assert.deepEqual(learner.policyWeights().subarray(0, size), old.subarray(0, size));
  await learner.dispose();
});

test('without a teacher to start from, and with a head that says no action, it is refused', async () => {
  const learner = await learnerOf(GATED);
  await assert.rejects(learner.update(batches(7)()), /no old policy .* name the policy to start from/);
  await learner.dispose();
  assert.throws(
    () =>
      config({
        ...GATED,
        head: { name: 'gmm', components: 2, stdMin: 0.01, act: 'sample' },
        losses: [{ name: 'gmm-nll', weight: 1 }],
      }),
    /a teacher needs a head that predicts one action/,
  );
});
