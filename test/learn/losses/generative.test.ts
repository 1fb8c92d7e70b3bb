/** Diffusion, flow matching, consistency training: targets, schedules, and what they imply, against closed forms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineLosses } from '../../../main/learn/losses/combine.ts';
import {
  chunkErrors,
  consistencyLoss,
  consistencyTrainingLoss,
  eulerStep,
} from '../../../main/learn/losses/generative/consistency.ts';
import {
  DIFFUSION_TARGETS,
  denoisedAction,
  diffuse,
  diffusionLoss,
  diffusionTarget,
  impliedNoise,
} from '../../../main/learn/losses/generative/diffusion.ts';
import {
  flowAction,
  flowMatchingLoss,
  flowPoint,
  fromPi0,
  logitNormalTime,
  pi0TrainingTime,
  toPi0,
} from '../../../main/learn/losses/generative/flow-matching.ts';
import {
  betasOf,
  cumulativeAlphas,
  noiseSchedule,
  type ScheduleOptions,
} from '../../../main/learn/losses/generative/noise-schedule.ts';
import { mse } from '../../../main/learn/losses/regression.ts';
import { add, div, mul, type Node, sqrt, sub, sum } from '../../../main/tensor/tensor.ts';
import { assertNear, assertValue, EXACT, gradientOf, type Nested, oracle, tensor, valuesOf } from './harness.ts';

const SCHEDULES: Readonly<Record<string, ScheduleOptions>> = {
  'sched.cos.T100': { kind: 'cosine', steps: 100 },
  'sched.cos.T1000': { kind: 'cosine', steps: 1000 },
  'sched.lin.T100': { kind: 'linear', steps: 100 },
  'sched.lin.T1000': { kind: 'linear', steps: 1000 },
};

for (const [name, options] of Object.entries(SCHEDULES))
  test(`noise schedule ${options.kind}, ${options.steps} steps`, () => {
    const betas = betasOf(options);
    const alphaBars = cumulativeAlphas(betas);
    const { b0, bl, ab0, abmid, abl } = oracle[name];
    const ends = [betas[0]!, betas.at(-1)!, alphaBars[0]!, alphaBars[options.steps / 2]!];
    assertNear(ends, [b0, bl, ab0, abmid], EXACT);
    assert.ok(Math.abs(alphaBars.at(-1)! / abl - 1) < 1e-9);
  });

test('a schedule that does not end in noise is refused, with one that does as the remedy', () => {
  assert.throws(() => noiseSchedule({ kind: 'linear', steps: 100 }), /ends at ᾱ = 0\.3636.*start: 0\.001, end: 0\.2/);
  assert.throws(() => noiseSchedule({ kind: 'linear', steps: 0 }), /0 steps/);
  const scaled = noiseSchedule({ kind: 'linear', steps: 100, beta: { start: 1e-3, end: 0.2 } });
  assert.ok(scaled.alphaBars.at(-1)! < 1e-4);
  assert.ok(noiseSchedule({ kind: 'cosine', steps: 100 }).alphaBars.at(-1)! < 1e-6);
  assert.ok(noiseSchedule({ kind: 'linear', steps: 1000 }).alphaBars.at(-1)! < 1e-4);
});

const point = oracle['diff.t50'];
const [action, noise, alphaBar] = [tensor([[[0.8]]]), tensor([[[-0.3]]]), tensor([point.ab])];

test('diffusion at step 50: the noised action, v, and the way back from every target', async () => {
  const x = diffuse(action, noise, alphaBar);
  await assertValue(x, [point.xt]);
  await assertValue(diffusionTarget('v', action, noise, alphaBar), [point.v]);
  for (const kind of DIFFUSION_TARGETS) {
    const back = denoisedAction(kind, diffusionTarget(kind, action, noise, alphaBar), x, alphaBar);
    await assertValue(back, [point.x0rec], 1e-14);
    await assertValue(impliedNoise(back, x, alphaBar), [point.eprec], 1e-14);
  }
});

test('one error Δ of the action costs SNR·Δ², Δ², (SNR + 1)·Δ²', async () => {
  const x = diffuse(action, noise, alphaBar);
  const wrong = tensor([[[0.55]]]);
  const wrongNoise = impliedNoise(wrong, x, alphaBar);
  const loss = (kind: (typeof DIFFUSION_TARGETS)[number]) =>
    diffusionLoss(diffusionTarget(kind, wrong, wrongNoise, alphaBar), diffusionTarget(kind, action, noise, alphaBar));
  const squared = 0.25 ** 2;
  await assertValue(loss('x0'), squared, 1e-14);
  await assertValue(loss('epsilon'), point.snr * squared, 1e-14);
  await assertValue(loss('v'), (point.snr + 1) * squared, 1e-14);
});

test('each sample has its own step', async () => {
  const levels = tensor([0.9, 0.1]);
  const x = diffuse(
    tensor([
      [[1], [1]],
      [[1], [1]],
    ]),
    tensor([
      [[0], [0]],
      [[0], [0]],
    ]),
    levels,
  );
  await assertValue(x, [Math.sqrt(0.9), Math.sqrt(0.9), Math.sqrt(0.1), Math.sqrt(0.1)]);
});

/** DDIM without noise over `count` evenly spaced steps, the last one to the data. */
async function sampleDdim(count: number, start: number, denoise: (x: Node, alphaBar: Node) => Node): Promise<number> {
  const { alphaBars } = noiseSchedule({ kind: 'cosine', steps: 100 });
  const spacing = Math.floor(100 / count);
  let x: Node = tensor([[start]]);
  for (let index = count - 1; index >= 0; index--) {
    const [level, next] = [alphaBars[index * spacing]!, index === 0 ? 1 : alphaBars[(index - 1) * spacing]!];
    const denoised = denoise(x, tensor([level]));
    x = diffuse(denoised, impliedNoise(denoised, x, tensor([level])), tensor([next]));
  }
  return (await valuesOf(x))[0]!;
}

