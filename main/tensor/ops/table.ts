/**
 * Every op by name. The compiler refuses this file while an op has no entry or an entry lacks a part.
 * A new family joins here; a new op joins its family and needs no change here.
 */
import { type Attributes, createNode, type Node, type OpName } from '../ir.ts';
import { compare } from './compare.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { linear } from './linear.ts';
import { normalization } from './normalize.ts';
import { inferType, type Op } from './op.ts';
import { reduce } from './reduce.ts';
import { shape } from './shape.ts';
import { source } from './source.ts';

export const ops = {
  ...source,
  ...shape,
  ...compare,
  ...elementwise,
  ...reduce,
  ...linear,
  ...convolution,
  ...normalization,
} satisfies { [K in OpName]: Op<Attributes[K]> };

/** The entry of a node's op. */
export function opOf(node: Pick<Node, 'op'>): Op<Attributes[OpName]> {
  // A node is only ever made with its own op's attributes, which TypeScript cannot follow through a union of names.
  return ops[node.op] as unknown as Op<Attributes[OpName]>;
}

/** The same op with the same attributes on other operands. */
export function withInputs(node: Node, inputs: readonly Node[]): Node {
  const type = inferType(node.op, opOf(node), inputs, node.attributes);
  return createNode(node.op, inputs, node.attributes, type, node.source);
}

/** True when each element of the result depends on one (broadcast) element of each operand. */
export function isElementwise(node: Node): boolean {
  return node.op in elementwise || node.op in compare;
}
