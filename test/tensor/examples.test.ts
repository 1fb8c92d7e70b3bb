/** Worked examples: read these first. A training step is a value; running it is a loop that feeds results back in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../main/api/rng.ts';
import type { TensorLike } from '../../main/tensor/backend.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';

test('a line through points, by gradient descent', async () => {
  const [x, y, rate] = [t.input('x', [20]), t.input('y', [20]), t.input('rate', [])];
  const [slope, offset] = [t.input('slope', []), t.input('offset', [])];
  const loss = t.mean(t.square(t.sub(t.add(t.mul(slope, x), offset), y)));
  const [dSlope, dOffset] = grad(loss, [slope, offset]);
  const step = defineStep({
    loss,
    'slope next': t.sub(slope, t.mul(rate, dSlope!)),
    'offset next': t.sub(offset, t.mul(rate, dOffset!)),
  });

  const compiled = await interpreter.compile(step);
  const points = Float64Array.from({ length: 20 }, (_, index) => index / 10 - 1);
  const batch = { x: points, y: points.map((value) => 3 * value - 0.5), rate: 0.5 };
  let line: Record<string, TensorLike> = { slope: 0, offset: 0 };
  for (let update = 0; update < 100; update++) {
    const results = await compiled.run({ ...batch, ...line });
    line = { slope: results['slope next']!, offset: results['offset next']! };
  }
  const { loss: last } = await compiled.run({ ...batch, ...line });
  assert.ok(Number(last!.data[0]) < 1e-12);
});

test('two moons told apart by an MLP with layer normalisation', async () => {
  const [batch, hidden] = [200, 16];
  const rng = createRng(7);
  const moons = Array.from({ length: batch }, (_, index) => {
    const [angle, upper] = [Math.PI * rng.uniform(), index % 2 === 0];
    const noise = () => 0.1 * rng.normal();
    const [x, y] = upper ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    return { point: [x + noise(), y + noise()], label: Number(upper) };
  });

  const shapes = { w1: [2, hidden], b1: [hidden], scale: [hidden], bias: [hidden], w2: [hidden, 1], b2: [1] };
  const parameters = Object.entries(shapes).map(([name, shape]) => ({ name, node: t.input(name, shape) }));
  const [w1, b1, scale, bias, w2, b2] = parameters.map(({ node }) => node);
  const inner = t.relu(t.layerNorm(t.add(t.matmul(t.input('points', [batch, 2]), w1!), b1!), scale!, bias!));
  const logit = t.add(t.matmul(inner, w2!), b2!);
  const label = t.input('labels', [batch, 1]);
  // −ln σ(logit) for label 1, −ln(1 − σ(logit)) for label 0
  const loss = t.mean(t.sub(t.softplus(logit), t.mul(label, logit)));
  const gradients = grad(
    loss,
    parameters.map(({ node }) => node),
  );
  const next = parameters.map(({ name, node }, index) => [`${name} next`, t.sub(node, t.mul(0.5, gradients[index]!))]);
  const right = t.equal(t.greater(logit, 0), t.greater(label, 0.5));
  const step = defineStep({ loss, accuracy: t.mean(t.cast(right, 'float32')), ...Object.fromEntries(next) });

  const compiled = await createOrtBackend({ threads: 1 }).compile(step);
  const start = (name: string, shape: readonly number[]) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      name === 'scale' ? 1 : name.startsWith('w') ? 0.5 * rng.normal() : 0,
    );
  let values: Record<string, TensorLike> = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, start(name, shape)]),
  );
  const data = { points: moons.flatMap(({ point }) => point), labels: moons.map(({ label: each }) => each) };
  let accuracy = 0;
  for (let update = 0; update < 300; update++) {
    const results = await compiled.run({ ...data, ...values });
    values = Object.fromEntries(parameters.map(({ name }) => [name, results[`${name} next`]!]));
    accuracy = Number(results['accuracy']!.data[0]);
  }
  await compiled.dispose();
  assert.ok(accuracy > 0.98, `accuracy ${accuracy}`);
});
