/** Shared by the tests of losses: values of a graph, gradients against differences, single against double precision. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRng } from '../../../main/api/rng.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import type { Sample } from '../../../main/tensor/ops/op.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { constant, input } from '../../../main/tensor/tensor.ts';
import { draw, type Feeds } from '../../tensor/harness.ts';
import { assertNear } from '../near.ts';

export { assertNear };

/** Values that PyTorch 2.13 computed in double precision; null where it gave NaN. */
export const oracle = JSON.parse(readFileSync(new URL('../../oracle/losses.json', import.meta.url), 'utf8'));
/** Tolerance between our double precision and PyTorch's. */
export const EXACT = 1e-12;

export const SEED = 7;
const POINTS = 5;
const STEP = 1e-5;
/** Tolerance of a gradient against central differences, relative to the gradient's length. */
const GRADIENT_TOLERANCE = 1e-6;
const SINGLE_TOLERANCE = 1e-4;

/** A loss on random operands. */
export interface LossRow {
  readonly title: string;
  readonly inputs: Readonly<Record<string, Sample>>;
  /** Names of the inputs to differentiate by; every other one is data to the loss. */
  readonly by: readonly string[];
  readonly loss: (inputs: Inputs) => Node;
  /** Entries of inputs that the loss must ignore; `masked-out.test.ts` puts NaN and the like there. */
  readonly ignored?: Readonly<Record<string, Ignored>>;
}

type Inputs = (name: string) => Node;

/** True for an entry, by its indices, that the masks leave out. `of` reads one number of a mask. */
export type Ignored = (at: readonly number[], of: (mask: string, ...at: readonly number[]) => number) => boolean;

/** A tensor of numbers, nested as in PyTorch: its shape is read off. */
export type Nested = number | readonly Nested[];

export function tensor(values: Nested, dtype: Node['dtype'] = 'float32'): Node {
  const shape: number[] = [];
  for (let level = values; typeof level !== 'number'; level = level[0]!) shape.push(level.length);
  return constant(flat(values), shape, dtype);
}

export function flat(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flat);
}

/** The elements of a node that has no inputs. */
export async function valuesOf(node: Node): Promise<number[]> {
  const compiled = await interpreter.compile(defineStep({ node }));
  return Array.from((await compiled.run({})).node!.data, Number);
}

export async function gradientOf(loss: Node, by: Node): Promise<number[]> {
  return valuesOf(grad(loss, [by])[0]!);
}

export async function assertValue(node: Node, expected: Nested, tolerance = EXACT, what = ''): Promise<void> {
  assertNear(await valuesOf(node), flat(expected), tolerance, what);
}

/** At five random points: the gradient is the limit of differences, and ONNX Runtime gives the same value and gradient. */
export async function checkRow({ title, inputs: samples, by, loss: build }: LossRow): Promise<void> {
  const nodes = Object.fromEntries(
    Object.entries(samples).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const loss = build((name) => nodes[name]!);
  assert.deepEqual(loss.shape, [], `${title}: a loss is a scalar`);
  const gradients = grad(
    loss,
    by.map((name) => nodes[name]!),
  );
  const step = defineStep({ loss, ...Object.fromEntries(by.map((name, index) => [`d ${name}`, gradients[index]!])) });
  const double = await interpreter.compile(step);
  const valueStep = defineStep({ loss });
  const valueOnly = await interpreter.compile(valueStep);
  const single = await createOrtBackend({ threads: 1 }).compile(step);
  const rng = createRng(SEED).split(title);
  for (let point = 0; point < POINTS; point++) {
    const where = `${title}, point ${point} of seed ${SEED}`;
    const feeds: Feeds = Object.fromEntries(
      Object.entries(samples).flatMap(([name, each]) => (name in step.inputs ? [[name, draw(rng, each)]] : [])),
    );
    const exact = await double.run(feeds);
    for (const name of by) {
      const differences = await centralDifferences(feeds, name, async (moved) =>
        Number((await valueOnly.run(moved)).loss!.data[0]),
      );
      const analytic = Array.from(exact[`d ${name}`]!.data, Number);
      const error = Math.hypot(...analytic.map((each, at) => each - differences[at]!));
      const size = Math.hypot(...differences);
      assert.ok(
        error <= GRADIENT_TOLERANCE * size + 1e-10,
        `${where}: gradient by ${name} is off by ${error.toExponential(1)} of ${size.toExponential(1)}`,
      );
    }
    const rounded = await single.run(feeds);
    for (const [name, { data }] of Object.entries(exact))
      assertNear(rounded[name]!.data, Array.from(data, Number), SINGLE_TOLERANCE, `${where}: ${name} in ONNX Runtime`);
  }
  await single.dispose();
}

async function centralDifferences(
  feeds: Feeds,
  name: string,
  evaluate: (feeds: Feeds) => Promise<number>,
): Promise<number[]> {
  const moved = (at: number, by: number) =>
    evaluate({ ...feeds, [name]: feeds[name]!.map((value, index) => (index === at ? value + by : value)) });
  const quotients: number[] = [];
  for (let at = 0; at < feeds[name]!.length; at++)
    quotients.push(((await moved(at, STEP)) - (await moved(at, -STEP))) / (2 * STEP));
  return quotients;
}
