/**
 * Two right answers: a chunk of two steps and two dimensions, all +0.6 or all −0.6, with equal chance and nothing to
 * see it by. A head that covers both modes puts its chunks on one of the sides and uses both; regression puts them in
 * between; bins that are drawn one by one mix the sides inside a chunk.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { IMITATION_PRESETS, parseImitationConfig } from '../../../main/learn/algorithms/imitation/imitation-config.ts';
import { imitation } from '../../../main/learn/algorithms/imitation/imitation-learner.ts';
import { type HeadOptions, OWN_LOSS } from '../../../main/learn/policies/heads.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { chunkBatch, SIDE, TOY_SIZES, twoSides } from './toy-batch.ts';

const ort = createOrtBackend({ threads: 1 });
const STEPS = 2;
const CHUNKS = 200;

interface Outcome {
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Share of chunks that lie whole on one side, and of those the share on the right. */
  readonly onASide: number;
  readonly right: number;
}

/** A denoiser sees one noise level per sample and update, and needs more of them. */
const UPDATES = { denoisers: 2000, others: 500 };

async function learn(head: HeadOptions, updates = UPDATES.others): Promise<Outcome> {
  const config = parseImitationConfig({
    ...IMITATION_PRESETS.paper,
    head,
    chunk: { size: STEPS, execute: 1, latencySteps: 0 },
    hidden: [64, 64],
    proprioceptionFeatures: 0,
    losses: [{ name: OWN_LOSS[head.name], weight: 1 }],
    optimiser: { ...IMITATION_PRESETS.paper.optimiser, learningRate: 2e-3, warmupUpdates: 20 },
    batchSize: 128,
  });
  const rng = createRng(1);
  const learner = await imitation.createLearner({
    ...{ backend: ort, config, sizes: TOY_SIZES, steps: updates },
    ...{ stage: 'offline', rng: createRng(2) },
  });
  const batch = () => chunkBatch(config.batchSize, STEPS, rng, twoSides(rng));
  learner.fit?.(batch().actionChunk);
  const losses: number[] = [];
  for (let update = 0; update < updates; update++) losses.push((await learner.update(batch()))['actorLoss']!);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  const policy = await ort.compile(imitation.policyStep(config, TOY_SIZES));
  const { noiseSize } = imitation.policyHead(config);
  const normals = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
  let offset = 0;
  const weights = Object.fromEntries(
    learner.policyParameters.map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((a, b) => a * b, 1);
      return [name, learner.policyWeights().slice(start, offset)];
    }),
  );
  const sides: number[] = [];
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const { actions } = await policy.run({
      ...weights,
      embedding: normals(TOY_SIZES.embedding).map((value) => 0.5 * value),
      proprioception: normals(TOY_SIZES.proprioception).map((value) => 0.5 * value),
      ...(noiseSize > 0 && { noise: normals(noiseSize) }),
    });
    const used = Array.from(actions!.data, Number).filter((_, index) => TOY_SIZES.actionMask[index % 7]);
    const side = Math.sign(used[0]!);
    if (used.every((value) => Math.abs(value - side * SIDE) < 0.25)) sides.push(side);
  }
  await policy.dispose();
  await learner.dispose();
  return {
    firstLoss: mean(losses.slice(0, 20)),
    lastLoss: mean(losses.slice(-20)),
    onASide: sides.length / CHUNKS,
    right: sides.filter((side) => side > 0).length / Math.max(sides.length, 1),
  };
}

const words = (outcome: Outcome) => JSON.stringify(outcome);

for (const head of [
  { name: 'gmm', components: 5, stdMin: 0.01, act: 'sample' },
  { name: 'categorical-autoregressive', scheme: 'openvla', act: 'sample' },
  { name: 'diffusion', target: 'x0', trainingSteps: 100, samplingSteps: 10 },
  { name: 'diffusion', target: 'v', trainingSteps: 100, samplingSteps: 10 },
  { name: 'flow', method: 'euler', steps: 10, times: 'uniform' },
  { name: 'flow', method: 'midpoint', steps: 4, times: 'uniform' },
] as const satisfies readonly HeadOptions[])
  test(`${Object.values(head).join(' ')} covers both sides`, async () => {
    const denoiser = head.name === 'diffusion' || head.name === 'flow';
    const outcome = await learn(head, denoiser ? UPDATES.denoisers : UPDATES.others);
    assert.ok(outcome.lastLoss < outcome.firstLoss, words(outcome));
    assert.ok(outcome.onASide >= 0.9, words(outcome));
    assert.ok(outcome.right > 0.3 && outcome.right < 0.7, words(outcome));
  });

for (const head of [{ name: 'mse' }, { name: 'gaussian', act: 'mean' }] as const satisfies readonly HeadOptions[])
  test(`${head.name} gives the average, which is on neither side`, async () => {
    const outcome = await learn(head, 300);
    assert.ok(outcome.lastLoss < outcome.firstLoss, words(outcome));
    assert.ok(outcome.onASide <= 0.05, words(outcome));
  });

test('bins drawn one by one mix the sides', async () => {
  const outcome = await learn({ name: 'categorical', scheme: 'openvla', act: 'sample' });
  assert.ok(outcome.lastLoss < outcome.firstLoss, words(outcome));
  assert.ok(outcome.onASide < 0.35, words(outcome));
});

test('one Euler step is not enough', async () => {
  const outcome = await learn({ name: 'flow', method: 'euler', steps: 1, times: 'uniform' }, UPDATES.denoisers);
  assert.ok(outcome.onASide <= 0.2, words(outcome));
});
