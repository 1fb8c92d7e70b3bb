/**
 * Writes a step as an ONNX model: opset 18, and com.microsoft 1 for FusedMatMul. Inputs and outputs keep their names.
 * The same step gives the same bytes, whatever else the process has built.
 */
import { elementsOf, type TensorLike } from '../backend.ts';
import { isOp, type Node, reachable, type TensorType } from '../ir.ts';
import type { Emitter, OnnxTarget } from '../ops/op.ts';
import { opOf } from '../ops/table.ts';
import { simplify } from '../rewrite/simplify.ts';
import type { Step } from '../step.ts';
import {
  ELEMENT_TYPE,
  type ElementType,
  encodeModel,
  type OnnxNode,
  type OnnxNodeOptions,
  type OnnxTensor,
} from './proto.ts';

const OPSETS = { '': 18, 'com.microsoft': 1 } as const;

export interface OnnxOptions {
  readonly name: string;
  readonly docString?: string;
  /** Inputs that become weights of the model; they are no longer inputs of it. */
  readonly initializers?: Readonly<Record<string, TensorLike>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Smaller types for float32 inputs and initializers in the file: pictures as uint8, weights as float16. */
  readonly stored?: Readonly<Record<string, 'uint8' | 'float16'>>;
  /** True for a step that `simplify` has made, or for a part of one: the part is then computed as the whole would be. */
  readonly isSimplified?: boolean;
  /** Runtime of the model; 'onnxruntime' when not given. */
  readonly target?: OnnxTarget;
}

export function toOnnx(step: Step, options: OnnxOptions): Uint8Array {
  const { name, docString = '', initializers = {}, metadata = {}, stored = {}, target = 'onnxruntime' } = options;
  const { outputs } = options.isSimplified ? step : simplify(step);
  const emission = createEmission([...Object.keys(step.inputs), ...Object.keys(outputs)], target);
  const values = new Map<Node, string>();
  for (const node of reachable(Object.values(outputs))) {
    const operands = node.inputs.map((each) => values.get(each)!);
    const emitted = opOf(node).emit(emission.emitter, operands, node);
    const small = isOp(node, 'input') && stored[node.attributes.name];
    const cast = () => emission.emitter.node('Cast', [emitted], { ints: { to: ELEMENT_TYPE.float32 } });
    values.set(node, small ? cast() : emitted);
  }
  const storedType = (key: string, node: Node): ElementType => stored[key] ?? node.dtype;
  const weights = Object.entries(initializers).map(([key, value]): OnnxTensor => {
    const node = step.inputs[key];
    if (!node) throw new TypeError(`initializer ${key} is no input of the step`);
    return { name: key, shape: node.shape, dtype: storedType(key, node), values: elementsOf(key, value, node) };
  });
  const described = (entries: Readonly<Record<string, Node>>) =>
    Object.entries(entries).map(([key, node]) => ({ name: key, shape: node.shape, dtype: storedType(key, node) }));
  return encodeModel({
    name,
    docString,
    producer: 'takeover',
    opsets: OPSETS,
    metadata,
    nodes: nameResults(emission.nodes, new Map(Object.entries(outputs).map(([key, node]) => [key, values.get(node)!]))),
    initializers: [...weights, ...emission.initializers],
    inputs: described(step.inputs).filter((each) => !(each.name in initializers)),
    outputs: described(outputs),
  });
}

/** Makes an emitter with lists of what it emits. Inner values get none of the `reserved` names. */
function createEmission(reserved: readonly string[], target: OnnxTarget) {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const made = new Map<string, string | readonly string[]>();
  const taken = new Set(reserved);
  let count = 0;
  const fresh = (opType: string): string => {
    const name = `${opType}.${count++}`;
    return taken.has(name) ? fresh(opType) : name;
  };
  const once = <T extends string | readonly string[]>(key: string, make: () => T): T => {
    // A key belongs to one caller, which always asks for the same type.
    const result = (made.get(key) as T | undefined) ?? make();
    made.set(key, result);
    return result;
  };
  const constant = (values: ArrayLike<number>, type: TensorType) =>
    once(`constant ${type.dtype} [${type.shape.join()}] ${Array.from(values, print).join()}`, () => {
      const name = fresh('constant');
      initializers.push({ name, shape: type.shape, dtype: type.dtype, values });
      return name;
    });
  const add = (opType: string, inputs: readonly string[], results: number, options?: OnnxNodeOptions) => {
    const outputs = Array.from({ length: results }, () => fresh(opType));
    nodes.push({ opType, inputs, outputs, ...options });
    return outputs;
  };
  const emitter: Emitter = {
    target,
    node: (opType, inputs, options) => add(opType, inputs, 1, options)[0]!,
    nodes: add,
    constant,
    integers: (values) => constant(values, { shape: [values.length], dtype: 'int64' }),
    once,
  };
  return { emitter, nodes, initializers };
}

/** Tells negative zero from zero. */
const print = (value: number) => (Object.is(value, -0) ? '-0' : String(value));

/** Gives inner values the names of the outputs that they are. Copies inputs, constants and second names, which have to keep theirs. */
function nameResults(nodes: readonly OnnxNode[], results: ReadonlyMap<string, string>): OnnxNode[] {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  for (const [output, value] of results) if (computed.has(value) && !renamed.has(value)) renamed.set(value, output);
  const current = (value: string) => renamed.get(value) ?? value;
  const copies = [...results].filter(([output, value]) => current(value) !== output);
  return [
    ...nodes.map((node) => ({ ...node, inputs: node.inputs.map(current), outputs: node.outputs.map(current) })),
    ...copies.map(([output, value]) => ({ opType: 'Identity', inputs: [current(value)], outputs: [output] })),
  ];
}
