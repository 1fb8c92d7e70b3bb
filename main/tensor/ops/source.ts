/**
 * Nodes without operands: the inputs of a step, and constants.
 * What changes between runs (learning rate, noise, masks) is an input, so that nothing is compiled twice.
 */

import type { Attributes } from '../ir.ts';
import { createNode, type DType, type Node, type Shape, sizeOf } from '../ir.ts';
import type { Op } from './op.ts';

export const source = {
  input: {
    infer: (_, { type }) => type,
    evaluate: (_, node) => {
      throw new Error(`input ${node.attributes.name} has no value`);
    },
    vjp: () => [],
    emit: (_, __, node) => node.attributes.name,
    smooth: false,
    cases: [],
  } satisfies Op<Attributes['input']>,
  constant: {
    infer: (_, { values, type }) => {
      if (values.length !== sizeOf(type.shape))
        throw new TypeError(`${values.length} values do not fill the shape [${type.shape.join(',')}]`);
      return type;
    },
    evaluate: (_, node) => node.attributes.values,
    vjp: () => [],
    emit: (emitter, _, node) => emitter.constant(node.attributes.values, node),
    smooth: false,
    cases: [],
  } satisfies Op<Attributes['constant']>,
};

/** A tensor that the caller of the step supplies. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Node {
  if (!name) throw new TypeError('an input needs a name');
  if (shape.some((size) => !Number.isInteger(size) || size < 1))
    throw new TypeError(`input ${name}: sizes must be positive whole numbers, got [${shape.join(',')}]`);
  const type = { shape: [...shape], dtype };
  return createNode('input', [], { name, type }, type);
}

/** Fixed values, copied. Without a shape a number is a scalar and a list is a vector. */
export function constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = 'float32'): Node {
  const copy = typeof values === 'number' ? Float64Array.of(values) : Float64Array.from(values);
  const type = { shape: shape ? [...shape] : typeof values === 'number' ? [] : [copy.length], dtype };
  const attributes = { values: copy, type };
  return createNode('constant', [], attributes, source.constant.infer([], attributes));
}
