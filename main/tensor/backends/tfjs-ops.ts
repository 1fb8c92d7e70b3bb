/**
 * Every op as TensorFlow.js computes it: one table, which the compiler refuses while an op has no form. int64 is TensorFlow.js's
 * int32. Forms are given the library, so that the same ones serve its CPU and its GPU package; they may leave intermediates
 * behind, which the caller's `tidy` frees. Batches of a product are broadcast here: the pure-JS kernel gets partial ones wrong.
 */
import type * as tensorflow from '@tensorflow/tfjs';
import type { Attributes, DType, Node, OpName, Shape } from '../ir.ts';
import { sameShape, sizeOf } from '../ir.ts';
import { broadcastShapes } from '../layout.ts';

export type TensorFlow = typeof tensorflow;
export type Tensor = tensorflow.Tensor;

/** From the operands' values to the result. */
export type Form<A> = (tf: TensorFlow, inputs: readonly Tensor[], node: Node<A>) => Tensor;

type Unary = 'neg' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'tanh' | 'sigmoid' | 'relu' | 'softplus' | 'abs' | 'sign';
type OneOperand = Unary | 'floor' | 'sin' | 'cos' | 'logicalNot';
type Comparison = 'greater' | 'less' | 'greaterEqual' | 'lessEqual' | 'equal';
type TwoOperands = Comparison | 'logicalAnd' | 'logicalOr' | 'add' | 'sub' | 'mul' | 'div' | 'minimum' | 'maximum';
type None = Attributes['neg'];

/** Ops that TensorFlow.js has under the same name. */
const one =
  (name: OneOperand): Form<None> =>
  (tf, [x]) =>
    tf[name](x!);
const two =
  (name: TwoOperands): Form<None> =>
  (tf, [a, b]) =>
    tf[name](a!, b!);
const reduction =
  (name: 'sum' | 'mean' | 'max' | 'min' | 'logSumExp'): Form<Attributes['sum']> =>
  (tf, [x], { attributes: { axes, keepDims } }) =>
    tf[name](x!, [...axes], keepDims);

export const TF_DTYPE = {
  float32: 'float32',
  int64: 'int32',
  bool: 'bool',
} as const satisfies Record<DType, tensorflow.DataType>;

/** `size` numbers, all `value` but the one at `axis`. */
const alongAxis = (rank: number, axis: number, at: number, others: readonly number[]): number[] =>
  Array.from({ length: rank }, (_, each) => (each === axis ? at : others[each]!));

const zeros = (rank: number) => new Array<number>(rank).fill(0);

/** Indices from the back become indices from the front. */
const fromFront = (tf: TensorFlow, indices: Tensor, size: number): Tensor =>
  tf.where(tf.less(indices, tf.scalar(0, 'int32')), tf.add(indices, tf.scalar(size, 'int32')), indices);

/** x minus its largest value along `axis`, where eˣ cannot overflow. */
const shifted = (tf: TensorFlow, x: Tensor, axis: number): Tensor => tf.sub(x, tf.max(x, axis, true));

function moments(tf: TensorFlow, x: Tensor, epsilon: number) {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverseStd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return { inverseStd, normal: tf.mul(centred, inverseStd) };
}

/** The operand of a product with its batch axes stretched to `batch`. */
function withBatch(tf: TensorFlow, x: Tensor, batch: Shape): Tensor {
  const wanted = [...batch, ...x.shape.slice(-2)];
  return sameShape(x.shape, wanted) ? x : tf.broadcastTo(x, wanted);
}

function castTo(tf: TensorFlow, x: Tensor, dtype: DType): Tensor {
  return dtype === 'bool'
    ? tf.notEqual(x, tf.scalar(0, x.dtype === 'bool' ? 'bool' : x.dtype))
    : tf.cast(x, TF_DTYPE[dtype]);
}

/** Channels last, as every kernel of TensorFlow has them, with the zeros around written out: not every kernel takes them apart. */
const channelsLast = (tf: TensorFlow, x: Tensor, padding = 0) =>
  tf.pad(tf.transpose(x, [0, 2, 3, 1]), [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ]) as tensorflow.Tensor4D; // of rank 4, as the op has checked
const channelsFirst = (tf: TensorFlow, x: Tensor) => tf.transpose(x, [0, 3, 1, 2]);
/** [O,C,K,L] → [K,L,C,O] */
const kernelLast = (tf: TensorFlow, kernel: Tensor) => tf.transpose(kernel, [2, 3, 1, 0]) as tensorflow.Tensor4D; // of rank 4, as the op has checked

