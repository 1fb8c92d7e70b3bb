/** Steps that a plan divides: arithmetic on long vectors, with gradients at views of them in between. */
import type { Rng } from '../../../main/api/rng.ts';
import { flatten } from '../../../main/learn/nets/parameters.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { adam, clipByNorm, polyak } from '../../../main/tensor/optimiser.ts';
import { defineStep, type Step } from '../../../main/tensor/step.ts';
import * as t from '../../../main/tensor/tensor.ts';

const [ROWS, WIDTH] = [8, 64];
/** Number of weights. */
export const COUNT = 64 * 64 + 67;

/** Gradient of a regression with weights [64, 64] and [64] in one vector of 4,163 numbers, of which the last 3 are unused. */
function gradientAt(parameters: t.Node, x: t.Node, clip = false): { gradient: t.Node; loss: t.Node } {
  const kernel = t.reshape(t.slice(parameters, 0, 0, WIDTH * WIDTH), [WIDTH, WIDTH]);
  const bias = t.reshape(t.slice(parameters, 0, WIDTH * WIDTH, WIDTH * WIDTH + WIDTH), [WIDTH]);
  const rest = t.slice(parameters, 0, WIDTH * WIDTH + WIDTH, COUNT);
  const loss = t.add(t.mean(t.square(t.tanh(t.add(t.matmul(x, kernel), bias)))), t.mul(t.sum(rest), 0));
  const gradient = flatten(grad(loss, [kernel, bias, rest]));
  return { gradient: clip ? clipByNorm(gradient, 0.5) : gradient, loss };
}

/** Updates of Adam in a row, with a running average. `clips`: every other gradient is clipped. */
export function training(updates: number, clips = true): Step {
  let state = {
    parameters: t.input('p', [COUNT]),
    mean: t.input('m', [COUNT]),
    variance: t.input('variance', [COUNT]),
  };
  let average = t.input('average', [COUNT]);
  const batches = t.input('x', [updates, ROWS, WIDTH]);
  const corrections = t.input('corrections', [updates, 2]);
  const learningRate = t.input('learningRate', []);
  let last: t.Node | undefined;
  for (let update = 0; update < updates; update++) {
    const x = t.reshape(t.slice(batches, 0, update, update + 1), [ROWS, WIDTH]);
    const { gradient, loss } = gradientAt(state.parameters, x, clips && update % 2 === 1);
    const options = {
      learningRate,
      corrections: t.reshape(t.slice(corrections, 0, update, update + 1), [2]),
    };
    state = adam(state, gradient, options);
    average = polyak(average, state.parameters, 0.01);
    last = loss;
  }
  return defineStep({
    ...{ 'next.p': state.parameters, 'next.m': state.mean, 'next.variance': state.variance, 'next.average': average },
    loss: last!,
  });
}

/** Makes a step of random arithmetic on long vectors, with gradients at views of them in between. */
export function randomProgram(rng: Rng): Step {
  const x = t.input('x', [ROWS, WIDTH]);
  const numbers = [t.input('learningRate', []), t.input('rate', [1]), t.slice(t.input('corrections', [2]), 0, 1, 2)];
  const vectors = [t.input('a', [COUNT]), t.input('b', [COUNT]), t.input('variance', [COUNT])];
  const metrics: t.Node[] = [];
  const any = () => vectors[rng.integer(vectors.length)]!;
  const number = () => [numbers[rng.integer(numbers.length)]!, t.constant(0.5), t.constant([2])][rng.integer(3)]!;
  const growths: readonly (() => t.Node)[] = [
    () => t.add(any(), any()),
    () => t.sub(any(), any()),
    () => t.mul(any(), number()),
    () => t.add(number(), any()),
    () => t.div(any(), t.add(t.square(any()), 1)),
    () => t.sqrt(t.add(t.square(any()), 0.1)),
    () => t.neg(any()),
    () => {
      // The vector is shifted against itself, so no kernel may overwrite it while it reads.
      const vector = any();
      return t.concat([t.slice(vector, 0, 3, COUNT), t.slice(vector, 0, 0, 3)], 0);
    },
    () => {
      const { gradient, loss } = gradientAt(any(), x, rng.uniform() < 0.5);
      metrics.push(loss);
      return gradient;
    },
    () => t.sub(any(), t.mul(gradientAt(any(), x).gradient, number())),
    () => {
      metrics.push(t.sum(t.tanh(any())));
      return t.minimum(any(), any());
    },
  ];
  const size = 3 + rng.integer(8);
  for (let made = 0; made < size; made++) vectors.push(growths[rng.integer(growths.length)]!());
  const outputs: Record<string, t.Node> = { last: vectors.at(-1)!, earlier: t.mul(any(), number()) };
  if (rng.uniform() < 0.5) outputs['part'] = t.slice(any(), 0, 10, 20);
  for (const [index, metric] of metrics.entries()) outputs[`metric${index}`] = metric;
  return defineStep(outputs);
}

const BATCH = 16;
export const HIDDEN = 32;
/** Number of weights of an ensemble. */
export const ensembleCount = (members: number) => members * (HIDDEN * HIDDEN + HIDDEN);

/**
 * Updates of an ensemble [E, H, H] and [E, H, 1], which several threads can share because each member is updated by itself. The
 * target is the lower value of two members, which the integers in `subset` pick, at other inputs.
 */
export function ensembleTraining(updates: number, members = 4): Step {
  const count = ensembleCount(members);
  let state = {
    parameters: t.input('p', [count]),
    mean: t.input('m', [count]),
    variance: t.input('variance', [count]),
  };
  const [x, next] = [t.input('x', [updates, BATCH, HIDDEN]), t.input('next', [updates, BATCH, HIDDEN])];
  const subset = t.input('subset', [updates, 2], 'int64');
  const corrections = t.input('corrections', [updates, 2]);
  const learningRate = t.input('learningRate', []);
  const metrics: Record<string, t.Node> = {};
  for (let update = 0; update < updates; update++) {
    const of = (node: t.Node) => t.reshape(t.slice(node, 0, update, update + 1), node.shape.slice(1));
    const kernel = t.reshape(t.slice(state.parameters, 0, 0, members * HIDDEN * HIDDEN), [members, HIDDEN, HIDDEN]);
    const out = t.slice(state.parameters, 0, members * HIDDEN * HIDDEN, count);
    const last = t.reshape(out, [members, HIDDEN, 1]);
    const at = (a: t.Node, b: t.Node, input: t.Node) => t.matmul(t.tanh(t.matmul(input, a)), b);
    const picked = [kernel, last].map((weights) => t.gather(weights, of(subset), 0));
    const target = t.stopGradient(t.min(at(picked[0]!, picked[1]!, of(next)), 0));
    const each = Array.from({ length: members }, (_, member) => [
      t.slice(kernel, 0, member, member + 1),
      t.slice(last, 0, member, member + 1),
    ]);
    const values = t.concat(
      each.map(([a, b]) => at(a!, b!, of(x))),
      0,
    );
    const loss = t.mean(t.square(t.sub(values, target)));
    const gradient = flatten(grad(loss, [kernel, last]));
    state = adam(state, gradient, { learningRate, corrections: of(corrections) });
    metrics[`loss${update}`] = loss;
    metrics[`highest${update}`] = t.max(values);
  }
  const states = { 'next.p': state.parameters, 'next.m': state.mean, 'next.variance': state.variance };
  return defineStep({ ...states, ...metrics });
}
