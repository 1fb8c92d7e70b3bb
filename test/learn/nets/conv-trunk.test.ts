/** The convolutional trunk: sizes, group normalisation by hand, gradients on both backends, and that it learns where a spot is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import {
  type ConvTrunkSpec,
  convTrunk,
  convTrunkParameters,
  trunkMapSize,
} from '../../../main/learn/nets/conv-trunk.ts';
import { groupNorm, groupNormParameters } from '../../../main/learn/nets/group-norm.ts';
import {
  flatten,
  initialParameters,
  type ParameterSpec,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../../main/learn/nets/parameters.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { sizeOf } from '../../../main/tensor/ir.ts';
import { adam, biasCorrections } from '../../../main/tensor/optimiser.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { input, matmul, mean, reshape, square, sub, sum } from '../../../main/tensor/tensor.ts';
import { assertClose, directional, dot, normals, rngOf, valuesOf } from '../../tensor/harness.ts';

const ort = createOrtBackend({ threads: 1 });
const spec: ConvTrunkSpec = {
  name: 'trunk',
  sizePx: 12,
  stem: { kernel: 5, channels: 4 },
  stages: [4, 8],
  channels: 4,
  groups: 2,
};

test('the map shrinks by two at the stem and at every stage', () => {
  const specs = convTrunkParameters(spec);
  const parameters = parametersFrom(
    specs.map(({ name, shape }) => input(name, shape)),
    specs,
  );
  assert.deepEqual(convTrunk(parameters, spec, input('x', [3, 3, 12, 12])).shape, [3, 4, 2, 2]);
  assert.equal(trunkMapSize(spec), 2);
  assert.equal(trunkMapSize({ ...spec, sizePx: 64, stages: [1, 1, 1] }), 4);
  assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length);
});

test('a stem of another stride divides the sides by it', () => {
  const strided: ConvTrunkSpec = { ...spec, sizePx: 16, stem: { kernel: 7, channels: 4, stride: 4 } };
  const specs = convTrunkParameters(strided);
  const parameters = parametersFrom(
    specs.map(({ name, shape }) => input(name, shape)),
    specs,
  );
  const map = convTrunk(parameters, strided, input('x', [2, 3, 16, 16]));
  assert.equal(trunkMapSize(strided), 1);
  assert.deepEqual(map.shape, [2, 4, 1, 1]);
});

test('group normalisation: mean 0 and spread 1 over each group of each image', async () => {
  const specs = groupNormParameters('norm', 4);
  const parameters = parametersFrom(
    specs.map(({ name, shape }) => input(name, shape)),
    specs,
  );
  const x = normals(rngOf('group norm'), 2 * 4 * 3 * 3).map((value, index) => value * (1 + index) + index);
  const values = await valuesOf(groupNorm(parameters, 'norm', 2, input('x', [2, 4, 3, 3])), {
    x,
    'norm.scale': Float64Array.of(1, 1, 2, 1),
    'norm.offset': Float64Array.of(0, 0, 0, 3),
  });
  for (let group = 0; group < 4; group++) {
    const places = Array.from({ length: 18 }, (_, index) => group * 18 + index);
    const centre = places.reduce((total, at) => total + x[at]!, 0) / 18;
    const variance = places.reduce((total, at) => total + (x[at]! - centre) ** 2, 0) / 18;
    for (const at of places) {
      const channel = Math.floor(at / 9) % 4;
      const normal = (x[at]! - centre) / Math.sqrt(variance + 1e-5);
      assertClose([values[at]!], [normal * (channel === 2 ? 2 : 1) + (channel === 3 ? 3 : 0)], 1e-9, `place ${at}`);
    }
  }
  assert.throws(
    () => groupNorm(parameters, 'norm', 3, input('x', [2, 4, 3, 3])),
    /4 channels do not make 3 equal groups/,
  );
});

test('gradients against differences, ONNX Runtime against the interpreter', async () => {
  const specs = convTrunkParameters(spec);
  const flat = input('flat', [parameterCount(specs)]);
  const views = parameterViews(flat, specs);
  const x = input('x', [2, 3, 12, 12]);
  const loss = sum(square(convTrunk(parametersFrom(views, specs), spec, x)));
  const [gradient, pixels] = [flatten(grad(loss, views)), grad(loss, [x])[0]!];
  const rng = rngOf('trunk');
  const feeds = {
    flat: Float64Array.from(initialParameters(specs, createRng(7))),
    x: normals(rng, sizeOf(x.shape)),
  };
  const directions = { flat: normals(rng, sizeOf(flat.shape)), x: normals(rng, sizeOf(x.shape)) };
  const analytic =
    dot(await valuesOf(gradient, feeds), directions.flat) + dot(await valuesOf(pixels, feeds), directions.x);
  assertClose([analytic], [await directional(loss, feeds, directions)], 1e-5, 'directional derivative');
  assertClose(await valuesOf(gradient, feeds, ort), await valuesOf(gradient, feeds), 2e-3, 'kernels and norms');
  assertClose(await valuesOf(pixels, feeds, ort), await valuesOf(pixels, feeds), 2e-3, 'pixels');
});

test('it learns where a spot is', async () => {
  const batch = 32;
  const specs: ParameterSpec[] = [
    ...convTrunkParameters(spec),
    { name: 'readout', shape: [16, 2], initial: { fanIn: 16, fanOut: 2 } },
  ];
  const count = parameterCount(specs);
  const state = {
    parameters: input('parameters', [count]),
    mean: input('mean', [count]),
    variance: input('variance', [count]),
  };
  const views = parameterViews(state.parameters, specs);
  const parameters = parametersFrom(views, specs);
  const maps = convTrunk(parameters, spec, input('x', [batch, 3, 12, 12]));
  const loss = mean(
    square(sub(matmul(reshape(maps, [batch, 16]), parameters('readout')), input('target', [batch, 2]))),
  );
  const next = adam(state, flatten(grad(loss, views)), { learningRate: 0.01, corrections: input('corrections', [2]) });
  const compiled = await ort.compile(
    defineStep({
      'next.parameters': next.parameters,
      'next.mean': next.mean,
      'next.variance': next.variance,
      loss,
    }),
  );
  const rng = createRng(1);
  let values = {
    parameters: initialParameters(specs, rng.split('weights')),
    mean: new Float32Array(count),
    variance: new Float32Array(count),
  };
  const losses: number[] = [];
  for (let update = 1; update <= 150; update++) {
    const [x, target] = [new Float32Array(batch * 3 * 144), new Float32Array(batch * 2)];
    for (let image = 0; image < batch; image++) {
      const [row, column] = [rng.integer(12), rng.integer(12)];
      for (let colour = 0; colour < 3; colour++) x[(image * 3 + colour) * 144 + row * 12 + column] = 3;
      target.set([(row - 5.5) / 3.5, (column - 5.5) / 3.5], 2 * image);
    }
    const result = await compiled.run({ ...values, x, target, corrections: [...biasCorrections(update)] });
    const arrayOf = (name: 'parameters' | 'mean' | 'variance') =>
      Float32Array.from(result[`next.${name}`]!.data, Number);
    values = { parameters: arrayOf('parameters'), mean: arrayOf('mean'), variance: arrayOf('variance') };
    losses.push(Number(result['loss']!.data[0]));
  }
  await compiled.dispose();
  const last = losses.slice(-10).reduce((total, value) => total + value) / 10;
  // Saying "in the middle" every time costs 0.97.
  assert.ok(last < 0.25, `mean squared error ${last} after training, ${losses[0]} before`);
});
