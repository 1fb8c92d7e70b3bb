/**
 * Training for the toy tasks: loss, gradient and Adam as one compiled step, run on one thread of ONNX Runtime; and forward
 * passes of what was trained. Weights are one flat vector, as everywhere in `main/learn`.
 */

import {
  flatten,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../../main/learn/nets/parameters.ts';
import type { TensorLike } from '../../../main/tensor/backend.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import { adam, biasCorrections, polyak } from '../../../main/tensor/optimiser.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { input } from '../../../main/tensor/tensor.ts';

export const backend = createOrtBackend({ threads: 1 });

export interface Fit {
  readonly specs: readonly ParameterSpec[];
  readonly start: Float32Array;
  readonly steps: number;
  /** Peak; falls along a half cosine to a hundredth. */
  readonly learningRate: number;
  /** Share by which averaged weights follow the trained ones, each step; absent = the last weights are the result. */
  readonly averaging?: number;
  /** Scalar, of inputs that `batch` gives. */
  loss(parameters: Parameters): Node;
  batch(step: number): Readonly<Record<string, TensorLike>>;
}

export interface Fitted {
  readonly weights: Float32Array;
  /** Loss before each update. */
  readonly losses: readonly number[];
}

export async function fit({ specs, start, steps, learningRate, averaging, loss, batch }: Fit): Promise<Fitted> {
  const count = parameterCount(specs);
  const weights = input('weights', [count]);
  const views = parameterViews(weights, specs);
  const value = loss(parametersFrom(views, specs));
  const state = { parameters: weights, mean: input('mean', [count]), variance: input('variance', [count]) };
  const options = { learningRate: input('learningRate', []), corrections: input('corrections', [2]) };
  const next = adam(state, flatten(grad(value, views)), options);
  const average = averaging && polyak(input('average', [count]), next.parameters, averaging);
  const compiled = await backend.compile(
    defineStep({
      ...{ 'next.weights': next.parameters, 'next.mean': next.mean, 'next.variance': next.variance, loss: value },
      ...(average && { 'next.average': average }),
    }),
  );
  const names = ['weights', 'mean', 'variance', ...(average ? ['average'] : [])];
  let held: Record<string, TensorLike> = {
    weights: start,
    mean: new Float32Array(count),
    variance: new Float32Array(count),
  };
  if (average) held['average'] = start;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const decay = 0.01 + 0.99 * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    const results = await compiled.run({
      ...held,
      ...batch(step),
      learningRate: learningRate * decay,
      corrections: [...biasCorrections(step + 1)],
    });
    held = Object.fromEntries(names.map((name) => [name, results[`next.${name}`]!]));
    losses.push(Number(results['loss']!.data[0]));
  }
  await compiled.dispose();
  return { weights: floats((average ? held['average'] : held['weights'])!), losses };
}

/** One evaluation of nodes that depend on the weights and on `inputs`. */
export async function evaluate(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  outputs: (parameters: Parameters) => Readonly<Record<string, Node>>,
  inputs: Readonly<Record<string, TensorLike>>,
): Promise<(name: string) => Float32Array> {
  const model = await compileModel(specs, weights, outputs);
  const results = await model.run(inputs);
  await model.dispose();
  return results;
}

/** The same for many evaluations. */
export async function compileModel(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  outputs: (parameters: Parameters) => Readonly<Record<string, Node>>,
) {
  const flat = input('weights', [parameterCount(specs)]);
  const compiled = await backend.compile(defineStep(outputs(parametersFrom(parameterViews(flat, specs), specs))));
  return {
    run: async (inputs: Readonly<Record<string, TensorLike>>) => {
      const results = await compiled.run({ ...inputs, weights });
      return (name: string) => floats(results[name]!);
    },
    dispose: () => compiled.dispose(),
  };
}

function floats(value: TensorLike): Float32Array {
  const data = typeof value === 'number' ? [value] : 'data' in value ? value.data : value;
  return data instanceof Float32Array ? data : Float32Array.from(data, Number);
}
