/**
 * Nodes without operands: the inputs of a step, and constants. Values that change between runs, such as the learning rate,
 * noise and masks, are inputs, so that nothing is compiled twice.
 */
import { type Attributes, createNode, type DType, type Node, type Shape, sizeOf } from '../ir.ts';
import { tensorOf } from '../tensorflow.ts';
import { elementCost, noCost, type Op } from './op.ts';

const common = { simd: 'none', elementwise: false, commutative: false, smooth: false, cases: [] } as const;

export const sourceOps = {
  input: {
    ...common,
    infer: (_, { type }) => type,
    evaluate: (_, node) => {
      throw new Error(`input ${node.attributes.name} has no value`);
    },
    vjp: () => [],
    emit: (_, __, node) => node.attributes.name,
    tensorFlow: (_, __, node) => {
      throw new Error(`input ${node.attributes.name} has no value`);
    },
    cost: elementCost,
  } satisfies Op<Attributes['input']>,
  constant: {
    ...common,
    infer: (_, { values, type }) => {
      if (values.length !== sizeOf(type.shape))
        throw new TypeError(`${values.length} values do not fill the shape [${type.shape.join(',')}]`);
      return type;
    },
    evaluate: (_, node) => node.attributes.values,
    vjp: () => [],
    emit: (emitter, _, node) => emitter.constant(node.attributes.values, node),
    tensorFlow: (tf, _, { attributes: { values, type } }) => tensorOf(tf, values, type.shape, type.dtype),
    cost: noCost,
  } satisfies Op<Attributes['constant']>,
};

/** Declares a tensor that the caller of the step supplies. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Node {
  if (!name) throw new TypeError('an input needs a name');
  if (shape.some((size) => !Number.isInteger(size) || size < 1))
    throw new TypeError(`input ${name}: sizes must be positive whole numbers, got [${shape.join(',')}]`);
  const type = { shape: [...shape], dtype };
  return createNode('input', [], { name, type }, type);
}

/** Makes a tensor of fixed values, which are copied. Without a shape a number is a scalar and a list is a vector. */
export function constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = 'float32'): Node {
  const copy = typeof values === 'number' ? Float64Array.of(values) : Float64Array.from(values);
  const type = { shape: shape ? [...shape] : typeof values === 'number' ? [] : [copy.length], dtype };
  const attributes = { values: copy, type };
  return createNode('constant', [], attributes, sourceOps.constant.infer([], attributes));
}
