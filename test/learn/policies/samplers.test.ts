/** Samplers against closed forms: DDIM and flow integration (numbers from PyTorch in float64), choice from noise, the normaliser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { denoisedAction } from '../../../main/learn/losses/generative/diffusion.ts';
import { cumulativeAlphas, noiseSchedule } from '../../../main/learn/losses/generative/noise-schedule.ts';
import { parametersFrom } from '../../../main/learn/nets/parameters.ts';
import { choose, likeliest, uniformFromNormals } from '../../../main/learn/policies/choice.ts';
import { ddim, trailingSteps } from '../../../main/learn/policies/diffusion.ts';
import { integrate } from '../../../main/learn/policies/flow.ts';
import {
  actionSpace,
  actionStatistics,
  denormalise,
  normalise,
  normaliserParameters,
} from '../../../main/learn/policies/normaliser.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { add, constant, div, input, mul, sub } from '../../../main/tensor/tensor.ts';
import { assertNear } from '../near.ts';

async function numbersOf(node: Node): Promise<number[]> {
  const compiled = await interpreter.compile(defineStep({ value: node }));
  return Array.from((await compiled.run({})).value!.data, Number);
}

const start = (value: number) => constant([value], [1, 1, 1]);
const { alphaBars } = noiseSchedule({ kind: 'cosine', steps: 100 });
/** From the cleanest level up, as `leading` spacing has it; only the oracle's numbers need it. */
const leadingSteps = (count: number) => Array.from({ length: count }, (_, i) => (count - 1 - i) * (100 / count));

test('trailing steps begin at the noisiest level', () => {
  assert.deepEqual(trailingSteps(100, 4), [99, 74, 49, 24]);
  assert.deepEqual(trailingSteps(100, 1), [99]);
  assert.deepEqual(trailingSteps(100, 100).at(-1), 0);
  assert.throws(() => trailingSteps(100, 101), /use 1 to 100/);
});

test('DDIM: data that is one point comes out whole, whatever the number of steps and the target', async () => {
  const c = 0.37;
  for (const count of [1, 5, 10, 20]) {
    const epsilon = (x: Node, alphaBar: number) => div(sub(x, Math.sqrt(alphaBar) * c), Math.sqrt(1 - alphaBar));
    const at = (alphaBar: number) => constant([alphaBar]);
    const denoiser = (x: Node, alphaBar: number) => denoisedAction('epsilon', epsilon(x, alphaBar), x, at(alphaBar));
    assertNear(await numbersOf(ddim(denoiser, start(1.3), alphaBars, trailingSteps(100, count))), [c], 1e-7);
  }
});

test('DDIM: Gaussian data, converging on the exact flow to 0.5', async () => {
  const [m, s] = [0.2, 0.3];
  const exact = (x: Node, alphaBar: number) => {
    const gain = (Math.sqrt(alphaBar) * s ** 2) / (alphaBar * s ** 2 + 1 - alphaBar);
    return add(mul(sub(x, Math.sqrt(alphaBar) * m), gain), m);
  };
  const expected: Readonly<Record<number, number>> = {
    5: 0.392502,
    10: 0.4389259,
    20: 0.4671907,
    50: 0.4862044,
    100: 0.4929203,
  };
  for (const [count, value] of Object.entries(expected)) {
    const sampled = ddim(exact, start(1), alphaBars, leadingSteps(Number(count)), 10);
    assertNear(await numbersOf(sampled), [value], 1e-6, `${count} steps`);
  }
  assert.equal(cumulativeAlphas([0.5, 0.5]).at(-1), 0.25);
});

test('DDIM clips, and takes the noise from what it clipped', async () => {
  const wild = () => start(3);
  assert.deepEqual(await numbersOf(ddim(wild, start(0.5), alphaBars, trailingSteps(100, 3))), [1]);
  const seen: Node[] = [];
  const spy = (x: Node) => {
    seen.push(x);
    return start(3);
  };
  ddim(spy, start(0.5), alphaBars, [99, 49]);
  const [high, low] = [alphaBars[99]!, alphaBars[49]!];
  const noise = (0.5 - Math.sqrt(high)) / Math.sqrt(1 - high);
  assertNear(await numbersOf(seen[1]!), [Math.sqrt(low) + Math.sqrt(1 - low) * noise], 1e-9);
});

