/** Losses that are log-likelihoods or divergences: Gaussians, mixtures, bins, distillation, contrastive pairs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  distillCategorical,
  distillField,
  distillGaussian,
  distillRegression,
} from '../../../main/learn/losses/alignment/distillation.ts';
import { infoNce, LOG_SCALE_MAX, LOG_SCALE_START } from '../../../main/learn/losses/alignment/info-nce.ts';
import { BIN_SCHEMES, binCount, decodeBins, encodeBins } from '../../../main/learn/losses/likelihood/action-bins.ts';
import { binaryCrossEntropy } from '../../../main/learn/losses/likelihood/binary-cross-entropy.ts';
import { binnedCrossEntropy } from '../../../main/learn/losses/likelihood/binned-cross-entropy.ts';
import {
  categoricalEntropy,
  categoricalKl,
  categoricalLogProb,
} from '../../../main/learn/losses/likelihood/categorical.ts';
import {
  gaussianEntropy,
  gaussianKl,
  gaussianLogProb,
  tanhLogDerivative,
} from '../../../main/learn/losses/likelihood/gaussian.ts';
import { clampLogVariance, gaussianNll } from '../../../main/learn/losses/likelihood/gaussian-nll.ts';
import { gmmNll, type Mixture, mixtureLogProb, mixtureStd } from '../../../main/learn/losses/likelihood/gmm-nll.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import {
  add,
  clip,
  constant,
  div,
  exp,
  input,
  log,
  mul,
  neg,
  softmax,
  square,
  sub,
  sum,
} from '../../../main/tensor/tensor.ts';
import { assertNear, assertValue, EXACT, gradientOf, type Nested, oracle, tensor, valuesOf } from './harness.ts';

const one = (value: number) => tensor([[value]]);
const HARD = { range: { low: -10, high: 4, clamp: 'hard' } } as const;
const nll = (error: number, logVariance: Node, options = {}) =>
  gaussianNll(one(0), logVariance, one(error), { ...HARD, ...options });

test('Gaussian likelihood: values, with and without the constant', async () => {
  await assertValue(nll(1, one(0)), oracle['gnll.0']);
  await assertValue(nll(1, one(Math.log(4))), oracle['gnll.ln4']);
  await assertValue(nll(1, one(0), { full: true }), oracle['gnll.full0']);
  await assertValue(nll(1, one(Math.log(4)), { full: true }), oracle['gnll.full.ln4']);
  await assertValue(nll(0.3, one(Math.log(0.09))), oracle['gnll.opt.e0.3']);
  await assertValue(nll(0.01, one(-20)), oracle['gnll.fixed.e.01.lv-20']);
});

test('far below the clamp an error never pushes the variance further down', async () => {
  for (const clamp of ['hard', 'soft'] as const) {
    const logVariance = one(-20);
    const [slope] = await gradientOf(nll(0.01, logVariance, { range: { ...HARD.range, clamp } }), logVariance);
    assert.ok(slope! <= 0, `${clamp}: ${slope}`);
  }
  // The naive form clamps the variance of the quadratic term alone: whatever the error, down it goes.
  const logVariance = one(-20);
  const variance = clip(exp(logVariance), 1e-6, Number.POSITIVE_INFINITY);
  const naive = mul(sum(add(div(0.01 ** 2, variance), logVariance)), 0.5);
  const [value, slope] = oracle['gnll.seedbug.e.01.lv-20'];
  assertNear(await valuesOf(naive), [value], EXACT);
  assertNear(await gradientOf(naive, logVariance), [slope], EXACT);
});

test('the soft clamp keeps its bounds and has a gradient in double precision; the hard one has none outside', async () => {
  const outside = tensor([[-30, -10, 0, 4, 30]]);
  const soft = clampLogVariance(outside, { ...HARD.range, clamp: 'soft' });
  const values = await valuesOf(soft);
  assert.ok(values.every((each, at) => each >= -10 - 1e-4 && each <= 4 && (at === 0 || each > values[at - 1]!)));
  assert.ok((await gradientOf(sum(soft), outside)).every((each) => each > 0));
  const hard = clampLogVariance(outside, HARD.range);
  assert.deepEqual(await gradientOf(sum(hard), outside), [0, 1, 1, 1, 0]);
});

test('the soft clamp in single precision: its gradient is right up to 13 beyond a bound, and 0 from 18 on', async () => {
  const beyond = [0, 5, 10, 13, 18, 25];
  const outputs = input('logVariance', [1, 2 * beyond.length]);
  const { low, high } = HARD.range;
  const at = Float32Array.from([
    ...beyond.map((distance) => low - distance),
    ...beyond.map((distance) => high + distance),
  ]);
  const [slope] = grad(sum(clampLogVariance(outputs)), [outputs]);
  const compiled = await createOrtBackend({ threads: 1 }).compile(defineStep({ slope: slope! }));
  const { slope: found } = await compiled.run({ logVariance: at });
  await compiled.dispose();
  Array.from(found!.data, Number).forEach((value, index) => {
    const distance = beyond[index % beyond.length]!;
    const exact = 1 / (1 + Math.exp(distance));
    if (distance >= 18) assert.equal(value, 0);
    else assert.ok(Math.abs(value / exact - 1) < 0.012, `${distance} beyond: ${value} instead of ${exact}`);
  });
});

test('β-NLL: the same loss weighted by the variance, which is no variable in the weight', async () => {
  const logVariance = tensor([[-2, 1]]);
  const [mu, target] = [tensor([[0, 0]]), tensor([[1, 0.5]])];
  const plain = await gradientOf(gaussianNll(mu, logVariance, target, HARD), mu);
  const weighted = await gradientOf(gaussianNll(mu, logVariance, target, { ...HARD, beta: 0.5 }), mu);
  assertNear(weighted, [plain[0]! * Math.exp(-1), plain[1]! * Math.exp(0.5)], EXACT);
  // β = 1 makes the mean's gradient that of squared error
  const asSquared = await gradientOf(gaussianNll(mu, logVariance, target, { ...HARD, beta: 1 }), mu);
  assertNear(asSquared, [-0.5, -0.25], EXACT);
});

test('Gaussian: log-density summed over the macro-action, entropy, KL in both directions', async () => {
  const standard = { mean: tensor([[0]]), logStd: tensor([[0]]) };
  const wide = { mean: tensor([[1]]), logStd: tensor([[Math.log(2)]]) };
  await assertValue(gaussianKl(standard, wide), [oracle['kl.gauss N(0,1)||N(1,2)']]);
  await assertValue(gaussianKl(wide, standard), [oracle['kl.gauss rev']]);
  await assertValue(gaussianEntropy(tensor([[0]])), [oracle['ent.gauss']]);
  await assertValue(gaussianEntropy(tensor([[Math.log(0.5)]])), [oracle['ent.gauss.s.5']]);
  const chunk = tensor([
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  ]);
  const unit = { mean: tensor([[[0, 0]]]), logStd: tensor([0, 0]) };
  await assertValue(gaussianLogProb(chunk, unit), [-6 * oracle['gnll.full0']]);
});

test('the density of a squashed action keeps its digits where tanh has lost them', async () => {
  await assertValue(tanhLogDerivative(tensor([[0.5]])), [Math.log(1 - Math.tanh(0.5) ** 2)]);
  await assertValue(tanhLogDerivative(tensor([[20]])), [2 * (Math.log(2) - 20)], 1e-9);
  assert.equal(Math.log(1 - Math.tanh(20) ** 2), Number.NEGATIVE_INFINITY);
});

/** Takes weights π, and per component a mean and a σ per dimension. */
function mixture(
  weights: readonly number[],
  mean: readonly (readonly number[])[],
  std: readonly (readonly number[])[],
): Mixture {
  const asChunk = (values: readonly (readonly number[])[]) => tensor([values.map((each) => [each])]);
  return { logits: tensor([weights.map(Math.log)]), mean: asChunk(mean), std: asChunk(std) };
}
const action = (...values: number[]) => tensor([[values]]);

