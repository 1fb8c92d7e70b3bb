/** Losses of actions as numbers, and how they are averaged: PyTorch's values, and the mistakes that they are easy to make with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkMean, exponentialWeights } from '../../../main/learn/losses/chunk.ts';
import { hingePenalty, limitExcess } from '../../../main/learn/losses/hinge-penalty.ts';
import { coTraining, guard, maskedMean } from '../../../main/learn/losses/masked.ts';
import { huber, l1, mse, smoothL1 } from '../../../main/learn/losses/regression.ts';
import { differencePenalty, smoothness } from '../../../main/learn/losses/smoothness.ts';
import { grad } from '../../../main/tensor/grad.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { log, mean, mul, square, sub, sum } from '../../../main/tensor/tensor.ts';
import { assertNear, assertValue, EXACT, flat, gradientOf, oracle, tensor, valuesOf } from './harness.ts';

const predicted = tensor([
  [1, 2],
  [3, 4],
]);
const zero = tensor([
  [0, 0],
  [0, 0],
]);
const errors = tensor([[0.5], [-2]]);
const none = tensor([[0], [0]]);

test('mse: the mean over all elements; weights per dimension are normalised', async () => {
  await assertValue(mse(predicted, zero), oracle['mse.F']);
  const weighted = mse(predicted, zero, { dimensionWeights: [1, 0.25] });
  await assertValue(weighted, oracle['mse.w_normalised']);
  assertNear(await gradientOf(weighted, predicted), flat(oracle['mse.w_norm.grad']), EXACT);
});

test('l1 and huber', async () => {
  await assertValue(l1(errors, none), oracle.l1);
  for (const delta of ['1.0', '0.5', '2.0'])
    await assertValue(huber(errors, none, Number(delta)), oracle[`huber.d${delta}`]);
  assert.throws(() => huber(errors, none, 0), /delta 0/);
});

test('smooth L1 is not huber: they agree at 1 only, and differ by the factor β', async () => {
  for (const beta of ['1.0', '0.5', '2.0']) {
    const smooth = smoothL1(errors, none, tensor(1), Number(beta));
    await assertValue(smooth, oracle[`smoothl1.b${beta}`]);
    const [value] = await valuesOf(huber(errors, none, Number(beta)));
    assertNear([value! / Number(beta)], await valuesOf(smooth), EXACT);
    assert.equal(Math.abs(value! - oracle[`smoothl1.b${beta}`]) < 1e-9, beta === '1.0');
  }
});

const chunk = tensor([
  [[1], [2], [3]],
  [[1], [1], [1]],
]);
const empty = tensor([
  [[0], [0], [0]],
  [[0], [0], [0]],
]);
const pad = tensor([
  [0, 0, 1],
  [0, 1, 1],
]);

test('padding is divided out: the mean is over valid steps, not over all', async () => {
  const padded = l1(chunk, empty, { pad });
  await assertValue(padded, oracle['chunk.l1.masked']);
  const valid = sub(1, pad);
  const [naive] = await valuesOf(mean(mul(sum(chunk, 2), valid)));
  assertNear([naive!], [oracle['chunk.l1.wrong_mean']], EXACT);
  assert.deepEqual(await gradientOf(padded, chunk), [1 / 3, 1 / 3, 0, 1 / 3, 0, 0]);
  await assertValue(
    l1(chunk, empty, {
      pad: tensor(
        [
          [0, 0, 1],
          [0, 1, 1],
        ],
        'bool',
      ),
    }),
    oracle['chunk.l1.masked'],
  );
});

test('time weights are normalised, whatever their sum', async () => {
  const steps = tensor([[[1], [2], [3], [4]]]);
  for (const decay of [0.1, 0.5]) {
    const weights = exponentialWeights(4, decay);
    const total = weights.reduce((a, b) => a + b);
    assertNear(
      weights.map((each) => each / total),
      oracle[`timew.${decay}.norm`],
      EXACT,
    );
    await assertValue(chunkMean(steps, { timeWeights: weights }), oracle[`timew.${decay}.loss`]);
  }
  await assertValue(chunkMean(steps, { timeWeights: [1, 0.9, 0.81, 0.729] }), oracle['timew.g0.9.loss']);
  await assertValue(chunkMean(steps, { timeWeights: [2, 2, 2, 2], sampleWeight: tensor([0.3]) }), 2.5);
});

test('what is padded or weighs nothing may be NaN: neither the loss nor a gradient sees it', async () => {
  const target = tensor([
    [[0], [0], [Number.NaN]],
    [[Number.NaN], [Number.NaN], [Number.NaN]],
  ]);
  const loss = mse(chunk, target, { pad, sampleWeight: tensor([1, 0]) });
  await assertValue(loss, 2.5);
  assert.deepEqual(await gradientOf(loss, chunk), [1, 2, 0, 0, 0, 0]);
  const unused = mse(
    predicted,
    tensor([
      [0, Number.NaN],
      [0, Number.NaN],
    ]),
    { dimensionWeights: [1, 0] },
  );
  await assertValue(unused, 5);
  assert.deepEqual(await gradientOf(unused, predicted), [1, 0, 3, 0]);
});

test('weights that do not fit are refused by name', () => {
  assert.throws(() => chunkMean(chunk, { dimensionWeights: [1, 2] }), /dimensionWeights has 2 numbers/);
  assert.throws(() => chunkMean(chunk, { dimensionWeights: [0] }), /not all of them 0/);
  assert.throws(() => chunkMean(chunk, { timeWeights: [1] }), /timeWeights has 1 numbers/);
  assert.throws(() => chunkMean(chunk, { pad: tensor([0, 1]) }), /wants one flag for each/);
});

const labels = tensor([1, 2, Number.NaN, 4]);
const present = tensor([1, 1, 0, 1]);

test('a missing label is taken out; multiplying by the mask is NaN', async () => {
  assert.equal(oracle['mask.naive'], null);
  const [naive] = await valuesOf(sum(mul(labels, present)));
  assert.ok(Number.isNaN(naive));
  await assertValue(maskedMean(labels, present), oracle['mask.where']);
});

test('selection behind an infinite derivative is too late: guard in front', async () => {
  const x = tensor([1, 0]);
  const valid = tensor([1, 0], 'bool');
  const late = maskedMean(square(log(x)), valid);
  const early = maskedMean(square(log(guard(valid, x, 1))), valid);
  assert.ok((await gradientOf(late, x)).some(Number.isNaN));
  assert.deepEqual(await gradientOf(early, x), [0, 0]);
});

test('nothing valid: the loss and its gradients are 0', async () => {
  const zeroLoss = maskedMean(predicted, tensor([[0], [0]]));
  await assertValue(zeroLoss, 0);
  assert.deepEqual(await gradientOf(zeroLoss, predicted), [0, 0, 0, 0]);
  const padded = mse(predicted, zero, { pad: tensor([1, 1]) });
  await assertValue(padded, 0);
  assert.deepEqual(await gradientOf(padded, predicted), [0, 0, 0, 0]);
});

test('co-training: a source without samples leaves the other head alone, a rare one is not drowned', async () => {
  const [actionHead, textHead] = [tensor([3, 3, 3, 3]), tensor([1, 1, 1, 1])];
  const both = (isRobot: readonly number[]): Node =>
    coTraining([
      { values: square(actionHead), mask: tensor(isRobot), weight: 2 },
      { values: square(textHead), mask: sub(1, tensor(isRobot)), weight: 1 },
    ]);
  await assertValue(both([1, 0, 0, 0]), 2 * 9 + 1);
  assert.deepEqual(await gradientOf(both([0, 0, 0, 0]), actionHead), [0, 0, 0, 0]);
});

const sequence = (values: readonly number[]) => tensor([values.map((each) => [each])]);
const SEQUENCES = { t2: [0, 1, 4, 9], t3: [0, 1, 8, 27, 64], zigzag: [0, 1, 0, 1, 0] };

for (const [name, values] of Object.entries(SEQUENCES))
  test(`smoothness of ${name}: velocity, acceleration, jerk`, async () => {
    for (const [index, order] of ['v', 'a', 'j'].entries())
      await assertValue(differencePenalty(sequence(values), index + 1), oracle[`smooth.${name}`][`${order}_mean`]);
  });

test('chunks too short for an order add 0, not NaN', async () => {
  const weights = { velocity: 1, acceleration: 1, jerk: 1 };
  for (const [values, expected] of [
    [[5], 0],
    [[0, 2], 4],
    [[0, 1, 4], 5 + 4],
  ] as const) {
    const actions = sequence(values);
    const loss = smoothness(actions, weights);
    await assertValue(loss, expected);
    assert.ok((await gradientOf(loss, actions)).every(Number.isFinite));
  }
});

test('the seam to what was executed counts, and only differences that touch the chunk', async () => {
  const flatChunk = sequence([1, 1, 1]);
  const executed = tensor([[[-7], [9], [0]]]);
  await assertValue(differencePenalty(flatChunk, 1), 0);
  await assertValue(differencePenalty(flatChunk, 1, { executed }), 1 / 3);
  // 0 − 2·… over −9, 0, 1, 1, 1 would be the history's own doing: two executed actions take part, not three
  await assertValue(differencePenalty(flatChunk, 2, { executed }), (10 ** 2 + 1 ** 2 + 0) / 3);
  assert.deepEqual(await valuesOf(grad(differencePenalty(flatChunk, 1, { executed }), [executed])[0]!), [0, 0, 0]);
});

test('smoothness: a masked gripper may jump, a padded tail is not looked at', async () => {
  const actions = tensor([
    [
      [0, -1],
      [0, 1],
      [0, -1],
      [9, 0],
    ],
  ]);
  const context = { dimensionWeights: [1, 0], pad: tensor([[0, 0, 0, 1]]) };
  await assertValue(smoothness(actions, { velocity: 1, acceleration: 1, jerk: 1 }, context), 0);
  const [unmasked] = await valuesOf(smoothness(actions, { velocity: 1, acceleration: 1, jerk: 1 }));
  assert.ok(unmasked! > 1);
});

test('smoothness: a difference that touches an idle step inside the chunk does not count', async () => {
  const actions = sequence([0, 1, 50, 3, 5]);
  const pad = tensor([[0, 0, 1, 0, 0]]);
  // Only the first differences 1 − 0 and 5 − 3 touch no idle step, and no difference of higher order.
  await assertValue(differencePenalty(actions, 1, { pad }), (1 ** 2 + 2 ** 2) / 2);
  await assertValue(differencePenalty(actions, 2, { pad }), 0);
  assert.equal((await gradientOf(differencePenalty(actions, 1, { pad }), actions))[2], 0);
  const executed = tensor([[[-1], [-1]]]);
  await assertValue(differencePenalty(actions, 1, { pad, executed }), (1 ** 2 + 1 ** 2 + 2 ** 2) / 3);
  await assertValue(differencePenalty(actions, 2, { pad, executed }), (1 ** 2 + 0 ** 2) / 2);
});

test('smoothness and hinge penalty: a sample of weight 0 may be NaN', async () => {
  const executed = tensor([[[1]], [[Number.NaN]]]);
  const actions = tensor([[[0]], [[0]]]);
  const sampleWeight = tensor([1, 0]);
  const seam = differencePenalty(actions, 1, { executed, sampleWeight });
  assertNear(await gradientOf(seam, actions), [-2, 0], 0);
  const excess = tensor([[1], [Number.NaN]]);
  assertNear(await gradientOf(hingePenalty(excess, 10, sampleWeight), excess), [20, 0], 0);
});

test('hinge penalty: value and gradient; it is no barrier, both are 0 on the limit', async () => {
  const q = tensor([[1.2, -0.5, -1.3]]);
  const loss = hingePenalty(limitExcess(q, [1, 1, 1]));
  const [value, gradient] = oracle.barrier;
  await assertValue(loss, value);
  assertNear(await gradientOf(loss, q), gradient, EXACT);
  const onLimit = tensor([[1, -1]]);
  const atLimit = hingePenalty(limitExcess(onLimit, [1, 1]));
  await assertValue(atLimit, 0);
  assert.ok((await gradientOf(atLimit, onLimit)).every((each) => each === 0));
  await assertValue(hingePenalty(limitExcess(onLimit, [1, 1], 0.1)), 10 * 2 * 0.1 ** 2);
  await assertValue(hingePenalty(limitExcess(tensor([[0.02]]), [0.01])), 10);
  assert.throws(() => limitExcess(q, [1, 0, 1]), /expected numbers > 0/);
});
