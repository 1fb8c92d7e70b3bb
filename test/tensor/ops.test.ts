/** Every op on every one of its cases: gradients against differences, ONNX Runtime against the interpreter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrtBackend } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { type Node, sizeOf } from '../../main/tensor/ir.ts';
import { broadcastShapes } from '../../main/tensor/layout.ts';
import type { Op } from '../../main/tensor/ops/op.ts';
import { ops, withInputs } from '../../main/tensor/ops/table.ts';
import { add } from '../../main/tensor/tensor.ts';
import {
  against,
  assertClose,
  directional,
  dot,
  draw,
  entryOf,
  type Feeds,
  nodeOfCase,
  normals,
  opNames,
  rngOf,
  valuesOf,
} from './harness.ts';

const ort = createOrtBackend({ threads: 1 });
/** Tolerance of ⟨Jᵀu, v⟩ against ⟨u, Jv⟩. */
const RTOL = 1e-6;
/** Tolerance of single against double precision, where a case names no other. */
const TOLERANCE = 1e-5;

const cases = opNames.flatMap((op) =>
  entryOf(op).cases.map((each, index) => {
    const shapes = each.inputs.map(({ shape, dtype }) => `${dtype}[${shape.join(',')}]`).join(' ');
    return { op, each, title: `${op} #${index}: ${shapes}` };
  }),
);

const FIELDS = Object.keys({
  infer: true,
  evaluate: true,
  vjp: true,
  emit: true,
  tensorFlow: true,
  simd: true,
  cost: true,
  elementwise: true,
  commutative: true,
  smooth: true,
  cases: true,
} satisfies Record<keyof Op<never>, true>);

const missingFields = (entry: object) => FIELDS.filter((field) => Reflect.get(entry, field) === undefined);

test('every entry has every field and no other; an entry that lacks one is found', () => {
  for (const op of opNames) assert.deepEqual(Object.keys(entryOf(op)).sort(), FIELDS.toSorted(), op);
  for (const field of FIELDS) assert.deepEqual(missingFields({ ...ops.add, [field]: undefined }), [field]);
  assert.deepEqual(
    opNames.flatMap((op) => missingFields(entryOf(op))),
    [],
  );
});

test('an op that claims to be commutative or elementwise is', async () => {
  for (const op of opNames) {
    const { commutative, elementwise, cases: own } = entryOf(op);
    for (const [index, each] of own.entries()) {
      const { node, inputs } = nodeOfCase(op, each);
      if (elementwise) assert.deepEqual(node.shape, broadcastShapes(...inputs.map(({ shape }) => shape)), op);
      if (!commutative) continue;
      const rng = rngOf(`${op} #${index} swapped`);
      const feeds = Object.fromEntries(each.inputs.map((sample, at) => [`x${at}`, draw(rng, sample)]));
      const swapped = withInputs(node, inputs.toReversed());
      assert.deepEqual(await valuesOf(swapped, feeds), await valuesOf(node, feeds), op);
    }
  }
});

test('every op has a case, every smooth op a differentiable one', () => {
  for (const op of opNames) {
    const { cases: own, smooth, vjp } = entryOf(op);
    if (op === 'input' || op === 'constant') continue;
    assert.ok(own.length > 0, `${op} has no case`);
    assert.ok(!smooth || vjp !== 'none', `${op} is smooth but has no gradient`);
  }
});

for (const { op, each, title } of cases) {
  const { node, inputs } = nodeOfCase(op, each);
  const { vjp, smooth } = entryOf(op);
  const rng = rngOf(title);
  const feeds: Feeds = Object.fromEntries(each.inputs.map((sample, index) => [`x${index}`, draw(rng, sample)]));
  // Operands that have a derivative, each with a direction v and, for the second order, a weight w.
  const wrt = inputs.flatMap((input, index) => {
    const [name, size] = [`x${index}`, sizeOf(input.shape)];
    return input.dtype === 'float32' ? [{ name, input, v: normals(rng, size), w: normals(rng, size) }] : [];
  });
  const nodes = wrt.map(({ input }) => input);
  const directions: Feeds = Object.fromEntries(wrt.map(({ name, v }) => [name, v]));

  /** Σ over operands of ⟨gradient, v⟩ against the difference quotient of `scalar` along v. */
  const checkGradient = async (scalar: Node, gradients: readonly Node[], values: Feeds) => {
    let analytic = 0;
    for (const [index, { v }] of wrt.entries()) analytic += dot(await valuesOf(gradients[index]!, values), v);
    assertClose([analytic], [await directional(scalar, values, directions)], RTOL, title);
  };

  if (vjp !== 'none' && node.dtype === 'float32' && wrt.length > 0) {
    const loss = against('u', node);
    const gradients = grad(loss, nodes);
    const withU: Feeds = { ...feeds, u: normals(rng, sizeOf(node.shape)) };
    test(`gradient of ${title}`, () => checkGradient(loss, gradients, withU));

    if (smooth)
      test(`second gradient of ${title}`, () => {
        const weighted = wrt.map(({ name }, index) => against(`w ${name}`, gradients[index]!));
        const second = weighted.reduce((a, b) => add(a, b));
        const withW = { ...withU, ...Object.fromEntries(wrt.map(({ name, w }) => [`w ${name}`, w])) };
        return checkGradient(second, grad(second, nodes), withW);
      });
  }

  test(`ONNX Runtime agrees on ${title}`, async () => {
    assertClose(await valuesOf(node, feeds, ort), await valuesOf(node, feeds), each.tolerance ?? TOLERANCE, title);
  });
}