test('mixture likelihood', async () => {
  const two = mixture([0.5, 0.5], [[-1], [1]], [[0.5], [0.5]]);
  await assertValue(gmmNll(two, action(0)), oracle['gmm1d.a0.0']);
  await assertValue(gmmNll(two, action(1)), oracle['gmm1d.a1.0']);
  const plane = mixture(
    [0.3, 0.7],
    [
      [0, 0],
      [1, 2],
    ],
    [
      [1, 1],
      [0.5, 2],
    ],
  );
  await assertValue(gmmNll(plane, action(1, 1)), oracle['gmm2d.a(1,1)']);
  await assertValue(gmmNll(mixture([1], [[0]], [[1]]), action(1)), oracle['gmm.k1==gauss']);
  await assertValue(mixtureStd(tensor([0]), 1e-4), [oracle['robomimic std at logit 0 (softplus+1e-4)']]);
});

test('mixture likelihood far from every mean is finite; summing densities is not', async () => {
  const narrow = mixture([0.5, 0.5], [[-1], [1]], [[0.01], [0.01]]);
  const loss = gmmNll(narrow, action(100));
  await assertValue(loss, oracle['gmm.far a=100 s=.01']);
  assert.ok((await gradientOf(loss, narrow.mean)).every(Number.isFinite));
  const density = mul(exp(mul(square(sub(action(100), narrow.mean)), -0.5 / 1e-4)), 0.5);
  assert.equal((await valuesOf(neg(log(sum(density)))))[0], Number.POSITIVE_INFINITY);
});

