/** Losses by name: every entry is built and differentiated, configs are checked, and what a head lacks is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableLosses, combineLosses, type LossTerm } from '../../../main/learn/losses/combine.ts';
import type { LossInputs } from '../../../main/learn/losses/loss-inputs.ts';
import { isLossName, LOSS_NAMES, LOSSES } from '../../../main/learn/losses/loss-registry.ts';
import { mse } from '../../../main/learn/losses/regression.ts';
import { smoothness } from '../../../main/learn/losses/smoothness.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { add, constant, mul, square } from '../../../main/tensor/tensor.ts';
import { assertNear, assertValue, EXACT, gradientOf, tensor, valuesOf } from './harness.ts';

/** Distinct values, so that no term vanishes by symmetry. B = 2, K = 4, D = 2. */
const varied = (shape: readonly number[], scale = 1, offset = 0) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return constant(
    Array.from({ length: size }, (_, at) => offset + scale * Math.sin(1 + 2.3 * at + 5 * offset)),
    shape,
  );
};
const chunk = (offset: number) => varied([2, 4, 2], 0.5, offset);

const EVERYTHING = {
  target: chunk(0),
  prediction: chunk(0.1),
  mean: chunk(0.2),
  denoised: chunk(0.3),
  mixture: { logits: varied([2, 3]), mean: varied([2, 3, 4, 2]), std: varied([2, 3, 4, 2], 0.1, 1) },
  logVariance: chunk(-1),
  logits: varied([2, 4, 2, 5]),
  bins: constant(new Array(16).fill(3), [2, 4, 2], 'int64'),
  denoiser: chunk(0.4),
  denoiserTarget: chunk(0.5),
  velocity: chunk(0.6),
  velocityTarget: chunk(0.7),
  sigma: tensor([[0.5], [1]]),
} satisfies LossInputs;

const term = (name: LossTerm['name'], weight = 1, more: Partial<LossTerm> = {}): LossTerm => ({
  name,
  weight,
  ...more,
});

test('every loss of the registry is built from what it asks for, and from nothing less', async () => {
  assert.deepEqual(availableLosses(EVERYTHING), LOSS_NAMES);
  for (const name of LOSS_NAMES) {
    const { needs, on, label } = LOSSES[name];
    assert.ok(label.length > 0);
    const subject = on[0] === undefined ? [] : [on[0] === 'components' ? 'mixture' : on[0]];
    const wanted: string[] = [...needs, ...subject];
    const some: LossInputs = Object.fromEntries(Object.entries(EVERYTHING).filter(([key]) => wanted.includes(key)));
    const [value] = await valuesOf(combineLosses([term(name)], some).loss);
    assert.ok(Number.isFinite(value) && value !== 0, `${name}: ${value}`);
    for (const missing of wanted) {
      const less = Object.fromEntries(Object.entries(some).filter(([key]) => key !== missing));
      assert.throws(() => combineLosses([term(name)], less), new RegExp(`loss ${name} needs .*${missing}`));
    }
  }
});

test('padding reaches every loss', async () => {
  const pad = tensor([
    [0, 0, 0, 1],
    [0, 0, 1, 1],
  ]);
  for (const name of LOSS_NAMES) {
    const [plain] = await valuesOf(combineLosses([term(name)], EVERYTHING).loss);
    const [padded] = await valuesOf(combineLosses([term(name)], { ...EVERYTHING, pad }).loss);
    assert.notEqual(padded, plain, name);
  }
});

test('the sum is weighted, each term is there by name before its weight', async () => {
  const terms = [
    term('mse', 1, { on: 'prediction' }),
    term('smoothness', 3, { on: 'prediction' }),
    term('mse', 0.5, { on: 'mean' }),
  ];
  const { loss, terms: values } = combineLosses(terms, EVERYTHING);
  assert.deepEqual(Object.keys(values), ['mse', 'smoothness', 'mse 2']);
  const [first, smooth, second] = await Promise.all(Object.values(values).map(valuesOf));
  await assertValue(loss, first![0]! + 3 * smooth![0]! + 0.5 * second![0]!);
  assertNear(first!, await valuesOf(mse(EVERYTHING.prediction, EVERYTHING.target)), EXACT);
  assertNear(second!, await valuesOf(mse(EVERYTHING.mean, EVERYTHING.target)), EXACT);
});