test('data in one point: sampling with the exact noise returns it, in any number of steps', async () => {
  for (const count of [1, 5, 10, 20]) {
    const sample = await sampleDdim(count, 1, (x, level) => {
      const exactNoise = div(sub(x, mul(sqrt(level), 0.37)), sqrt(sub(1, level)));
      return denoisedAction('epsilon', exactNoise, x, level);
    });
    assertNear([sample], [oracle[`ddim.pointmass.N${count}`]], EXACT);
  }
});

test('Gaussian data: sampling with the exact posterior mean, step by step as in double-precision DDIM', async () => {
  for (const count of [5, 10, 20, 50, 100]) {
    const [mean, variance] = [0.2, 0.09];
    const sample = await sampleDdim(count, 1, (x, level) => {
      const gain = div(mul(sqrt(level), variance), add(mul(level, variance), sub(1, level)));
      return add(mul(gain, sub(x, mul(sqrt(level), mean))), mean);
    });
    assertNear([sample], [oracle[`ddim.gauss.N${count} (exact flow ~ m+s*xT=0.5)`]], 1e-9);
  }
});

const [flowNoise, flowData, quarter] = [tensor([[[-1]]]), tensor([[[2]]]), tensor([0.25])];

test('flow: the point on the path and its velocity, rectified and with σ', async () => {
  const rectified = flowPoint(flowData, flowNoise, quarter);
  await assertValue(rectified.x, [oracle['flow.rect'].xt]);
  await assertValue(rectified.velocity, [oracle['flow.rect'].u]);
  const { sm, xt, u } = oracle['flow.cfm sigma_min'];
  const narrow = flowPoint(flowData, flowNoise, quarter, sm);
  await assertValue(narrow.x, [xt]);
  await assertValue(narrow.velocity, [u]);
  for (const [path, sigma] of [
    [rectified, 0],
    [narrow, sm],
  ] as const)
    await assertValue(flowAction(path.velocity, path.x, quarter, sigma), [2]);
  await assertValue(flowMatchingLoss(rectified.velocity, narrow.velocity), 0.001 ** 2, 1e-14);
});

test("π0's convention: the same point at 1 − t, the velocity of opposite sign", async () => {
  const { x, velocity } = flowPoint(flowData, flowNoise, quarter);
  const { t, xt, u } = oracle['flow.pi0'];
  await assertValue(toPi0.time(quarter), [t]);
  await assertValue(x, [xt]);
  await assertValue(toPi0.velocity(velocity), [u]);
  await assertValue(fromPi0.time(tensor([t])), [0.25]);
  await assertValue(fromPi0.velocity(tensor([u])), [oracle['flow.rect'].u]);
  // π0's own update from noise at 1 to data at 0 arrives at the action
  const arrived = sub(x, mul(fromPi0.velocity(fromPi0.velocity(tensor([[[u]]]))), t));
  await assertValue(arrived, [2]);
});

test('training times: the mean of π0, the middle of the logit-normal', () => {
  const count = 20_000;
  const noiseTimes = Array.from({ length: count }, (_, index) => 1 - pi0TrainingTime((index + 0.5) / count));
  const average = noiseTimes.reduce((a, b) => a + b) / count;
  assertNear([average], [oracle['beta1.5,1 mean*0.999+.001']], 1e-6);
  assert.ok(Math.min(...noiseTimes) >= 0.001 && Math.max(...noiseTimes) <= 1);
  assertNear([logitNormalTime(0), logitNormalTime(1) + logitNormalTime(-1)], [0.5, 1], EXACT);
});