test('one choice of mode for the whole chunk: a chunk that changes mode half-way is unlikely', async () => {
  const modes: Mixture = {
    logits: tensor([[0, 0]]),
    mean: tensor([
      [
        [[-1], [-1]],
        [[1], [1]],
      ],
    ]),
    std: tensor([
      [
        [[0.1], [0.1]],
        [[0.1], [0.1]],
      ],
    ]),
  };
  const [kept] = await valuesOf(gmmNll(modes, tensor([[[1], [1]]])));
  const [changed] = await valuesOf(gmmNll(modes, tensor([[[1], [-1]]])));
  const perStep: Mixture = {
    logits: tensor([
      [0, 0],
      [0, 0],
    ]),
    mean: tensor([
      [[[-1]], [[1]]],
      [[[-1]], [[1]]],
    ]),
    std: tensor([
      [[[0.1]], [[0.1]]],
      [[[0.1]], [[0.1]]],
    ]),
  };
  const [stepwise] = await valuesOf(gmmNll(perStep, tensor([[[1]], [[-1]]])));
  assert.ok(changed! - kept! > 100);
  assert.ok(stepwise! < 0);
});

test('mixture: a sample without a valid step is not in the mean', async () => {
  const standard = { logits: tensor([[0], [0]]), mean: tensor([[[[0]]], [[[0]]]]), std: tensor([[[[1]]], [[[1]]]]) };
  const target = tensor([[[1]], [[1]]]);
  const alone = 0.5 + 0.5 * Math.log(2 * Math.PI);
  await assertValue(gmmNll(standard, target), alone);
  await assertValue(gmmNll(standard, target, { pad: tensor([[0], [1]]) }), alone);
  await assertValue(gmmNll(standard, target, { pad: tensor([[0], [1]]), sampleWeight: tensor([0.3, 2]) }), alone);
  const none = gmmNll(standard, target, { pad: tensor([[1], [1]]) });
  await assertValue(none, 0);
  assertNear(await gradientOf(none, standard.mean), [0, 0], 0);
});

test('distillation: a padded entry that is NaN leaves value and gradient as they are', async () => {
  const [student, mean] = [tensor([[[0, 0]], [[0, 0]]]), tensor([[0], [0]])];
  const bins = distillCategorical(tensor([[[1, 0]], [[Number.NaN, Number.NaN]]]), student, 1, { pad: tensor([0, 1]) });
  const half = 0.5 - 1 / (1 + Math.exp(-1));
  assertNear(await gradientOf(bins, student), [half, -half, 0, 0], EXACT);
  const logStd = tensor([[0], [0]]);
  const teacher = { mean: tensor([[1], [Number.NaN]]), logStd };
  const gaussian = distillGaussian(teacher, { mean, logStd }, { pad: tensor([0, 1]) });
  assert.deepEqual(await gradientOf(gaussian, mean), [-1, 0]);
});

test('mixture: padded steps and samples without label count for nothing', async () => {
  const modes: Mixture = {
    logits: tensor([
      [0.3, -0.2],
      [0.1, 0.5],
    ]),
    mean: constant([0, 1, 2, 3, 4, 5, 6, 7], [2, 2, 2, 1]),
    std: constant(new Array(8).fill(0.7), [2, 2, 2, 1]),
  };
  const target = (unknown: number) =>
    tensor([
      [[1], [unknown]],
      [[unknown], [unknown]],
    ]);
  const weights = {
    pad: tensor([
      [0, 1],
      [0, 0],
    ]),
    sampleWeight: tensor([1, 0]),
  };
  const loss = gmmNll(modes, target(Number.NaN), weights);
  const firstStep: Mixture = {
    logits: tensor([[0.3, -0.2]]),
    mean: tensor([[[[0]], [[2]]]]),
    std: tensor([[[[0.7]], [[0.7]]]]),
  };
  assertNear(
    await valuesOf(loss),
    (await valuesOf(mixtureLogProb(firstStep, tensor([[[1]]])))).map((each) => -each),
    EXACT,
  );
  assert.ok((await gradientOf(loss, modes.mean)).every(Number.isFinite));
});

