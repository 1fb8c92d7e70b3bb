/** Losses, optimiser and nets against values from PyTorch in float64 (`test/oracle/conrft.py`). */
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { consistencyLoss, maskedError } from '../../main/learn/losses/generative/consistency.ts';
import { smoothL1 } from '../../main/learn/losses/regression.ts';
import { monteCarloFloor, tdLoss, tdTarget } from '../../main/learn/losses/reinforcement/actor-critic.ts';
import { calQl } from '../../main/learn/losses/reinforcement/cal-ql.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../../main/learn/nets/mlp.ts';
import { flatten, parameterCount, parametersFrom, parameterViews } from '../../main/learn/nets/parameters.ts';
import { sinusoid } from '../../main/learn/nets/time-embedding.ts';
import { SIGMAS } from '../../main/learn/policies/consistency.ts';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import type { Node } from '../../main/tensor/ir.ts';
import { adam, biasCorrections, clipByNorm, oneCycle } from '../../main/tensor/optimiser.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { constant, input, square, sum } from '../../main/tensor/tensor.ts';
import { assertNear } from './near.ts';

const oracle = JSON.parse(readFileSync(new URL('../oracle/conrft.json', import.meta.url), 'utf8'));
const EXACT = 1e-9;

async function evaluate(outputs: Record<string, Node>, inputs: Record<string, readonly number[] | number> = {}) {
  const compiled = await interpreter.compile(defineStep(outputs));
  const results = await compiled.run(inputs);
  return (name: string) => Array.from(results[name]!.data, Number);
}

test('temporal difference: target, Monte-Carlo floor, loss and gradient', async () => {
  const { td } = oracle;
  const values = constant(td.values, [2, 4]);
  const target = tdTarget(constant(td.reward), constant(td.bootstrap), constant(td.nextValues, [2, 4]), 0.98);
  const floored = monteCarloFloor(target, constant(td.floor));
  const loss = tdLoss(values, floored);
  const value = await evaluate({ target, floored, loss, gradient: grad(loss, [values])[0]! });
  assertNear(value('target'), td.target, EXACT, 'target');
  assertNear(value('floored'), td.floored, EXACT, 'floored');
  assertNear(value('loss'), [td.loss], EXACT, 'loss');
  assertNear(value('gradient'), td.gradient, EXACT, 'gradient');
});

test('Cal-QL: loss, gradients, bound rate', async () => {
  const expected = oracle.calQl;
  const [data, other] = [constant(expected.data, [2, 3]), constant(expected.other, [2, 3, 5])];
  const { loss, boundRate } = calQl(data, other, constant(expected.mc));
  const [dataGradient, otherGradient] = grad(loss, [data, other]);
  const value = await evaluate({ loss, boundRate, dataGradient: dataGradient!, otherGradient: otherGradient! });
  for (const name of ['loss', 'boundRate', 'dataGradient', 'otherGradient'])
    assertNear(value(name), [expected[name]].flat(), EXACT, name);
});

test('consistency reconstruction: masked dimension, weighted samples', async () => {
  const expected = oracle.consistency;
  const predicted = constant(expected.predicted, [4, 3]);
  const error = maskedError(predicted, constant(expected.target, [4, 3]), [true, true, false]);
  const loss = consistencyLoss(error, constant(expected.sigma, [4, 1]), constant(expected.weight), 0.5);
  const value = await evaluate({ error, loss, gradient: grad(loss, [predicted])[0]! });
  for (const name of ['error', 'loss', 'gradient']) assertNear(value(name), [expected[name]].flat(), EXACT, name);
});

test('weights that are all zero make no loss and no NaN', async () => {
  const predicted = constant([1, 2], [2, 1]);
  const loss = consistencyLoss(
    maskedError(predicted, constant([0, 0], [2, 1]), [true]),
    constant([1, 1], [2, 1]),
    constant([0, 0]),
    0.5,
  );
  const value = await evaluate({ loss, gradient: grad(loss, [predicted])[0]! });
  assertNear(value('loss'), [0], 0);
  assertNear(value('gradient'), [0, 0], 0);
});

