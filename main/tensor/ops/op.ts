/**
 * The entry of an op: everything that the library knows about it, from its shape rule to its test cases.
 * To add an op, name its attributes in `Attributes` (`ir.ts`), and write its entry and its function in a family. The
 * compiler names a missing field, and the table tests run the new entry.
 */
import type { SimdInstruction } from '../flat/wasm.ts';
import {
  type Attributes,
  createNode,
  type DType,
  describeType,
  type Node,
  type OpName,
  type Shape,
  sizeOf,
  type TensorType,
} from '../ir.ts';
import { broadcastStrides, offsets } from '../layout.ts';
import type { OnnxNodeOptions } from '../onnx/proto.ts';
import type { TensorFlowForm } from '../tensorflow.ts';

/** An operand of an op's function: a number stands for a scalar constant. */
export type Operand = Node | number;

export interface Op<A> {
  /** Returns the type of the result; throws a TypeError that says what is wrong with the operands. */
  readonly infer: (inputs: readonly TensorType[], attributes: A) => TensorType;
  /** Computes the result in double precision, row-major; booleans are 0 and 1. Must not write to its inputs. */
  readonly evaluate: (inputs: readonly Float64Array[], node: Node<A>) => Float64Array;
  /**
   * Vector-Jacobian product: makes of the gradient of the result one gradient per input, `undefined` for a zero one.
   * A gradient may have the shape of the result where the input was broadcast; `grad` sums it down.
   * 'none': the op is piecewise constant or not real, so no gradient passes.
   */
  readonly vjp: ((gradient: Node, node: Node<A>) => readonly (Node | undefined)[]) | 'none';
  /** Writes ONNX nodes, returns the name of the result. */
  readonly emit: (emitter: Emitter, inputs: readonly string[], node: Node<A>) => string;
  /** Evaluates a node with the kernels of TensorFlow.js. */
  readonly tensorFlow: TensorFlowForm<A>;
  /** SIMD instruction with which a kernel of our own (`flat/`) computes the op on float32 vectors. */
  readonly simd: SimdInstruction | 'none';
  /** Estimated cost in multiply-adds of a matrix product. It decides how a step is divided between threads, not its results. */
  readonly cost: Cost<A>;
  /** True when each element of the result depends on one (broadcast) element of each operand. */
  readonly elementwise: boolean;
  /** True when the two operands may change places: f(a, b) and f(b, a) are then merged. */
  readonly commutative: boolean;
  /** True when the op is twice differentiable on the domain of its cases: the second-order test applies. */
  readonly smooth: boolean;
  readonly cases: readonly Case<A>[];
}

/** Operands and attributes with which an op's tests evaluate it. */
export interface Case<A> {
  readonly inputs: readonly Sample[];
  readonly attributes: A;
  /** Tolerance of ONNX Runtime against the interpreter, relative to 1 + |value|; 1e-5 when not given. */
  readonly tolerance?: number;
}

/** Describes a random operand: uniform in [low, high), whole numbers for int64, coin flips for bool. */
export interface Sample extends TensorType {
  readonly low: number;
  readonly high: number;
}

export const real = (shape: Shape, low = -2, high = 2): Sample => ({ shape, dtype: 'float32', low, high });
export const whole = (shape: Shape, low: number, high: number): Sample => ({ shape, dtype: 'int64', low, high });
export const flags = (shape: Shape): Sample => ({ shape, dtype: 'bool', low: 0, high: 2 });

