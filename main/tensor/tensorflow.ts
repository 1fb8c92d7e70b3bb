/**
 * The one file that imports the types of TensorFlow.js. The library itself is loaded by `backends/tfjs.ts` and handed to the op
 * entries, so one entry serves its CPU package and its GPU package. The library's int32 stands for our int64.
 */
import type * as tensorflow from '@tensorflow/tfjs';
import type { DType, Node, Shape } from './ir.ts';

export type TensorFlow = typeof tensorflow;
export type TfTensor = tensorflow.Tensor;
export type TfTensor1D = tensorflow.Tensor1D;
export type TfTensor4D = tensorflow.Tensor4D;

/** Evaluates a node with the library's kernels. Intermediate tensors may be left behind: the caller frees them with `tidy`. */
export type TensorFlowForm<A> = (tf: TensorFlow, inputs: readonly TfTensor[], node: Node<A>) => TfTensor;

export const TF_DTYPE = { float32: 'float32', int64: 'int32', bool: 'bool' } as const satisfies Record<DType, string>;

/** Copies `values`: the library keeps the array that it is given, and the caller may write to that array later. */
export function tensorOf(tf: TensorFlow, values: ArrayLike<number | bigint>, shape: Shape, dtype: DType): TfTensor {
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