/** Integrates a velocity field of plain numbers from noise at 0 to data at 1. */
function integrate(field: (x: number, t: number) => number, start: number, count: number, midpoint: boolean): number {
  let x = start;
  const h = 1 / count;
  for (let index = 0; index < count; index++) {
    const t = index * h;
    x += h * (midpoint ? field(x + (h / 2) * field(x, t), t + h / 2) : field(x, t));
  }
  return x;
}

test('the exact field of Gaussian data is integrated with the known error; its order tells Euler from midpoint', () => {
  const [m, variance] = [2, 0.25];
  const field = (x: number, t: number) =>
    m + ((t * variance - (1 - t)) / (t * t * variance + (1 - t) ** 2)) * (x - t * m);
  for (const count of [1, 2, 4, 8, 16, 32]) {
    const { euler, mid } = oracle[`flow.gauss.N${count}`];
    assertNear([integrate(field, 1, count, false), integrate(field, 1, count, true)], [euler, mid], EXACT);
  }
});

test('consistency reconstruction of a chunk: the mean is over each sample’s own steps', async () => {
  const [predicted, target] = [
    tensor([
      [[1], [2]],
      [[3], [4]],
    ]),
    tensor([
      [[0], [Number.NaN]],
      [[0], [0]],
    ]),
  ];
  const errors = chunkErrors(predicted, target, {
    pad: tensor([
      [0, 1],
      [0, 0],
    ]),
  });
  await assertValue(errors, [1, (9 + 16) / 2]);
  assert.deepEqual(await gradientOf(sum(errors), predicted), [2, 0, 3, 4]);
});

test('consistency training: both points lie on one line through the action', async () => {
  const [data, z] = [tensor([[0.4, -0.2]]), tensor([[1.5, -0.7]])];
  const [time, next] = [tensor([2]), tensor([0.5])];
  const x = add(data, mul(z, 2));
  await assertValue(eulerStep(x, data, time, next), [0.4 + 0.75, -0.2 - 0.35]);
});

test('consistency training: no gradient reaches the average; with one, a constant network would be the optimum', async () => {
  const [online, averaged] = [tensor([[0.3], [0.7]]), tensor([[0.1], [0.9]])];
  const loss = consistencyTrainingLoss(online, averaged, { sampleWeight: tensor([1, 3]) });
  await assertValue(loss, 0.04);
  assert.deepEqual(await gradientOf(loss, averaged), [0, 0]);
  assertNear(await gradientOf(loss, online), [0.1, -0.3], EXACT);
  assert.ok((await gradientOf(mse(online, averaged), averaged)).every((each) => each !== 0));
});

test('consistency reconstruction: samples of weight 0 may be NaN, and weights count by their shares alone', async () => {
  const sigma = tensor([[1], [1]]);
  const errors = tensor([1, Number.NaN]);
  const loss = consistencyLoss(errors, sigma, tensor([1, 0]), 0.5);
  await assertValue(loss, 5);
  assert.deepEqual(await gradientOf(loss, errors), [5, 0]);
  const large = await valuesOf(consistencyLoss(tensor([1, 2]), sigma, tensor([1, 3]), 0.5));
  assertNear(large, [5 * 1.75], EXACT);
  for (const scale of [1e-8, 1e-20])
    assertNear(await valuesOf(consistencyLoss(tensor([1, 2]), sigma, tensor([scale, 3 * scale]), 0.5)), large, EXACT);
});

test('consistency reconstruction as a registered loss leaves out a sample without a valid step', async () => {
  const same = { target: tensor([[[0]], [[0]]]), denoised: tensor([[[1]], [[1]]]), sigma: tensor([[1], [1]]) };
  const loss = (pad: Nested) => combineLosses([{ name: 'consistency', weight: 1 }], { ...same, pad: tensor(pad) }).loss;
  await assertValue(loss([[0], [0]]), 5);
  await assertValue(loss([[0], [1]]), 5);
  await assertValue(loss([[1], [1]]), 0);
});

test('consistency training: a sample of weight 0 may be NaN', async () => {
  const online = tensor([[0], [0]]);
  const loss = consistencyTrainingLoss(online, tensor([[1], [Number.NaN]]), { sampleWeight: tensor([1, 0]) });
  assertNear(await gradientOf(loss, online), [-2, 0], 0);
});