test('bins: every scheme at its edges, in both directions', async () => {
  for (const scheme of BIN_SCHEMES)
    for (const text of ['-1.0', '-0.5', '0.0', '0.3', '0.999', '1.0']) {
      const row: readonly number[] = oracle[`bin.${text}`][scheme];
      // A row of openvla is [digitised, bin, decoded].
      const [bin, decoded] = row.slice(-2);
      const encoded = encodeBins(tensor([Number(text)]), scheme);
      assert.deepEqual(await valuesOf(encoded), [bin], `${scheme} ${text}`);
      await assertValue(decodeBins(encoded, scheme), [decoded!], EXACT, `${scheme} ${text}`);
    }
});

test('bins: nothing leaves the range, and the error is what each scheme promises', async () => {
  const grid = Array.from({ length: 4001 }, (_, index) => -1 + index / 2000);
  for (const scheme of BIN_SCHEMES) {
    const bins = await valuesOf(encodeBins(tensor([...grid, -3, 3]), scheme));
    assert.ok(bins.every((each) => Number.isInteger(each) && each >= 0 && each < binCount(scheme)));
    const decoded = await valuesOf(decodeBins(tensor(bins, 'int64'), scheme));
    const worst = Math.max(...grid.map((each, at) => Math.abs(each - decoded[at]!)));
    assert.ok(worst <= oracle['bin.maxerr'][scheme] + 1e-12, `${scheme}: ${worst}`);
    assert.ok(worst > oracle['bin.maxerr'][scheme] * 0.9, `${scheme}: ${worst}`);
  }
});

const logits = tensor([[[[2, 1, 0]]]]);
const first = tensor([[[0]]], 'int64');

test('binned cross-entropy, label smoothing and its floor', async () => {
  await assertValue(binnedCrossEntropy(logits, first), oracle['ce.0']);
  await assertValue(binnedCrossEntropy(logits, first, 0.1), oracle['ce.ls.1']);
  const uniform = constant(new Array(256).fill(0), [1, 1, 256]);
  await assertValue(binnedCrossEntropy(uniform, tensor([[7]], 'int64')), oracle['ce.uniform256']);
  const best = Array.from({ length: 256 }, (_, v) => Math.log(v === 7 ? 0.9 + 0.1 / 256 : 0.1 / 256));
  const floor = binnedCrossEntropy(constant(best, [1, 1, 256]), tensor([[7]], 'int64'), 0.1);
  await assertValue(floor, oracle['ce.ls.min256.eps.1']);
  assert.throws(() => binnedCrossEntropy(logits, first, 1), /smoothing 1/);
});

test('cross-entropy of a sure network is finite; the log of a softmax is not', async () => {
  const sure = tensor([[[[2000, 0, -2000]]]]);
  const wrong = tensor([[[2]]], 'int64');
  await assertValue(binnedCrossEntropy(sure, wrong), 4000);
  assert.equal((await valuesOf(log(softmax(sure))))[2], Number.NEGATIVE_INFINITY);
  await assertValue(binaryCrossEntropy(tensor([-2000]), tensor([1])), 2000);
});