export const forms = {
  input: (_, __, { attributes: { name } }) => {
    throw new Error(`input ${name} has no value`);
  },
  constant: (tf, _, { attributes: { values, type } }) => toTensor(tf, values, type.shape, type.dtype),

  reshape: (tf, [x], { shape }) => tf.reshape(x!, [...shape]),
  transpose: (tf, [x], { attributes: { perm } }) => tf.transpose(x!, [...perm]),
  expand: (tf, [x], { shape }) => tf.broadcastTo(x!, [...shape]),
  concat: (tf, inputs, { attributes: { axis } }) => tf.concat([...inputs], axis),
  slice: (tf, [x], { shape, attributes: { axis, start } }) =>
    tf.slice(x!, alongAxis(shape.length, axis, start, zeros(shape.length)), [...shape]),
  pad: (tf, [x], { shape, attributes: { axis, before, after } }) =>
    tf.pad(
      x!,
      shape.map((_, at): [number, number] => (at === axis ? [before, after] : [0, 0])),
    ),
  gather: (tf, [x, indices], { shape, attributes: { axis } }) => {
    const flat = tf.reshape(fromFront(tf, indices!, x!.shape[axis]!), [-1]);
    return tf.reshape(tf.gather(x!, flat, axis), [...shape]);
  },
  scatterAdd: (tf, [updates, indices], { shape, attributes: { axis, size } }) => {
    const [outer, count, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(indices!.shape), sizeOf(shape.slice(axis + 1))];
    const rows = tf.transpose(tf.reshape(updates!, [outer, count, inner]), [1, 0, 2]);
    const places = tf.cast(tf.reshape(fromFront(tf, indices!, size), [-1]), 'int32');
    const sums = tf.unsortedSegmentSum(rows, places as tensorflow.Tensor1D, size); // reshaped to one axis above
    return tf.reshape(tf.transpose(sums, [1, 0, 2]), [...shape]);
  },
  stopGradient: (tf, [x]) => tf.clone(x!),

  greater: two('greater'),
  less: two('less'),
  greaterEqual: two('greaterEqual'),
  lessEqual: two('lessEqual'),
  equal: two('equal'),
  logicalAnd: two('logicalAnd'),
  logicalOr: two('logicalOr'),
  logicalNot: one('logicalNot'),
  where: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
  cast: (tf, [x], { attributes: { dtype } }) => castTo(tf, x!, dtype),

  neg: one('neg'),
  exp: one('exp'),
  log: one('log'),
  sqrt: one('sqrt'),
  reciprocal: one('reciprocal'),
  tanh: one('tanh'),
  sigmoid: one('sigmoid'),
  relu: one('relu'),
  softplus: one('softplus'),
  abs: one('abs'),
  sign: one('sign'),
  floor: one('floor'),
  sin: one('sin'),
  cos: one('cos'),
  pow: (tf, [x], { attributes: { exponent } }) => tf.pow(x!, tf.scalar(exponent)),
  clip: (tf, [x], { attributes: { low, high } }) => tf.clipByValue(x!, low, high),
  add: two('add'),
  sub: two('sub'),
  mul: two('mul'),
  div: two('div'),
  minimum: two('minimum'),
  maximum: two('maximum'),

  sum: reduction('sum'),
  mean: reduction('mean'),
  max: reduction('max'),
  min: reduction('min'),
  logSumExp: reduction('logSumExp'),
  softmax: (tf, [x], { attributes: { axis } }) => {
    const powers = tf.exp(shifted(tf, x!, axis));
    return tf.div(powers, tf.sum(powers, axis, true));
  },
  logSoftmax: (tf, [x], { attributes: { axis } }) => {
    const below = shifted(tf, x!, axis);
    return tf.sub(below, tf.log(tf.sum(tf.exp(below), axis, true)));
  },

  matmul: (tf, [a, b], { attributes: { transposeA, transposeB } }) => {
    const batch = broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return tf.matMul(withBatch(tf, a!, batch), withBatch(tf, b!, batch), transposeA, transposeB);
  },

  conv2d: (tf, [x, kernel], { attributes: { stride, padding } }) =>
    channelsFirst(tf, tf.conv2d(channelsLast(tf, x!, padding), kernelLast(tf, kernel!), stride, 'valid')),
  conv2dTranspose: (tf, [g, kernel], { shape, attributes: { stride, padding } }) => {
    const [batch, channels, height, width] = shape as readonly [number, number, number, number]; // checked by `infer`
    const padded = [batch, height + 2 * padding, width + 2 * padding, channels] as const;
    const whole = tf.conv2dTranspose(channelsLast(tf, g!), kernelLast(tf, kernel!), [...padded], stride, 'valid');
    return channelsFirst(tf, tf.slice(whole, [0, padding, padding, 0], [batch, height, width, channels]));
  },
  conv2dKernel: (tf, [x, g], { shape, attributes: { stride, padding } }) => {
    const [outputs, channels, height, width] = shape as readonly [number, number, number, number]; // checked by `infer`
    const filterShape = [height, width, channels, outputs];
    const operands = { x: channelsLast(tf, x!, padding), dy: channelsLast(tf, g!) };
    const attributes = { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC', filterShape };
    const kernel: Tensor = tf.engine().runKernel(tf.Conv2DBackpropFilter, operands, attributes);
    return tf.transpose(kernel, [3, 2, 0, 1]);
  },

  layerNorm: (tf, [x, scale, bias], { attributes: { epsilon } }) =>
    tf.add(tf.mul(moments(tf, x!, epsilon).normal, scale!), bias!),
  normalize: (tf, [x], { attributes: { epsilon } }) => moments(tf, x!, epsilon).normal,
  inverseStd: (tf, [x], { attributes: { epsilon } }) => moments(tf, x!, epsilon).inverseStd,
} satisfies { [K in OpName]: Form<Attributes[K]> };

/** The form of a node's op. */
export function formOf(op: OpName): Form<Attributes[OpName]> {
  // A node is only ever made with its own op's attributes, which TypeScript cannot follow through a union of names.
  return forms[op] as unknown as Form<Attributes[OpName]>;
}

/** Copies `values`: TensorFlow.js keeps the array that it is given, and the caller may write to his. */
export function toTensor(tf: TensorFlow, values: ArrayLike<number | bigint>, shape: Shape, dtype: DType): Tensor {
  switch (dtype) {
    case 'float32':
      return tf.tensor(
        values instanceof Float32Array ? values.slice() : Float32Array.from(values, Number),
        [...shape],
        'float32',
      );
    case 'int64':
      return tf.tensor(Int32Array.from(values, Number), [...shape], 'int32');
    case 'bool':
      return tf.tensor(Uint8Array.from(values, Number), [...shape], 'bool');
    default:
      throw new Error(`no tensor of type ${dtype satisfies never}`);
  }
}
