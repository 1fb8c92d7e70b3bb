/** PPO, advantages, temporal differences, preferences: values of the formulas, and where gradients must be exactly zero. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { tpo } from '../../../main/learn/losses/alignment/tpo.ts';
import { tdTarget } from '../../../main/learn/losses/reinforcement/actor-critic.ts';
import { gae, normalizeAdvantages } from '../../../main/learn/losses/reinforcement/gae.ts';
import {
  clippedSurrogate,
  KL_ESTIMATORS,
  klToReference,
  valueLoss,
} from '../../../main/learn/losses/reinforcement/ppo.ts';
import { assertNear, assertValue, EXACT, gradientOf, oracle, SEED, tensor, valuesOf } from './harness.ts';

test('clipped surrogate: every cell, with a gradient of exactly 0 where the clip holds', async () => {
  for (const ratio of [0.5, 0.9, 1, 1.1, 1.5])
    for (const advantage of [1, -1]) {
      const logProb = tensor([Math.log(ratio)]);
      const { loss } = clippedSurrogate(logProb, tensor([0]), tensor([advantage]));
      await assertValue(loss, oracle.ppo[`r${ratio.toFixed(1)}A${advantage.toFixed(1)}`]);
      const held = (ratio === 1.5 && advantage === 1) || (ratio === 0.5 && advantage === -1);
      const [slope] = await gradientOf(loss, logProb);
      assert.ok(held ? slope === 0 : Math.abs(slope! + ratio * advantage) < 1e-12, `${ratio}, ${advantage}: ${slope}`);
    }
});

test('clip fraction and the estimate of KL for stopping', async () => {
  const { clipFraction, approximateKl } = clippedSurrogate(
    tensor([0, Math.log(1.5), Math.log(1.1), Math.log(0.5)]),
    tensor([0, 0, 0, 0]),
    tensor([1, 1, 1, 1]),
  );
  await assertValue(clipFraction, 0.5);
  const terms = [1, 1.5, 1.1, 0.5].map((ratio) => ratio - 1 - Math.log(ratio));
  await assertValue(approximateKl, terms.reduce((a, b) => a + b) / 4);
});

test('value loss, plain and clipped', async () => {
  const [value, old, returns] = [tensor([2]), tensor([1]), tensor([3])];
  await assertValue(valueLoss(value, returns), 0.5);
  const clipped = valueLoss(value, returns, { oldValue: old, range: 0.2 });
  await assertValue(clipped, oracle['ppo.valueclip']);
  assert.equal(Math.abs((await gradientOf(clipped, value))[0]!), 0);
  // The pessimistic one of the two counts: a value that has moved too far, away from the return, is not excused.
  const away = valueLoss(tensor([0]), returns, { oldValue: old, range: 0.2 });
  await assertValue(away, 4.5);
});

test('KL to the reference: three estimators', async () => {
  for (const text of ['0.1', '-0.1', '1.0'])
    for (const estimator of KL_ESTIMATORS)
      await assertValue(
        klToReference(estimator, tensor([0]), tensor([Number(text)])),
        oracle[`k3.logr${text}`][estimator],
      );
});

test(`on samples of π, k1 and k3 estimate KL(π‖π_ref), and only k2 has its gradient (seed ${SEED})`, async () => {
  const rng = createRng(SEED);
  const [sigma, count] = [1.25, 20_000];
  const samples = Array.from({ length: count }, () => sigma * rng.normal());
  const logDensity = (std: number) => samples.map((x) => -0.5 * (x / std) ** 2 - Math.log(std));
  const logProb = tensor(logDensity(sigma));
  const reference = tensor(logDensity(1));
  const score = samples.map((x) => (x / sigma) ** 2 - 1); // The score d log π / d ln σ.
  const estimates: number[] = [];
  const slopes: number[] = [];
  for (const estimator of KL_ESTIMATORS) {
    const loss = klToReference(estimator, logProb, reference);
    estimates.push((await valuesOf(loss))[0]!);
    slopes.push((await gradientOf(loss, logProb)).reduce((sum, each, at) => sum + each * score[at]!, 0));
  }
  const kl = -Math.log(sigma) + sigma ** 2 / 2 - 0.5;
  assertNear([estimates[0]!, estimates[2]!], [kl, kl], 0.01);
  // The slopes d KL(π‖π_ref) / d ln σ = σ² − 1 and d KL(π_ref‖π) / d ln σ = 1 − σ⁻².
  assertNear(slopes, [0, sigma ** 2 - 1, 1 - sigma ** -2], 0.03);
});

const rollout = (
  rewards: number[],
  values: number[],
  nextValues: number[],
  terminated: number[],
  ended = terminated,
) => ({
  rewards,
  values,
  nextValues,
  terminated,
  ended,
});
const HALF = [0.5, 0.5, 0.5];
const SPARSE = rollout([0, 0, 1], [0.2, 0.4, 0.8], [0.4, 0.8, 9], [0, 0, 1]);

test('generalised advantages: values', () => {
  const expectRollout = (result: ReturnType<typeof gae>, name: string) => {
    assertNear(result.advantages, oracle[name][0], EXACT, name);
    assertNear(result.returns, oracle[name][1], EXACT, name);
  };
  expectRollout(gae(rollout([1, 1, 1], HALF, HALF, [0, 0, 0])), 'gae.nodone');
  expectRollout(gae(rollout([1, 1, 1], HALF, HALF, [0, 1, 0])), 'gae.term@1');
  expectRollout(gae(SPARSE), 'gae.term@2');
  expectRollout(gae(SPARSE, 0.99, 1), 'gae.lam1');
  expectRollout(gae(SPARSE, 0.99, 0), 'gae.lam0');
});

test('a time-out cuts the sum and keeps the bootstrap; merging both ends is a bias', () => {
  const timeOut = gae(rollout([1, 1, 1], HALF, [0.5, 2, 0.5], [0, 0, 0], [0, 1, 0]));
  assertNear(timeOut.advantages, [1 + 0.495 - 0.5 + 0.99 * 0.95 * (1 + 1.98 - 0.5), 1 + 1.98 - 0.5, 0.995], EXACT);
  const merged = gae(rollout([1, 1, 1], HALF, [0.5, 2, 0.5], [0, 1, 0]));
  assert.ok(timeOut.advantages[1]! - merged.advantages[1]! > 1.9);
});

test(`λ = 1 is the Monte-Carlo return minus the value, in every environment of a rollout (seed ${SEED})`, () => {
  const rng = createRng(SEED);
  const [steps, environments, discount] = [12, 3, 0.9];
  const draw = () => Array.from({ length: steps * environments }, () => rng.normal());
  const [rewards, values] = [draw(), draw()];
  const last = (at: number) => at >= (steps - 1) * environments;
  const terminated = values.map((_, at) => at === 13 || last(at));
  const nextValues = values.map((_, at) => values[at + environments] ?? 5);
  const { advantages, returns } = gae(
    { rewards, values, nextValues, terminated, ended: terminated, environments },
    discount,
    1,
  );
  const monteCarlo = (at: number): number =>
    rewards[at]! + (terminated[at] ? 0 : discount * monteCarlo(at + environments));
  const expected = values.map((_, at) => monteCarlo(at));
  assertNear(returns, expected, EXACT);
  assertNear(
    advantages,
    expected.map((each, at) => each - values[at]!),
    EXACT,
  );
});

test('advantages: what does not fit is refused', () => {
  assert.throws(() => gae({ ...SPARSE, values: [1] }), /1 values for 3 rewards/);
  assert.throws(() => gae({ ...SPARSE, environments: 2 }), /do not divide into 2/);
  assert.throws(() => gae({ ...SPARSE, ended: [0, 0, 0] }), /terminated but not ended/);
});

test('advantages are normalised by the unbiased deviation, as in torch', () => {
  assertNear(normalizeAdvantages([1, 2, 3, 4]), oracle['advnorm.unbiased'], 1e-7);
  assert.ok(Math.abs(oracle['advnorm.biased'][0] - oracle['advnorm.unbiased'][0]) > 0.1);
  assert.deepEqual([...normalizeAdvantages([3, 3])], [0, 0]);
  assert.throws(() => normalizeAdvantages([1]), /needs at least 2/);
});

const nextValues = tensor([
  [1, 5],
  [2, 4],
  [-9, 3],
]);

test('temporal difference: minimum over the ensemble', async () => {
  await assertValue(tdTarget(tensor([0, 0]), tensor([1, 1]), nextValues, 0.9), [-8.1, 2.7]);
});

test('the entropy back-up is subtracted, and ends with the episode', async () => {
  const entropy = { nextLogProb: tensor([-2, -2]), temperature: 0.5 };
  const target = tdTarget(tensor([1, 1]), tensor([1, 0]), nextValues, 0.9, entropy);
  // An unlikely action (log π = −2) is worth α·2 = 1 more, not less. Nothing follows a terminal step.
  await assertValue(target, [1 + 0.9 * (-9 + 1), 1]);
});

const trajectories = (better: readonly number[], worse: readonly number[], beta: number) => {
  const still = (values: readonly number[]) => tensor(values.map(() => 0));
  const [policyBetter, policyWorse] = [tensor(better), tensor(worse)];
  const result = tpo(
    { policy: policyBetter, reference: still(better) },
    { policy: policyWorse, reference: still(worse) },
    beta,
  );
  return { ...result, policyBetter, policyWorse };
};

test('trajectory preference: ln 2 at the start for every β, values and gradients', async () => {
  for (const beta of [0.01, 0.1, 1]) await assertValue(trajectories([0], [0], beta).loss, oracle['tpo.init']);
  await assertValue(trajectories([1], [-1], 0.1).loss, oracle['tpo.w1,l-1,b.1']);
  const { loss, policyBetter, policyWorse } = trajectories([3], [-5], 0.1);
  const [value, [up, down]] = oracle['tpo.w3,l-5,b.1'];
  await assertValue(loss, value);
  assertNear([...(await gradientOf(loss, policyBetter)), ...(await gradientOf(loss, policyWorse))], [up, down], EXACT);
});

test('trajectory preference: what counts is the gain over the reference, of either trajectory', async () => {
  const pair = (better: number, worse: number) =>
    tpo({ policy: tensor([3]), reference: tensor([better]) }, { policy: tensor([1]), reference: tensor([worse]) }, 0.1);
  await assertValue(pair(3, 1).loss, Math.log(2));
  await assertValue(pair(2, 1.5).rewardMargin, 0.1 * (1 + 0.5));
});

test('trajectory preference sums over steps inside the sigmoid: stepwise losses are another objective', async () => {
  const [whole, stepwise] = oracle['tpo.sum-of-steps vs mean-of-steps'];
  const steps = [0.2, 0.3, 0.1];
  const total = steps.reduce((a, b) => a + b);
  await assertValue(trajectories([total], [0], 0.1).loss, whole);
  await assertValue(trajectories(steps, [0, 0, 0], 0.1).loss, stepwise);
  assert.ok(stepwise - whole > 0.01);
});

test('trajectory preference: margin and accuracy; a hopeless pair has a finite loss', async () => {
  const { rewardMargin, rewardAccuracy } = trajectories([2, 0, 1], [0, 1, 0], 0.5);
  await assertValue(rewardMargin, (1 - 0.5 + 0.5) / 3);
  await assertValue(rewardAccuracy, 2 / 3);
  await assertValue(trajectories([-5000], [5000], 1).loss, 10_000);
});