test('flow: a point mass is exact; Gaussian data at order one and two', async () => {
  const point = (x: Node, time: number) => div(sub(0.4, x), 1 - time);
  for (const count of [1, 3, 8]) {
    assertNear(await numbersOf(integrate(point, start(-1), 'euler', count)), [0.4], 1e-9);
    assertNear(await numbersOf(integrate(point, start(-1), 'midpoint', count)), [0.4], 1e-9);
  }
  const [m, s] = [2, 0.5];
  const field = (x: Node, t: number) =>
    add(mul(sub(x, t * m), (t * s ** 2 - (1 - t)) / (t ** 2 * s ** 2 + (1 - t) ** 2)), m);
  const expected = {
    euler: { 4: 2.3405405, 8: 2.4147846, 16: 2.4556831 },
    midpoint: { 4: 2.4982912, 8: 2.4997764, 16: 2.4999716 },
  } as const;
  for (const method of ['euler', 'midpoint'] as const)
    for (const [count, value] of Object.entries(expected[method]))
      assertNear(
        await numbersOf(integrate(field, start(1), method, Number(count))),
        [value],
        1e-6,
        `${method} ${count}`,
      );
});

test('two normals make a uniform number, and that chooses as the probabilities say', async () => {
  const rng = createRng(3);
  const count = 4000;
  const noise = constant(
    Float64Array.from({ length: 2 * count }, () => rng.normal()),
    [count, 2],
  );
  const uniform = (await numbersOf(uniformFromNormals(noise))).toSorted((a, b) => a - b);
  const worst = Math.max(...uniform.map((value, rank) => Math.abs(value - (rank + 0.5) / count)));
  assert.ok(worst < 0.03, `Kolmogorov distance ${worst}`);

  const choices = (values: readonly number[]) =>
    numbersOf(choose(constant([0.2, 0, 0.8], [1, 3]), constant(values, [values.length, 1])));
  assert.deepEqual(await choices([0, 0.19, 0.21, 0.99, 1]), [0, 0, 2, 2, 2]);
  assert.deepEqual(await numbersOf(likeliest(constant([1, 5, 5, 2, 9, 0], [2, 3]))), [1, 1]);
});

test('the normaliser: ranges, quantiles, moments; still dimensions are left alone', () => {
  const actions = Float32Array.from({ length: 303 }, (_, index) => [index / 303 - 0.5, 0.25, index % 2][index % 3]!);
  const of = (kind: 'min-max' | 'quantile' | 'mean-std') => actionStatistics(kind, actions, 3);
  const range = of('min-max');
  assertNear(range.offset, [-0.0049505, 0, 0.5], 1e-6);
  assertNear(range.scale, [0.4950495, 1, 0.5], 1e-6);
  const inner = of('quantile');
  assertNear([inner.offset[0]!, inner.scale[0]!], [-0.0049505, 0.4851485], 1e-6);
  const moments = of('mean-std');
  assertNear([moments.offset[0]!, moments.scale[0]!], [-0.0049505, 0.2886751], 1e-4);
  assert.deepEqual([moments.offset[1], moments.scale[1]], [0, 1]);
  assert.throws(() => actionStatistics('min-max', new Float32Array(), 3), /no actions to normalise by/);
});

test('the normaliser takes a buffer of 300,000 actions, of every kind', () => {
  const actions = Float32Array.from({ length: 300_000 }, (_, index) => Math.sin(index));
  for (const kind of ['min-max', 'quantile', 'mean-std'] as const) {
    const { offset, scale } = actionStatistics(kind, actions, 1);
    assertNear([offset[0]!], [0], 1e-4);
    assertNear([scale[0]!], [kind === 'mean-std' ? Math.SQRT1_2 : 1], 1e-3);
  }
});

test('to the head and back: masked dimensions vanish, executable actions return', async () => {
  const mask = [true, false, true];
  const space = actionSpace('min-max', mask, 2);
  const specs = normaliserParameters('min-max', 3);
  const parameters = parametersFrom([constant([0.1, 0, -0.2]), constant([0.5, 1, 0.25])], specs);
  const actions = constant([0.6, 9, -0.2, -0.4, 9, 0.3], [1, 2, 3]);
  const seen = normalise(space, parameters, actions);
  assertNear(await numbersOf(seen), [1, 0, -1, 1], 1e-9, 'the last is out of range');
  assertNear(await numbersOf(denormalise(space, parameters, seen)), [0.6, 0, -0.2, -0.4, 0, 0.05], 1e-9);
  const far = input('x', [1, 2, 2]);
  const compiled = await interpreter.compile(defineStep({ actions: denormalise(space, parameters, far) }));
  const { actions: limited } = await compiled.run({ x: [9, 9, -9, -9] });
  assertNear(Array.from(limited!.data, Number), [1, 0, 1, -1, 0, -1], 1e-9);
});
