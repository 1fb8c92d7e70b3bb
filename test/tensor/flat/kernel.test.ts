/** Kernels compute single-precision arithmetic to the bit, for lengths that fill a register and others, in place or not. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { instantiateKernel, type KernelSpec, kernelModule } from '../../../main/tensor/flat/kernel.ts';
import { createArena } from '../../../main/tensor/flat/memory.ts';
import type { Node } from '../../../main/tensor/ir.ts';
import * as t from '../../../main/tensor/tensor.ts';
import { normals } from '../harness.ts';

const f = Math.fround;
const numbers = (elements: number) => ({ elements, dtype: 'float32' }) as const;

/** Returns the values of each result. The kernel writes them to arrays of their own or, `inPlace`, over its vectors. */
function compute(spec: KernelSpec, vectors: readonly Float64Array[], scalars: readonly number[], inPlace = false) {
  const length = vectors[0]!.length;
  const arena = createArena([
    ...Array.from({ length: vectors.length + spec.results.length }, () => numbers(length)),
    ...scalars.map(() => numbers(1)),
  ])!;
  const placed = vectors.map((values) => copied(values));
  const single = scalars.map((value) => copied([value]));
  const results = spec.results.map((_, index) => (inPlace ? placed[index]! : arena.allocate(length)!));
  function copied(values: ArrayLike<number>): Float32Array {
    const array = arena.allocate(values.length)!;
    array.set(values);
    return array;
  }
  const addresses = [...placed, ...single, ...results].map((array) => array.byteOffset);
  instantiateKernel(kernelModule(spec), arena.memory)(...addresses, 4 * length);
  return results.map((array) => [...array]);
}

/** Minimum and maximum are missing here: ONNX Runtime computes them, because its results for NaN are its own. */
const operations: Readonly<Record<string, [(a: Node, b: Node) => Node, (a: number, b: number) => number]>> = {
  add: [t.add, (a, b) => f(a + b)],
  sub: [t.sub, (a, b) => f(a - b)],
  mul: [t.mul, (a, b) => f(a * b)],
  div: [t.div, (a, b) => f(a / b)],
  neg: [(a) => t.neg(a), (a) => -a],
  sqrt: [(a) => t.sqrt(a), (a) => f(Math.sqrt(a))],
};

suite('a kernel', () => {
  for (const [name, [make, expected]] of Object.entries(operations))
    for (const length of [4, 5, 7, 64])
      test(`${name} of ${length} numbers`, () => {
        const rng = createRng(length);
        const [x, y] = [t.input('x', [length]), t.input('y', [length])];
        const node = make(x, y);
        const [a, b] = [normals(rng, length).map(Math.abs), normals(rng, length)];
        const spec = { vectors: [...new Set(node.inputs)], scalars: [], nodes: [node], results: [node] };
        const [found] = compute(spec, spec.vectors.length === 2 ? [a, b] : [a], []);
        assert.deepEqual(
          found,
          Array.from(a, (value, index) => expected(value, b[index]!)),
        );
      });

  test('numbers from outside and numbers in the graph meet every element; chains keep their order', () => {
    const [x, rate] = [t.input('x', [6]), t.input('rate', [])];
    const scaled = t.mul(x, rate);
    const node = t.sub(scaled, 0.3);
    const values = normals(createRng(1), 6);
    const spec = { vectors: [x], scalars: [rate], nodes: [scaled, node], results: [node, scaled] };
    const [found, between] = compute(spec, [values], [0.7]);
    assert.deepEqual(
      between,
      Array.from(values, (value) => f(value * f(0.7))),
    );
    assert.deepEqual(
      found,
      between!.map((value) => f(value - f(0.3))),
    );
  });

  test('results may lie where operands lie, in any order', () => {
    const [x, y] = [t.input('x', [9]), t.input('y', [9])];
    const [total, difference] = [t.add(x, y), t.sub(x, y)];
    const spec = { vectors: [x, y], scalars: [], nodes: [total, difference], results: [difference, total] };
    const vectors = [normals(createRng(2), 9), normals(createRng(3), 9)];
    assert.deepEqual(compute(spec, vectors, [], true), compute(spec, vectors, []));
  });
});

suite('the memory of kernels', () => {
  test('is handed out until it is full, with space behind the last number', () => {
    const arena = createArena([numbers(5), numbers(4)])!;
    const [first, second] = [arena.allocate(5)!, arena.allocate(4)!];
    assert.ok(second.byteOffset >= first.byteOffset + first.byteLength);
    let last = second;
    for (let next = arena.allocate(1000); next; next = arena.allocate(1000)) last = next;
    assert.ok(arena.memory.buffer.byteLength - last.byteOffset - last.byteLength >= 16);
    assert.deepEqual(
      [arena.isWhole(first), arena.isWhole(first.subarray(0, 4)), arena.isWhole(new Float32Array(5))],
      [true, false, false],
    );
  });

  test('is refused where addresses end', () => assert.equal(createArena([numbers(2 ** 31)]), undefined));
});
