/**
 * The part of TensorFlow.js that op entries use. An entry is handed the library: no op imports the package, and one entry
 * serves its CPU package and its GPU package. The library's int32 stands for our int64.
 */
import type { DType, Node, Shape } from '../ir.ts';

export interface TfTensor {
  readonly shape: number[];
  readonly dtype: string;
}

/** Evaluates a node with the library's kernels. Intermediate tensors may be left behind: the caller frees them with `tidy`. */
export type TensorFlowForm<A> = (tf: TfKernels, inputs: readonly TfTensor[], node: Node<A>) => TfTensor;

/** Functions of the library, with the few of their options that the forms need. */
export interface TfKernels extends UnaryKernels, BinaryKernels, Reductions {
  tensor(values: Float32Array | Int32Array | Uint8Array, shape: number[], dtype: TfDType): TfTensor;
  scalar(value: number, dtype?: string): TfTensor;
  cast(x: TfTensor, dtype: TfDType): TfTensor;
  where(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor;
  clipByValue(x: TfTensor, low: number, high: number): TfTensor;
  reshape(x: TfTensor, shape: number[]): TfTensor;
  transpose(x: TfTensor, perm: number[]): TfTensor;
  broadcastTo(x: TfTensor, shape: number[]): TfTensor;
  concat(xs: TfTensor[], axis: number): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  pad(x: TfTensor, paddings: [number, number][]): TfTensor;
  gather(x: TfTensor, indices: TfTensor, axis: number): TfTensor;
  unsortedSegmentSum(x: TfTensor, segmentIds: TfTensor, segments: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  conv2d(x: TfTensor, kernel: TfTensor, stride: number, pad: 'valid'): TfTensor;
  conv2dTranspose(g: TfTensor, kernel: TfTensor, shape: TfShape4, stride: number, pad: 'valid'): TfTensor;
  engine(): { runKernel(name: string, inputs: Record<string, TfTensor>, attributes: object): TfTensor };
}

export type TfShape4 = [number, number, number, number];
export type TfDType = 'float32' | 'int32' | 'bool';

interface UnaryKernels {
  neg(x: TfTensor): TfTensor;
  exp(x: TfTensor): TfTensor;
  log(x: TfTensor): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  reciprocal(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  softplus(x: TfTensor): TfTensor;
  abs(x: TfTensor): TfTensor;
  sign(x: TfTensor): TfTensor;
  floor(x: TfTensor): TfTensor;
  sin(x: TfTensor): TfTensor;
  cos(x: TfTensor): TfTensor;
  logicalNot(x: TfTensor): TfTensor;
  clone(x: TfTensor): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  square(x: TfTensor): TfTensor;
}

interface BinaryKernels {
  greater(a: TfTensor, b: TfTensor): TfTensor;
  less(a: TfTensor, b: TfTensor): TfTensor;
  greaterEqual(a: TfTensor, b: TfTensor): TfTensor;
  lessEqual(a: TfTensor, b: TfTensor): TfTensor;
  equal(a: TfTensor, b: TfTensor): TfTensor;
  notEqual(a: TfTensor, b: TfTensor): TfTensor;
  logicalAnd(a: TfTensor, b: TfTensor): TfTensor;
  logicalOr(a: TfTensor, b: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
  minimum(a: TfTensor, b: TfTensor): TfTensor;
  maximum(a: TfTensor, b: TfTensor): TfTensor;
  pow(a: TfTensor, b: TfTensor): TfTensor;
}

interface Reductions {
  sum(x: TfTensor, axes: number | number[], keepDims: boolean): TfTensor;
  mean(x: TfTensor, axes: number | number[], keepDims: boolean): TfTensor;
  max(x: TfTensor, axes: number | number[], keepDims: boolean): TfTensor;
  min(x: TfTensor, axes: number | number[], keepDims: boolean): TfTensor;
  logSumExp(x: TfTensor, axes: number | number[], keepDims: boolean): TfTensor;
}

/** The form of an op that the library has as a function of one tensor. */
export const tfUnary =
  (name: keyof UnaryKernels): TensorFlowForm<unknown> =>
  (tf, [x]) =>
    tf[name](x!);

/** The form of an op that the library has as a function of two tensors that broadcast. */
export const tfBinary =
  (name: keyof BinaryKernels): TensorFlowForm<unknown> =>
  (tf, [a, b]) =>
    tf[name](a!, b!);

export type TfReduction = keyof Reductions;

export const TF_DTYPE: Readonly<Record<DType, TfDType>> = { float32: 'float32', int64: 'int32', bool: 'bool' };

/** Copies `values`: the library keeps the array that it is given, and the caller may write to that array later. */
export function tensorOf(tf: TfKernels, values: ArrayLike<number | bigint>, shape: Shape, dtype: DType): TfTensor {
  return tf.tensor(copyOf(values, dtype), [...shape], TF_DTYPE[dtype]);
}

function copyOf(values: ArrayLike<number | bigint>, dtype: DType): Float32Array | Int32Array | Uint8Array {
  switch (dtype) {
    case 'float32':
      return values instanceof Float32Array ? values.slice() : Float32Array.from(values, Number);
    case 'int64':
      return Int32Array.from(values, Number);
    case 'bool':
      return Uint8Array.from(values, Number);
    default:
      throw new Error(`no tensor of type ${dtype satisfies never}`);
  }
}