test('a weight may be an input of the step, and the gradient follows it', async () => {
  const scheduled = { ...term('mse', 1, { on: 'prediction' }), weight: mul(tensor(2), 2) };
  const { loss } = combineLosses([scheduled], EVERYTHING);
  const plain = await gradientOf(mse(EVERYTHING.prediction, EVERYTHING.target), EVERYTHING.prediction);
  assertNear(
    await gradientOf(loss, EVERYTHING.prediction),
    plain.map((each) => 4 * each),
    EXACT,
  );
});

test('options reach the loss; smoothness of a mixture is that of each component', async () => {
  const options = { velocity: 1, acceleration: 0, jerk: 0, dimensionWeights: [1, 0] };
  const { loss } = combineLosses([term('smoothness', 1, { on: 'components', options })], EVERYTHING);
  const components = constant(await valuesOf(EVERYTHING.mixture.mean), [6, 4, 2]);
  const direct = smoothness(components, { velocity: 1, acceleration: 0, jerk: 0 }, { dimensionWeights: [1, 0] });
  assertNear(await valuesOf(loss), await valuesOf(direct), EXACT);
  const pad = tensor([
    [0, 0, 0, 1],
    [0, 1, 1, 1],
  ]);
  const padded = combineLosses([term('smoothness', 1, { on: 'components', options })], { ...EVERYTHING, pad });
  const copies = tensor([0, 0, 0, 1, 1, 1].map((sample) => [0, sample, sample, 1]));
  const expected = smoothness(
    components,
    { velocity: 1, acceleration: 0, jerk: 0 },
    { dimensionWeights: [1, 0], pad: copies },
  );
  assertNear(await valuesOf(padded.loss), await valuesOf(expected), EXACT);
});

test('a config that asks for what is not there is refused in words', () => {
  const head: LossInputs = { prediction: EVERYTHING.prediction, target: EVERYTHING.target };
  const refused = (terms: readonly LossTerm[]) => () => combineLosses(terms, head);
  assert.throws(
    refused([term('gmm-nll')]),
    /loss gmm-nll needs mixture; the head offers prediction, target\. Losses that it can be trained with: mse, l1, huber, smooth-l1, smoothness/,
  );
  assert.throws(refused([term('mse', 1, { on: 'mean' })]), /loss mse needs mean/);
  assert.throws(
    refused([term('mse', 1, { on: 'components' })]),
    /cannot be applied to components; it can to prediction/,
  );
  assert.throws(() => combineLosses([term('gmm-nll', 1, { on: 'mean' })], EVERYTHING), /leave `on` out/);
  assert.throws(refused([]), /no loss to train on/);
  const option = (options: LossTerm['options']) => refused([term('huber', 1, { options })]);
  assert.throws(option({ beta: 1 }), /Huber: no option beta; it has timeDecay, dimensionWeights, delta/);
  assert.throws(option({ delta: 'big' }), /delta is "big", expected a number/);
  assert.throws(option({ delta: Number.NaN }), /expected a number/);
  assert.throws(option({ dimensionWeights: 3 }), /expected a list of numbers/);
  assert.throws(
    () => combineLosses([term('gaussian-nll', 1, { options: { clamp: 'none' } })], EVERYTHING),
    /clamp is "none", expected one of soft, hard/,
  );
  assert.equal(isLossName('toString'), false);
});

test('a name from a file that no registered loss has is refused', () => {
  const terms = (name: string): readonly LossTerm[] => JSON.parse(`[{ "name": "${name}", "weight": 1 }]`);
  assert.throws(() => combineLosses(terms('mae'), EVERYTHING), /no loss "mae"; there are mse, l1/);
  assert.throws(() => combineLosses(terms('td'), EVERYTHING), /no loss "td"/);
});

test('terms are plain nodes: a gradient flows to the head through every one', async () => {
  const raw = tensor([
    [
      [0.3, -0.2],
      [0.5, 0.1],
      [0, 0.4],
      [0.2, 0.2],
    ],
  ]);
  const head = (): Node => add(square(raw), 0.1);
  const prediction = head();
  const { loss } = combineLosses([term('l1'), term('smoothness', 10)], {
    prediction,
    target: tensor([
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ]),
  });
  assert.ok((await gradientOf(loss, raw)).filter((each) => each !== 0).length >= 7);
});
