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
export interface TfKernels
  extends Record<TfUnary, (x: TfTensor) => TfTensor>,
    Record<TfBinary, (a: TfTensor, b: TfTensor) => TfTensor>,
    Record<TfReduction, (x: TfTensor, axes: number | number[], keepDims: boolean) => TfTensor> {
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

type Unary = 'neg' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'tanh' | 'sigmoid' | 'relu' | 'softplus' | 'abs' | 'sign';
export type TfUnary = Unary | 'floor' | 'sin' | 'cos' | 'logicalNot' | 'clone' | 'rsqrt' | 'square';
type Comparison = 'greater' | 'less' | 'greaterEqual' | 'lessEqual' | 'equal' | 'notEqual';
type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum' | 'pow';
export type TfBinary = Comparison | 'logicalAnd' | 'logicalOr' | Arithmetic;
export type TfReduction = 'sum' | 'mean' | 'max' | 'min' | 'logSumExp';

/** The form of an op that the library has as a function of one tensor. */
export const tfUnary =
  (name: TfUnary): TensorFlowForm<unknown> =>
  (tf, [x]) =>
    tf[name](x!);

/** The form of an op that the library has as a function of two tensors that broadcast. */
export const tfBinary =
  (name: TfBinary): TensorFlowForm<unknown> =>
  (tf, [a, b]) =>
    tf[name](a!, b!);

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
