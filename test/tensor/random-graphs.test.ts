/**
 * Random graphs through everything at once: the gradient against a difference quotient, the simplified graph against the
 * graph as written, ONNX Runtime against the interpreter. A failure names the seed; `GRAPH_SEED=n` runs that one alone.
 */
import { test } from 'node:test';
import { createRng, type Rng } from '../../main/api/rng.ts';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { print } from '../../main/tensor/print.ts';
import { simplify } from '../../main/tensor/rewrite/simplify.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';
import { assertClose, directional, dot, type Feeds, normals, run } from './harness.ts';

const GRAPHS = 100;
const only = process.env['GRAPH_SEED'];
const seeds = only === undefined ? Array.from({ length: GRAPHS }, (_, index) => index + 1) : [Number(only)];

const inputShapes = [[], [4], [3, 4], [3, 1], [2, 3, 4], [2, 1, 4], [4, 4]] as const;

type Grow = (rng: Rng, pick: () => t.Node) => t.Node | undefined;

const axisOf = (rng: Rng, x: t.Node) => rng.integer(x.shape.length);
const withAxis =
  (f: (x: t.Node, axis: number, rng: Rng) => t.Node | undefined): Grow =>
  (rng, pick) => {
    const x = pick();
    return x.shape.length === 0 ? undefined : f(x, axisOf(rng, x), rng);
  };

/** Ways to make a node of others; undefined when the operands drawn do not fit. Values stay of order one. */
const growths: readonly Grow[] = [
  ...[t.tanh, t.sigmoid, t.sin, t.cos, t.softplus, t.relu, t.neg, t.abs].map(
    (f): Grow =>
      (_, pick) =>
        f(pick()),
  ),
  ...[t.add, t.sub, t.mul, t.minimum, t.maximum].map(
    (f): Grow =>
      (_, pick) =>
        f(pick(), pick()),
  ),
  (_, pick) => t.div(pick(), t.add(1, t.square(pick()))),
  (_, pick) => t.log(t.add(1, t.square(pick()))),
  (_, pick) => t.clip(pick(), -0.7, 0.6),
  (_, pick) => t.where(t.greater(pick(), pick()), pick(), pick()),
  (rng, pick) => t.mul(pick(), [0, 1, -1, 0.5][rng.integer(4)]!),
  (rng, pick) => t.add(pick(), [0, 1][rng.integer(2)]!),
  (_, pick) => t.stopGradient(pick()),
  (_, pick) => t.transpose(pick()),
  (_, pick) => t.reshape(pick(), [-1]),
  (_, pick) => t.matmul(pick(), pick()),
  (_, pick) => t.matmul(t.transpose(pick()), pick()),
  (_, pick) => t.matmul(pick(), pick(), { transposeB: true }),
  (_, pick) => {
    const x = pick();
    return t.expand(x, [2, ...x.shape]);
  },
  ...[t.sum, t.mean, t.max, t.logSumExp].map((f) => withAxis((x, axis, rng) => f(x, axis, rng.uniform() < 0.5))),
  withAxis((x, axis) => t.softmax(x, axis)),
  withAxis((x, axis) => t.logSoftmax(x, axis)),
  withAxis((x) => t.normalize(x, 0.1)),
  withAxis((x) => t.layerNorm(x, t.ones([x.shape.at(-1)!]), t.full([x.shape.at(-1)!], 0.5), 0.1)),
  withAxis((x, axis, rng) => t.slice(x, axis, 0, 1 + rng.integer(x.shape[axis]!))),
  withAxis((x, axis) => t.concat([x, t.tanh(x)], axis)),
  withAxis((x, axis) => t.gather(x, t.constant([0, -1, 0], [3], 'int64'), axis)),
  (rng, pick) => {
    const x = pick();
    if (x.shape.length !== 3) return undefined;
    const image = t.reshape(x, [1, ...x.shape]);
    const kernel = t.slice(t.slice(image, 2, 0, Math.min(2, x.shape[1]!)), 3, 0, Math.min(3, x.shape[2]!));
    return t.conv2d(image, t.mul(kernel, 0.3), { stride: 1 + rng.integer(2), padding: rng.integer(2) });
  },
  withAxis((x, axis) => {
    const parts = t.split(x, axis, new Array<number>(x.shape[axis]!).fill(1));
    return t.concat(parts.toReversed(), axis);
  }),
];

const MAX_ELEMENTS = 200;

/** A scalar of `size` random nodes, and values for the inputs it uses. */
function randomLoss(rng: Rng): { loss: t.Node; inputs: t.Node[]; feeds: Feeds } {
  const inputs = inputShapes.map((shape, index) => t.input(`x${index}`, shape));
  const nodes: t.Node[] = [...inputs];
  const pick = () =>
    nodes[rng.uniform() < 0.6 ? nodes.length - 1 - rng.integer(Math.min(4, nodes.length)) : rng.integer(nodes.length)]!;
  for (let tries = 0; tries < 60 && nodes.length < inputs.length + 12; tries++) {
    try {
      const node = growths[rng.integer(growths.length)]!(rng, pick);
      if (node && node.shape.reduce((a, b) => a * b, 1) <= MAX_ELEMENTS) nodes.push(node);
    } catch (error) {
      // Operands that do not fit are expected here; anything else is a fault.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  const ends = nodes.slice(-3).map((node) => t.mean(t.tanh(node)));
  const feeds = Object.fromEntries(
    inputs.map((node, index) => [
      `x${index}`,
      normals(
        rng,
        node.shape.reduce((a: number, b) => a * b, 1),
        0.5,
      ),
    ]),
  );
  return { loss: ends.reduce((a, b) => t.add(a, b)), inputs, feeds };
}

const ort = createOrtBackend({ threads: 1 });

for (const seed of seeds)
  test(`random graph ${seed}`, async () => {
    const rng = createRng(seed);
    const { loss, inputs, feeds } = randomLoss(rng);
    const gradients = grad(loss, inputs);
    const outputs: Record<string, t.Node> = { loss };
    for (const [index, gradient] of gradients.entries()) outputs[`d${index}`] = gradient;

    const written = await run(outputs, feeds);
    const simple = await run({ ...simplify(defineStep(outputs)).outputs }, feeds);
    const fast = await run(outputs, feeds, ort);
    const where = `seed ${seed}`;
    for (const name of Object.keys(outputs)) {
      const expected = Array.from(written[name]!.data, Number);
      assertClose(Array.from(simple[name]!.data, Number), expected, 1e-9, `${where}: simplified ${name}`);
      assertClose(Array.from(fast[name]!.data, Number), expected, 2e-4, `${where}: ${ort.name} ${name}`);
    }

    const direction = Object.fromEntries(
      Object.entries(feeds).map(([name, values]) => [name, normals(rng, values.length)]),
    );
    const used = defineStep({ loss }).inputs;
    const moved = Object.fromEntries(Object.entries(direction).filter(([name]) => name in used));
    const numeric = await directional(loss, feeds, moved);
    const analytic = inputs.reduce(
      (total, _, index) => total + dot(Array.from(written[`d${index}`]!.data, Number), direction[`x${index}`]!),
      0,
    );
    if (hasStop(loss)) return;
    assertClose([analytic], [numeric], 2e-6, `${where}: gradient of\n${print({ outputs: { loss } })}`);
  });

/** A difference quotient sees through stopGradient. */
function hasStop(loss: t.Node): boolean {
  return print({ outputs: { loss } }).includes('stopGradient');
}