/** Pairs of shapes that broadcast, as in JAX's own tests. */
export const BROADCAST_PAIRS = [
  [[3], [3]],
  [[], [3, 4]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [[3, 4], [4]],
] as const;

/**
 * The runtime of an ONNX graph. `webgpu` is ONNX Runtime's WebGPU provider. It has no com.microsoft ops: it would carry their
 * operands to the processor and back. Its sine is only defined near zero.
 */
export type OnnxTarget = 'onnxruntime' | 'webgpu';

/** Writes nodes into the ONNX graph under construction. Values are known by name. */
export interface Emitter {
  readonly target: OnnxTarget;
  /** Adds a node with one result. An empty name stands for an operand left out. */
  node(opType: string, inputs: readonly string[], options?: OnnxNodeOptions): string;
  /** Adds a node with several results. */
  nodes(opType: string, inputs: readonly string[], results: number, options?: OnnxNodeOptions): readonly string[];
  /** A constant; equal ones are shared. */
  constant(values: ArrayLike<number>, type: TensorType): string;
  /** A one-dimensional int64 constant. */
  integers(values: readonly number[]): string;
  /** Calls `make` the first time a graph asks for this key; later calls return the first result. */
  once<T extends string | readonly string[]>(key: string, make: () => T): T;
}

/** Emits the ONNX op of that name, with the same operands and no attributes. */
export const onnx = (opType: string) => (emitter: Emitter, inputs: readonly string[]) => emitter.node(opType, inputs);

/** Makes a number a scalar constant; returns a node as it is. */
export function asNode(operand: Operand, dtype: DType = 'float32'): Node {
  if (typeof operand !== 'number') return operand;
  const type = { shape: [], dtype };
  return createNode('constant', [], { values: Float64Array.of(operand), type }, type);
}

/** Makes a node after checking its operands. Numbers take the dtype of the first operand that is not boolean. */
export function apply<K extends OpName>(
  op: K,
  rule: Op<Attributes[K]>,
  operands: readonly Operand[],
  attributes: Attributes[K],
): Node {
  const dtype =
    operands.flatMap((operand) =>
      typeof operand === 'number' || operand.dtype === 'bool' ? [] : [operand.dtype],
    )[0] ?? 'float32';
  const inputs = operands.map((operand) => asNode(operand, dtype));
  return createNode(op, inputs, attributes, inferType(op, rule, inputs, attributes));
}

/** Calls the op's `infer`; an error that it throws names the op and its operands. */
export function inferType<K extends OpName>(
  op: K,
  rule: Op<Attributes[K]>,
  inputs: readonly Node[],
  attributes: Attributes[K],
): TensorType {
  try {
    return rule.infer(inputs, attributes);
  } catch (error) {
    const operands = inputs.map((input) => `  ${input.op}: ${describeType(input)} from ${input.source}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError([`${op}: ${reason}`, ...operands].join('\n'), { cause: error });
  }
}

/** Throws unless there are as many operands as dtypes and each has the dtype named. */
export function expectDTypes(inputs: readonly TensorType[], ...dtypes: readonly DType[]): void {
  const given = inputs.map((input) => input.dtype);
  if (given.join() !== dtypes.join())
    throw new TypeError(`expected operands (${dtypes.join(', ')}), got (${given.join(', ')})`);
}

/** The `evaluate` of an elementwise function of broadcast operands. */
export function evaluateElementwise(f: (...values: number[]) => number) {
  return (inputs: readonly Float64Array[], node: Pick<Node, 'shape' | 'inputs'>): Float64Array => {
    const result = new Float64Array(sizeOf(node.shape));
    const broadcast = node.inputs.map((input, index) =>
      inputs[index]!.length === result.length
        ? undefined
        : offsets(node.shape, broadcastStrides(input.shape, node.shape)),
    );
    const read = (index: number, element: number) => inputs[index]![broadcast[index]?.[element] ?? element]!;
    if (inputs.length === 1) for (let at = 0; at < result.length; at++) result[at] = f(read(0, at));
    else if (inputs.length === 2) for (let at = 0; at < result.length; at++) result[at] = f(read(0, at), read(1, at));
    else for (let at = 0; at < result.length; at++) result[at] = f(read(0, at), read(1, at), read(2, at));
    return result;
  };
}

/** The shape rule of an op with one operand, whose type is the type of the result. */
export const inferSame =
  (dtype: DType) =>
  ([x]: readonly TensorType[]): TensorType => {
    expectDTypes([x!], dtype);
    return x!;
  };

/** Multiply-adds of a matrix product that take as long as one element of another op. */
const ELEMENT_COST = 25;
/** The same for one element of a convolution with a few channels and a kernel of nine. */
const CONVOLUTION_COST = 256;

export type Cost<A> = (node: Node<A>) => number;

/** The op computes nothing and moves nothing. */
export const noCost = () => 0;

/** The op only copies: it reads no more elements than it writes. */
export const copyCost = ({ shape }: Pick<Node, 'shape'>) => ELEMENT_COST * sizeOf(shape);

/** The op visits each element of its largest tensor once. */
export const elementCost = (node: Pick<Node, 'shape' | 'inputs'>) => ELEMENT_COST * largest(node);

export const convolutionCost = (node: Pick<Node, 'shape' | 'inputs'>) => CONVOLUTION_COST * largest(node);

const largest = ({ shape, inputs }: Pick<Node, 'shape' | 'inputs'>) =>
  Math.max(sizeOf(shape), ...inputs.map((input) => sizeOf(input.shape)));
