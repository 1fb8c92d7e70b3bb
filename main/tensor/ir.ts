/**
 * The intermediate representation: a graph of immutable tensor nodes with static shapes.
 * Nodes are plain data and own nothing; the garbage collector frees a graph without users. No table holds all nodes, because it
 * would leak in a long-lived process: `simplify` merges equal nodes, one graph at a time.
 * A node is always younger than its inputs, so ascending `id` is a topological order and no cycle can be built.
 */

/** Element type of a tensor. The interpreter evaluates float32 in double precision, ONNX Runtime in single. */
export type DType = 'float32' | 'int64' | 'bool';

/** Static sizes, outermost first; [] is a scalar. A new batch size needs a new graph. */
export type Shape = readonly number[];

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

type None = Readonly<Record<never, never>>;
interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
interface OneAxis {
  readonly axis: number;
}
/** Step between two positions of a kernel, and rows of zeros around the input; the same along both axes. */
interface Window {
  readonly stride: number;
  readonly padding: number;
}
/** Adds the sizes of the result along the two axes, which a stride makes ambiguous. */
interface SizedWindow extends Window {
  readonly size: readonly [number, number];
}

/** Ops without attributes. */
type PlainOp =
  | ('greater' | 'less' | 'greaterEqual' | 'lessEqual' | 'equal' | 'logicalAnd' | 'logicalOr' | 'logicalNot' | 'where')
  | ('neg' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'tanh' | 'sigmoid' | 'relu' | 'softplus' | 'abs' | 'sign')
  | ('floor' | 'sin' | 'cos' | 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum' | 'stopGradient');

/** Op name → its attributes. Axes are stored non-negative; several axes are stored in ascending order. */
export interface Attributes extends Record<PlainOp, None> {
  input: { readonly name: string; readonly type: TensorType };
  constant: { readonly values: Float64Array; readonly type: TensorType };

  reshape: { readonly shape: Shape };
  transpose: { readonly perm: readonly number[] };
  expand: { readonly shape: Shape };
  concat: OneAxis;
  slice: { readonly axis: number; readonly start: number; readonly end: number };
  pad: { readonly axis: number; readonly before: number; readonly after: number };
  gather: OneAxis;
  scatterAdd: { readonly axis: number; readonly size: number };

  cast: { readonly dtype: DType };

  pow: { readonly exponent: number };
  clip: { readonly low: number; readonly high: number };

  sum: Reduction;
  mean: Reduction;
  max: Reduction;
  min: Reduction;
  logSumExp: Reduction;
  softmax: OneAxis;
  logSoftmax: OneAxis;

  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };

  conv2d: Window;
  conv2dTranspose: SizedWindow;
  conv2dKernel: SizedWindow;

  layerNorm: { readonly epsilon: number };
  normalize: { readonly epsilon: number };
  inverseStd: { readonly epsilon: number };
}

export type OpName = keyof Attributes;

/** One tensor of a graph: the op that computes it, its operands and its type. `A` is the attributes of the op. */
export interface Node<A = Attributes[OpName]> extends TensorType {
  readonly id: number;
  readonly op: OpName;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  /** `folder/file.ts:line` of the code outside this library that made the node; for error messages. */
  readonly source: string;
}

let nextId = 0;

/** The only function that makes nodes. Callers have checked `type` with the op's `infer`. */
export function createNode<K extends OpName>(
  op: K,
  inputs: readonly Node[],
  attributes: Attributes[K],
  type: TensorType,
  source = callerLine(),
): Node<Attributes[K]> {
  return { id: nextId++, op, inputs, attributes, shape: type.shape, dtype: type.dtype, source };
}

/** True when `op` computes `node`; narrows its attributes. */
export function isOp<K extends OpName>(node: Node, op: K): node is Node<Attributes[K]> {
  return node.op === op;
}

/** Returns the number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Writes a type as `float32[256,7]`. */
export function describeType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(',')}]`;
}

/** Returns every node on which the roots depend, the roots included, inputs before users. */
export function reachable(roots: readonly Node[]): Node[] {
  const seen = new Set(roots);
  const pending = [...seen];
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      pending.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

const LOCATION = /((?:[^/\\():\s]+[/\\]){0,2}[^/\\():\s]+:\d+):\d+\)?$/;
const libraryFolder = /\(?((?:file:\/\/)?[^()\s]*[/\\])ir\.ts:/.exec(new Error().stack ?? '')?.[1];

/** Returns the location of the innermost stack frame outside this folder. */
function callerLine(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  const outside = libraryFolder ? frames.find((frame) => !frame.includes(libraryFolder)) : undefined;
  return LOCATION.exec(outside ?? '')?.[1] ?? 'unknown source';
}
