/** Shared by the tests of the graph library: random operands, running a step, comparing, numeric derivatives. */
import assert from 'node:assert/strict';
import { createRng, type Rng } from '../../main/api/rng.ts';
import type { Backend, TensorValue } from '../../main/tensor/backend.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { type Attributes, createNode, type Node, type OpName, sizeOf } from '../../main/tensor/ir.ts';
import { type Case, inferType, type Sample } from '../../main/tensor/ops/op.ts';
import { opOf, ops } from '../../main/tensor/ops/table.ts';
import { defineStep } from '../../main/tensor/step.ts';
import { input, mul, sum } from '../../main/tensor/tensor.ts';

export type AnyCase = Case<Attributes[OpName]>;

export const opNames = Object.keys(ops) as OpName[];

export function entryOf(op: OpName) {
  return opOf({ op });
}

/** One node of `op` on inputs named x0, x1, … behind a prefix. */
export function nodeOfCase(
  op: OpName,
  { inputs: samples, attributes }: AnyCase,
  prefix = '',
): { node: Node; inputs: Node[] } {
  const inputs = samples.map(({ shape, dtype }, index) => input(`${prefix}x${index}`, shape, dtype));
  const type = inferType(op, entryOf(op), inputs, attributes);
  return { node: createNode(op, inputs, attributes, type), inputs };
}

export function draw(rng: Rng, { shape, dtype, low, high }: Sample): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, () => {
    const value = rng.range(low, high);
    // float32 values are drawn as such, so that both backends see the same operand
    return dtype === 'float32' ? Math.fround(value) : Math.floor(value);
  });
}

export function normals(rng: Rng, size: number, scale = 1): Float64Array {
  return Float64Array.from({ length: size }, () => Math.fround(scale * rng.normal()));
}

export type Feeds = Record<string, Float64Array>;

export async function run(
  outputs: Record<string, Node>,
  feeds: Feeds,
  backend: Backend = interpreter,
): Promise<Record<string, TensorValue>> {
  const step = defineStep(outputs);
  const compiled = await backend.compile(step);
  const needed = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in step.inputs));
  const results = await compiled.run(needed);
  await compiled.dispose();
  return results;
}

/** The elements of one result as plain numbers. */
export async function valuesOf(node: Node, feeds: Feeds = {}, backend?: Backend): Promise<number[]> {
  const { result } = await run({ result: node }, feeds, backend);
  return Array.from(result!.data, Number);
}

export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: number of elements`);
  for (let index = 0; index < expected.length; index++) {
    const [a, b] = [actual[index]!, expected[index]!];
    if (Object.is(a, b) || a === b) continue;
    const error = Math.abs(a - b) / (1 + Math.abs(b));
    assert.ok(error <= tolerance, `${what}: element ${index} is ${a}, expected ${b} (error ${error.toExponential(1)})`);
  }
}

/** ⟨u, y⟩ as a scalar node, `u` being an input of that name. */
export function against(name: string, y: Node): Node {
  return sum(mul(y, input(name, y.shape)));
}

/** (f(x + εv) − f(x − εv)) / 2ε of a scalar node along one direction per named input. */
export async function directional(scalar: Node, feeds: Feeds, direction: Feeds, epsilon = 1e-6): Promise<number> {
  const moved = (step: number): Feeds => ({
    ...feeds,
    ...Object.fromEntries(
      Object.entries(direction).map(([name, v]) => [name, feeds[name]!.map((value, at) => value + step * v[at]!)]),
    ),
  });
  const [up] = await valuesOf(scalar, moved(epsilon));
  const [down] = await valuesOf(scalar, moved(-epsilon));
  return (up! - down!) / (2 * epsilon);
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((total, value, at) => total + value * b[at]!, 0);

export const rngOf = (label: string): Rng => createRng(20250601).split(label);
