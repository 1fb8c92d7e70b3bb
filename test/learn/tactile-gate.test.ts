/** A sense added through a closed gate changes no bit of what a policy says; its gate can open, and then the branch learns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import { flatten, initialParameters, parametersFrom, parameterViews } from '../../main/learn/nets/parameters.ts';
import { gateOpening, tactileGate, tactileGateParameters, withTactile } from '../../main/learn/nets/tactile-gate.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { input, square, sum } from '../../main/tensor/tensor.ts';

const [B, FEATURES, TOUCH] = [5, 7, 3];
const gate = tactileGate(TOUCH, FEATURES, 4);
const specs = tactileGateParameters(gate);
const weights = initialParameters(specs, createRng(1));

async function run(values: Float32Array) {
  const views = parameterViews(input('weights', [values.length]), specs);
  const parameters = parametersFrom(views, specs);
  const features = withTactile(parameters, gate, input('base', [B, FEATURES]), input('touch', [B, TOUCH]));
  const outputs = {
    features,
    opening: gateOpening(parameters, gate),
    gradient: flatten(grad(sum(square(features)), views)),
  };
  const compiled = await createOrtBackend({ threads: 1 }).compile(defineStep(outputs));
  const rng = createRng(2);
  const base = Float32Array.from({ length: B * FEATURES }, () => rng.normal());
  const touch = Float32Array.from({ length: B * TOUCH }, () => 100 * rng.normal());
  const results = await compiled.run({ weights: values, base, touch });
  await compiled.dispose();
  return { base, results };
}

test('a closed gate passes the base on, bit for bit', async () => {
  const { base, results } = await run(weights);
  assert.deepEqual(results['opening']!.data, new Float32Array(1));
  assert.deepEqual(results['features']!.data, base);
});

test('closed, only the gate itself has a gradient; open, the branch has one too', async () => {
  const closed = Array.from((await run(weights)).results['gradient']!.data, Number);
  assert.notEqual(closed.at(-1), 0);
  assert.ok(closed.slice(0, -1).every((value) => value === 0));
  const opened = weights.slice();
  opened[opened.length - 1] = 0.5;
  const { base, results } = await run(opened);
  assert.notDeepEqual(results['features']!.data, base);
  assert.ok(
    Array.from(results['gradient']!.data, Number)
      .slice(0, -1)
      .some((value) => value !== 0),
  );
});