test('independent bins are a product of marginals: a joint mode costs as much as a crossed one', async () => {
  const either = tensor([
    [
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ]);
  const joint = await valuesOf(categoricalLogProb(either, tensor([[[0, 0]]], 'int64')));
  const crossed = await valuesOf(categoricalLogProb(either, tensor([[[0, 1]]], 'int64')));
  assert.deepEqual(joint, crossed);
  await assertValue(categoricalEntropy(either), [2 * Math.log(2)]);
});

const asLogits = (...p: number[]) => tensor([p.map(Math.log)]);
const TEACHER = [[2, 0, -1]];
const STUDENT = [[1, 0.5, 0]];

test('distillation: teacher first, temperature squared, sum over V', async () => {
  await assertValue(categoricalKl(asLogits(0.5, 0.5), asLogits(0.9, 0.1)), [oracle['kl.PQ']]);
  await assertValue(categoricalKl(asLogits(0.9, 0.1), asLogits(0.5, 0.5)), [oracle['kl.QP']]);
  await assertValue(distillCategorical(asLogits(0.5, 0.5), asLogits(0.9, 0.1)), oracle['kl.PQ']);
  for (const temperature of [1, 2, 4])
    await assertValue(
      distillCategorical(tensor(TEACHER), tensor(STUDENT), temperature),
      oracle[`kd.T${temperature}.0`],
    );
  assert.throws(() => distillCategorical(tensor(TEACHER), tensor(STUDENT), 0), /temperature 0/);
});

test('the teacher is a constant: no gradient reaches it', async () => {
  const [teacher, student] = [tensor(TEACHER), tensor(STUDENT)];
  const wide = { mean: tensor([[1]]), logStd: tensor([[Math.log(2)]]) };
  const narrow = { mean: tensor([[0]]), logStd: tensor([[0]]) };
  for (const [loss, fixed] of [
    [distillCategorical(teacher, student, 2), teacher],
    [distillRegression(teacher, student), teacher],
    [distillGaussian(narrow, wide), narrow.mean],
  ] as const)
    assert.ok((await gradientOf(loss, fixed)).every((each) => each === 0));
  await assertValue(distillGaussian(narrow, wide), oracle['kl.gauss N(0,1)||N(1,2)']);
});

test('fields are compared at one point: a student equal to its teacher has no loss', async () => {
  const field = (x: Node, time: Node) => mul(x, time);
  const [x, time] = [tensor([[0.5], [-2]]), tensor([[0.1], [0.9]])];
  await assertValue(distillField(field, field, x, time), 0);
  const [otherNoise] = await valuesOf(distillRegression(field(x, time), field(neg(x), time)));
  assert.ok(otherNoise! > 0.5);
});

const IDENTITY = [
  [1, 0],
  [0, 1],
];
const scaleOf = (temperature: number) => tensor(-Math.log(temperature));
const pairs = (queries: Nested, keys: Nested, temperature: number) =>
  infoNce(tensor(queries), tensor(keys), scaleOf(temperature));

test('contrastive loss', async () => {
  await assertValue(pairs(IDENTITY, IDENTITY, 1), oracle['infonce.I2.t1']);
  await assertValue(pairs(IDENTITY, IDENTITY, 0.07), oracle['infonce.I2.t.07']);
  const same = [
    [1, 0],
    [1, 0],
    [1, 0],
    [1, 0],
  ];
  await assertValue(pairs(same, same, 0.07), oracle['infonce.same4']);
  const queries = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const keys = [
    [1, 0.1],
    [0.2, 1],
    [1, -1],
  ];
  const [symmetric, oneWay] = oracle['infonce.asym (sym,q2k,k2q)'];
  await assertValue(pairs(queries, keys, 0.5), symmetric);
  assert.ok(Math.abs(symmetric - oneWay) > 0.03);
  assertNear([LOG_SCALE_START], [2.6593], 1e-4);
});

test('contrastive: the length of an embedding does not matter, and a zero one makes no NaN', async () => {
  await assertValue(
    pairs(
      [
        [5, 0],
        [0, 0.1],
      ],
      IDENTITY,
      1,
    ),
    oracle['infonce.I2.t1'],
  );
  const nothing = tensor([
    [0, 0],
    [0, 1],
  ]);
  assert.ok((await gradientOf(infoNce(nothing, tensor(IDENTITY), scaleOf(1)), nothing)).every(Number.isFinite));
});

test('contrastive: the scale is bounded in value, and its gradient still leads back', async () => {
  const [far, bound] = [tensor(LOG_SCALE_MAX + 3), tensor(LOG_SCALE_MAX)];
  const [queries, keys] = [
    tensor([
      [1, 0],
      [0, 1],
    ]),
    tensor([
      [0, 1],
      [1, 0],
    ]),
  ];
  assertNear(await valuesOf(infoNce(queries, keys, far)), await valuesOf(infoNce(queries, keys, bound)), EXACT);
  const [slope] = await gradientOf(infoNce(queries, keys, far), far);
  assert.ok(slope! > 1, `wrong pairs ask for a smaller scale, slope ${slope}`);
});

test('contrastive: samples of one text are no negatives of each other', async () => {
  const same = tensor([
    [1, 0],
    [1, 0],
    [0, 1],
  ]);
  const [blind] = await valuesOf(infoNce(same, same, scaleOf(0.07)));
  const [told] = await valuesOf(infoNce(same, same, scaleOf(0.07), tensor([4, 4, 9], 'int64')));
  assert.ok(blind! > (2 / 3) * Math.log(2) - 1e-3);
  assert.ok(told! < 1e-5);
  const distinct = await valuesOf(infoNce(same, same, scaleOf(0.07), tensor([1, 2, 3], 'int64')));
  assertNear(distinct, [blind!], EXACT);
});
