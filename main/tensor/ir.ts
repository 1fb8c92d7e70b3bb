/**
 * The intermediate representation: a graph of immutable tensor nodes with static shapes.
 * Nodes are plain data and own nothing; the garbage collector frees a graph that nobody holds. There is no table of all
 * nodes (it would leak in a long-lived process): equal nodes are merged by `simplify`, one graph at a time.
 * A node is always younger than its inputs, so ascending `id` is a topological order and no cycle can be built.
 */

/** Elements of a tensor. The interpreter evaluates float32 in double precision; ONNX Runtime in single. */
export type DType = 'float32' | 'int64' | 'bool';

/** Static sizes, outermost first; [] is a scalar. A new batch size is a new graph. */
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
/** Steps between two places of a kernel, and rows of zeros around the input; the same along both axes. */
interface Window {
  readonly stride: number;
  readonly padding: number;
}
/** Also the sizes that the result has along the two axes: a stride hides them. */
interface SizedWindow extends Window {
  readonly size: readonly [number, number];
}

/** Op name → its attributes. Axes are stored non-negative and, where there are several, ascending. */
export interface Attributes {
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
  stopGradient: None;

  greater: None;
  less: None;
  greaterEqual: None;
  lessEqual: None;
  equal: None;
  logicalAnd: None;
  logicalOr: None;
  logicalNot: None;
  where: None;
  cast: { readonly dtype: DType };

  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  reciprocal: None;
  tanh: None;
  sigmoid: None;
  relu: None;
  softplus: None;
  abs: None;
  sign: None;
  floor: None;
  sin: None;
  cos: None;
  pow: { readonly exponent: number };
  clip: { readonly low: number; readonly high: number };
  add: None;
  sub: None;
  mul: None;
  div: None;
  minimum: None;
  maximum: None;

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

/** One tensor of a graph: what computes it, from what, and its type. `A` is the attributes of its op. */
export interface Node<A = Attributes[OpName]> extends TensorType {
  readonly id: number;
  readonly op: OpName;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  /** `folder/file.ts:line` of the code outside this library that asked for the node; for error messages. */
  readonly source: string;
}

let nextId = 0;

/** The only place that makes nodes. Callers have checked `type` with the op's `infer`. */
export function createNode<K extends OpName>(
  op: K,
  inputs: readonly Node[],
  attributes: Attributes[K],
  type: TensorType,
  source = callerLine(),
): Node<Attributes[K]> {
  return { id: nextId++, op, inputs, attributes, shape: type.shape, dtype: type.dtype, source };
}

/** True when `node` is made by `op`; narrows its attributes. */
export function isOp<K extends OpName>(node: Node, op: K): node is Node<Attributes[K]> {
  return node.op === op;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `float32[256,7]` */
export function describeType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(',')}]`;
}

/** Every node that the roots depend on, the roots included, inputs before users. */
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

/** The innermost stack frame outside this folder. */
function callerLine(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  const outside = libraryFolder ? frames.find((frame) => !frame.includes(libraryFolder)) : undefined;
  return LOCATION.exec(outside ?? '')?.[1] ?? 'unknown source';
}
