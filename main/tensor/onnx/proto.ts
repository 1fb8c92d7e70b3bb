/**
 * Writes ONNX models as bytes, and reads the graph of one so far that other nodes can stand around it: the dozen messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that a static
 * graph needs, in protobuf's wire format (https://protobuf.dev/programming-guides/encoding). It knows nothing of our nodes.
 */

import { type DType, type Shape, sizeOf } from '../ir.ts';

/** Types that a file may hold: the graph's own, and two smaller ones that are cast when the model begins. */
export type ElementType = DType | 'uint8' | 'float16';

export interface OnnxValue {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: ElementType;
}

export interface OnnxTensor extends OnnxValue {
  readonly values: ArrayLike<number | bigint>;
}

export interface OnnxNodeOptions {
  readonly domain?: 'com.microsoft';
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly strings?: Readonly<Record<string, string>>;
}

export interface OnnxNode extends OnnxNodeOptions {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface OnnxModel {
  readonly name: string;
  readonly docString: string;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** In an order in which they can run. Those of another model (`readGraph`) may stand among them as they are. */
  readonly nodes: readonly (OnnxNode | Encoded)[];
  readonly initializers: readonly (OnnxTensor | Encoded)[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The bytes of a node or an initializer. */
export type Encoded = Uint8Array;

export interface EncodedGraph {
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: readonly Encoded[];
  readonly initializers: readonly Encoded[];
  /** Names of the model's inputs and outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** TensorProto.DataType */
export const ELEMENT_TYPE: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int64: 7,
  bool: 9,
  float16: 10,
};

const IR_VERSION = 8;
const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8, metadataProps: 14 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, docString: 10, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, f: 2, i: 3, s: 4, ints: 8, type: 20 } as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;
const TENSOR_SHAPE = { dim: 1 } as const;
const DIMENSION = { value: 1 } as const;

const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** Encoded fields of one message, in order. */
type Bytes = Uint8Array;

export function encodeModel(model: OnnxModel): Bytes {
  return join([
    int(MODEL.irVersion, IR_VERSION),
    text(MODEL.producerName, model.producer),
    message(MODEL.graph, [
      ...model.nodes.map((node) => bytes(GRAPH.node, node instanceof Uint8Array ? node : join(encodeNode(node)))),
      text(GRAPH.name, model.name),
      ...model.initializers.map((tensor) =>
        bytes(GRAPH.initializer, tensor instanceof Uint8Array ? tensor : join(encodeTensor(tensor))),
      ),
      text(GRAPH.docString, model.docString),
      ...model.inputs.map((value) => message(GRAPH.input, encodeValue(value))),
      ...model.outputs.map((value) => message(GRAPH.output, encodeValue(value))),
    ]),
    ...Object.entries(model.opsets).map(([domain, version]) =>
      message(MODEL.opsetImport, [text(OPSET.domain, domain), int(OPSET.version, version)]),
    ),
    ...Object.entries(model.metadata).map(([key, value]) =>
      message(MODEL.metadataProps, [text(ENTRY.key, key), text(ENTRY.value, value)]),
    ),
  ]);
}

/** Reads the graph of a model of any writer. Throws when the bytes are no protobuf message or hold no graph. */
export function readGraph(model: Uint8Array): EncodedGraph {
  const fields = fieldsOf(model);
  const graphs = fields.filter(({ field, content }) => field === MODEL.graph && content);
  if (graphs.length === 0) throw new TypeError(`${model.length} bytes hold no ONNX graph`);
  const graph = graphs.flatMap(({ content }) => fieldsOf(content!));
  const parts = (number: number) =>
    graph.flatMap(({ field, content }) => (field === number && content ? [content] : []));
  const names = (number: number) => parts(number).map((value) => textIn(value, VALUE.name));
  const opsets = fields.flatMap(({ field, content }) => (field === MODEL.opsetImport && content ? [content] : []));
  return {
    opsets: Object.fromEntries(
      opsets.map((opset) => [
        textIn(opset, OPSET.domain),
        Number(fieldsOf(opset).find(({ field }) => field === OPSET.version)?.value ?? 0),
      ]),
    ),
    nodes: parts(GRAPH.node),
    initializers: parts(GRAPH.initializer),
    inputs: names(GRAPH.input),
    outputs: names(GRAPH.output),
  };
}

interface Field {
  readonly field: number;
  /** The number of a varint field. */
  readonly value?: bigint;
  /** The bytes of a field with a length. */
  readonly content?: Uint8Array;
}

/** Fields of fixed width are passed over. */
function fieldsOf(encoded: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = encoded[at++];
      if (byte === undefined || shift > 63n)
        throw new TypeError(`no protobuf message: it ends within a number at ${at}`);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < encoded.length) {
    const key = Number(number());
    const [field, wire] = [key >>> 3, key & 7];
    if (wire === WIRE.varint) fields.push({ field, value: number() });
    else if (wire === WIRE.lengthDelimited) {
      const length = Number(number());
      if (at + length > encoded.length)
        throw new TypeError(`no protobuf message: field ${field} ends beyond its bytes`);
      fields.push({ field, content: encoded.subarray(at, at + length) });
      at += length;
    } else if (wire === WIRE.fixed32) at += 4;
    else if (wire === WIRE.fixed64) at += 8;
    else throw new TypeError(`no protobuf message: field ${field} has wire type ${wire}`);
  }
  return fields;
}

function textIn(encoded: Uint8Array, number: number): string {
  const content = fieldsOf(encoded).find(({ field }) => field === number)?.content;
  return new TextDecoder().decode(content ?? new Uint8Array());
}

function encodeNode({ opType, inputs, outputs, domain, ints = {}, floats = {}, strings = {} }: OnnxNode): Bytes[] {
  const attribute = (name: string, type: number, ...value: readonly Bytes[]) =>
    message(NODE.attribute, [text(ATTRIBUTE.name, name), ...value, int(ATTRIBUTE.type, type)]);
  return [
    ...inputs.map((name) => text(NODE.input, name)),
    ...outputs.map((name) => text(NODE.output, name)),
    text(NODE.name, outputs[0] ?? opType),
    text(NODE.opType, opType),
    ...Object.entries(ints).map(([name, value]) =>
      typeof value === 'number'
        ? attribute(name, ATTRIBUTE_TYPE.int, int(ATTRIBUTE.i, value))
        : attribute(name, ATTRIBUTE_TYPE.ints, ...value.map((each) => int(ATTRIBUTE.ints, each))),
    ),
    ...Object.entries(floats).map(([name, value]) => attribute(name, ATTRIBUTE_TYPE.float, float(ATTRIBUTE.f, value))),
    ...Object.entries(strings).map(([name, value]) => attribute(name, ATTRIBUTE_TYPE.string, text(ATTRIBUTE.s, value))),
    text(NODE.domain, domain ?? ''),
  ];
}

function encodeTensor({ name, shape, dtype, values }: OnnxTensor): Bytes[] {
  return [
    ...shape.map((size) => int(TENSOR.dims, size)),
    int(TENSOR.dataType, ELEMENT_TYPE[dtype]),
    text(TENSOR.name, name),
    bytes(TENSOR.rawData, rawData(values, dtype, sizeOf(shape))),
  ];
}

/** Writes values little-endian, whatever the machine. */
function rawData(values: ArrayLike<number | bigint>, dtype: ElementType, size: number): Bytes {
  if (values.length !== size) throw new TypeError(`${values.length} values for a tensor of ${size} elements`);
  if (dtype === 'bool') return Uint8Array.from(values, (value) => Number(Boolean(value)));
  if (dtype === 'uint8') return Uint8Array.from(values, Number);
  const raw = new DataView(new ArrayBuffer(size * { float32: 4, int64: 8, float16: 2 }[dtype]));
  for (let index = 0; index < size; index++) {
    if (dtype === 'float16') raw.setFloat16(2 * index, Math.fround(Number(values[index]!)), true);
    else if (dtype === 'int64') raw.setBigInt64(8 * index, BigInt(values[index]!), true);
    else raw.setFloat32(4 * index, Number(values[index]!), true);
  }
  return new Uint8Array(raw.buffer);
}

function encodeValue({ name, shape, dtype }: OnnxValue): Bytes[] {
  const sizes = shape.map((size) => message(TENSOR_SHAPE.dim, [int(DIMENSION.value, size)]));
  const tensor = [int(TENSOR_TYPE.elementType, ELEMENT_TYPE[dtype]), message(TENSOR_TYPE.shape, sizes)];
  return [text(VALUE.name, name), message(VALUE.type, [message(TYPE.tensor, tensor)])];
}

function int(field: number, value: number): Bytes {
  return Uint8Array.from([...varint((field << 3) | WIRE.varint), ...varint(value)]);
}

function float(field: number, value: number): Bytes {
  const raw = new DataView(new ArrayBuffer(4));
  raw.setFloat32(0, value, true);
  return join([Uint8Array.from(varint((field << 3) | WIRE.fixed32)), new Uint8Array(raw.buffer)]);
}

function text(field: number, value: string): Bytes {
  return bytes(field, new TextEncoder().encode(value));
}

function message(field: number, fields: readonly Bytes[]): Bytes {
  return bytes(field, join(fields));
}

function bytes(field: number, content: Bytes): Bytes {
  return join([Uint8Array.from([...varint((field << 3) | WIRE.lengthDelimited), ...varint(content.length)]), content]);
}

/** Writes base 128, least significant first; negative numbers are 64-bit two's complement. */
function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const result: number[] = [];
  while (rest >= 128n) {
    result.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...result, Number(rest)];
}

function join(parts: readonly Bytes[]): Bytes {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
