/** The bytes that toOnnx writes, read back with the reference protobuf definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { loadOrtSession } from '../../main/tensor/backends/ort.ts';
import { grad } from '../../main/tensor/grad.ts';
import { encodeModel, readGraph } from '../../main/tensor/onnx/proto.ts';
import { toOnnx } from '../../main/tensor/onnx/to-onnx.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';

const { onnx } = onnxProto;
const read = (bytes: Uint8Array) => onnx.ModelProto.decode(bytes);

const policy = () => {
  const weights = t.input('weights', [3, 2]);
  const action = t.tanh(t.add(t.matmul(t.input('observation', [1, 3]), weights), t.constant([0.5, -0.5])));
  return defineStep({ action });
};

test('the model says what it is', () => {
  const model = read(
    toOnnx(policy(), { name: 'policy', docString: 'naïve – π', metadata: { encoder: 'none', step: '12' } }),
  );
  assert.equal(Number(model.irVersion), 8);
  assert.deepEqual(
    model.opsetImport.map(({ domain, version }) => [domain, Number(version)]),
    [
      ['', 18],
      ['com.microsoft', 1],
    ],
  );
  assert.equal(model.graph!.docString, 'naïve – π');
  assert.deepEqual(
    model.metadataProps.map(({ key, value }) => [key, value]),
    [
      ['encoder', 'none'],
      ['step', '12'],
    ],
  );
  assert.deepEqual(
    model.graph!.node!.map((node) => node.opType),
    ['MatMul', 'Add', 'Tanh'],
  );
  const shapeOf = (value: onnxProto.onnx.IValueInfoProto) =>
    value.type!.tensorType!.shape!.dim!.map((dim) => Number(dim.dimValue));
  assert.deepEqual(
    model.graph!.input!.map((value) => [value.name, shapeOf(value)]),
    [
      ['weights', [3, 2]],
      ['observation', [1, 3]],
    ],
  );
  assert.deepEqual(
    model.graph!.output!.map((value) => [value.name, shapeOf(value)]),
    [['action', [1, 2]]],
  );
});

test('attributes and constants of every kind survive', () => {
  const x = t.input('x', [2, 3]);
  const step = defineStep({
    normal: t.normalize(x, 1e-3),
    scattered: t.scatterAdd(x, t.constant([1, -1], [2], 'int64'), 0, 4),
    flipped: t.transpose(x),
    flags: t.logicalAnd(t.greater(x, 0), t.constant([1, 0, 1], [3], 'bool')),
  });
  const { graph } = read(toOnnx(step, { name: 'kinds' }));
  const attributes = graph!.node!.flatMap((node) => node.attribute!.map((each) => [node.opType, each.name, each]));
  const find = (op: string, name: string) =>
    attributes.find(([a, b]) => a === op && b === name)![2] as onnxProto.onnx.AttributeProto;
  assert.equal(find('LayerNormalization', 'epsilon').f, Math.fround(1e-3));
  assert.equal(Number(find('LayerNormalization', 'axis').i), -1);
  assert.equal(Buffer.from(find('ScatterElements', 'reduction').s!).toString(), 'add');
  assert.deepEqual(find('Transpose', 'perm').ints!.map(Number), [1, 0]);
  const types = new Set(graph!.initializer!.map((tensor) => tensor.dataType));
  assert.deepEqual(
    [...types].sort(),
    [onnx.TensorProto.DataType.FLOAT, onnx.TensorProto.DataType.INT64, onnx.TensorProto.DataType.BOOL].sort(),
  );
});

test('the same step gives the same bytes', () => {
  const first = toOnnx(policy(), { name: 'policy' });
  t.input('unrelated', [1]);
  assert.deepEqual(toOnnx(policy(), { name: 'policy' }), first);
});

test('baked weights are no inputs; the model runs from its bytes', async () => {
  const weights = { shape: [3, 2], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
  const bytes = toOnnx(policy(), { name: 'policy', initializers: { weights } });
  const session = await loadOrtSession(bytes, { threads: 1 });
  assert.deepEqual(session.inputs, { observation: { shape: [1, 3], dtype: 'float32' } });
  const { action } = await session.run({ observation: { shape: [1, 3], data: [0.1, 0.2, -0.1] } });
  await session.dispose();
  const expected = [0.1 * 1 + 0.2 * 3 - 0.1 * 5 + 0.5, 0.1 * 2 + 0.2 * 4 - 0.1 * 6 - 0.5].map(Math.tanh);
  action!.data.forEach((value, index) => {
    assert.ok(Math.abs(Number(value) - expected[index]!) < 1e-6);
  });
  assert.throws(() => toOnnx(policy(), { name: 'policy', initializers: { bias: 1 } }), /initializer bias is no input/);
});

test('an output may be an input, a constant, or have two names', async () => {
  const x = t.input('x', [2]);
  const double = t.mul(x, 2);
  const step = defineStep({
    same: x,
    two: double,
    again: double,
    three: t.constant(3),
    d: grad(t.sum(double), [x])[0]!,
  });
  const session = await loadOrtSession(toOnnx(step, { name: 'names' }), { threads: 1 });
  const results = await session.run({ x: { shape: [2], data: [1, 2] } });
  await session.dispose();
  const plain = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
  assert.deepEqual(plain, { same: [1, 2], two: [2, 4], again: [2, 4], three: [3], d: [2, 2] });
});

test('the graph of a model is read as the reference reads it, and stands in another one unchanged', () => {
  const bytes = toOnnx(policy(), { name: 'policy', initializers: { weights: [1, 2, 3, 4, 5, 6] } });
  const [graph, expected] = [readGraph(bytes), read(bytes).graph!];
  assert.deepEqual(graph.opsets, { '': 18, 'com.microsoft': 1 });
  assert.deepEqual(graph.inputs, ['observation']);
  assert.deepEqual(graph.outputs, ['action']);
  assert.deepEqual(
    graph.nodes.map((node) => onnx.NodeProto.decode(node)),
    expected.node,
  );
  assert.deepEqual(
    graph.initializers.map((each) => onnx.TensorProto.decode(each)),
    expected.initializer,
  );
  const about = { name: 'policy', docString: '', producer: 'takeover', metadata: {} };
  const values = {
    inputs: [{ name: 'observation', shape: [1, 3], dtype: 'float32' }],
    outputs: [{ name: 'action', shape: [1, 2], dtype: 'float32' }],
  } as const;
  assert.deepEqual(Buffer.from(encodeModel({ ...about, ...graph, ...values })), Buffer.from(bytes));
});

test('bytes that are no model are refused', () => {
  assert.throws(() => readGraph(new Uint8Array()), /0 bytes hold no ONNX graph/);
  assert.throws(() => readGraph(Uint8Array.of(0x3a, 9, 1)), /field 7 ends beyond its bytes/);
  assert.throws(() => readGraph(Uint8Array.of(0x80)), /ends within a number/);
  assert.throws(() => readGraph(Uint8Array.of(0x0b)), /wire type 3/);
});