test('smooth L1 with weights', async () => {
  const expected = oracle.smoothL1;
  const predicted = constant(expected.predicted, [3, 2]);
  const loss = smoothL1(predicted, constant(expected.target, [3, 2]), constant(expected.weight, [3, 2]), 0.05);
  const value = await evaluate({ loss, gradient: grad(loss, [predicted])[0]! });
  assertNear(value('loss'), [expected.loss], EXACT);
  assertNear(value('gradient'), expected.gradient, EXACT);
});

for (const [name, weightDecay] of [
  ['adam', 0],
  ['adamW', 0.1],
] as const)
  test(`${name}, three steps`, async () => {
    const { start, gradients, after } = oracle[name];
    const state = { parameters: input('parameters', [4]), mean: input('mean', [4]), variance: input('variance', [4]) };
    const options = { learningRate: input('learningRate', []), corrections: input('corrections', [2]), weightDecay };
    const next = adam(state, input('gradient', [4]), options);
    let [parameters, mean, variance]: [number[], number[], number[]] = [start, [0, 0, 0, 0], [0, 0, 0, 0]];
    for (const [index, gradient] of gradients.entries()) {
      const value = await evaluate(
        { p: next.parameters, m: next.mean, v: next.variance },
        { parameters, mean, variance, gradient, learningRate: 3e-3, corrections: [...biasCorrections(index + 1)] },
      );
      [parameters, mean, variance] = [value('p'), value('m'), value('v')];
      assertNear(parameters, after[index], 1e-7, `step ${index + 1}`);
    }
  });

test('clipping by norm, and the one-cycle learning rate', async () => {
  const value = await evaluate({ clipped: clipByNorm(constant(oracle.clip.before), 2) });
  assertNear(value('clipped'), oracle.clip.after, EXACT);
  assertNear(
    oracle.oneCycle.map((_: number, step: number) => oneCycle(step, 40, 2e-3)),
    oracle.oneCycle,
    EXACT,
  );
});

test('noise levels and the embedding of a noise level', async () => {
  assertNear(SIGMAS, oracle.head.sigmas, EXACT);
  const picked = [0, 20, 38].map((index) => SIGMAS[index]!);
  const value = await evaluate({ embedding: sinusoid(constant(picked, [3, 1])) });
  assertNear(value('embedding'), oracle.head.embedding, 1e-6);
});

test('MLP: forward and the gradient of every parameter, kernel in one piece or in two', async () => {
  const { x, parameters, y, gradient } = oracle.mlp;
  const spec = (inputs: MlpSpec['inputs']): MlpSpec => ({ name: 'net', inputs, hidden: [5, 5], output: 2 });
  const whole = spec([{ name: 'x', size: 4 }]);
  const specs = mlpParameters(whole);
  const views = parameterViews(constant(parameters), specs);
  const lookup = parametersFrom(views, specs);
  const out = mlp(lookup, whole, [project(lookup, whole, 'x', constant(x, [3, 4]))]);
  const value = await evaluate({ out, gradient: flatten(grad(sum(square(out)), views)) });
  assertNear(value('out'), y, EXACT);
  assertNear(value('gradient'), gradient, EXACT);

  const split = spec([
    { name: 'a', size: 1 },
    { name: 'b', size: 3 },
  ]);
  const splitSpecs = mlpParameters(split);
  assertNear([parameterCount(splitSpecs)], [parameters.length], 0);
  const parts = parametersFrom(parameterViews(constant(parameters), splitSpecs), splitSpecs);
  const rows = (from: number, to: number) =>
    constant(
      [0, 1, 2].flatMap((row) => x.slice(row * 4 + from, row * 4 + to)),
      [3, to - from],
    );
  const shares = [project(parts, split, 'a', rows(0, 1)), project(parts, split, 'b', rows(1, 4))];
  assertNear((await evaluate({ out: mlp(parts, split, shares) }))('out'), y, EXACT);
});
