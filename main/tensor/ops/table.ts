/**
 * Every op by name. The compiler refuses this file while an op has no entry or an entry lacks a field.
 * A new family joins here; a new op joins its family and needs no change here.
 */
import { type Attributes, createNode, type Node, type OpName } from '../ir.ts';
import { compareOps } from './compare.ts';
import { convolutionOps } from './convolution.ts';
import { elementwiseOps } from './elementwise.ts';
import { indexingOps } from './indexing.ts';
import { linearOps } from './linear.ts';
import { normalizeOps } from './normalize.ts';
import { inferType, type Op } from './op.ts';
import { reduceOps } from './reduce.ts';
import { shapeOps } from './shape.ts';
import { sourceOps } from './source.ts';

export const ops = {
  ...sourceOps,
  ...shapeOps,
  ...indexingOps,
  ...compareOps,
  ...elementwiseOps,
  ...reduceOps,
  ...linearOps,
  ...convolutionOps,
  ...normalizeOps,
} satisfies { [K in OpName]: Op<Attributes[K]> };

/** Returns the entry of a node's op. */
export function opOf(node: Pick<Node, 'op'>): Op<Attributes[OpName]> {
  // A node is only ever made with its own op's attributes, which TypeScript cannot follow through a union of names.
  return ops[node.op] as unknown as Op<Attributes[OpName]>;
}

/** Applies the op of `node`, with the same attributes, to other operands. */
export function withInputs(node: Node, inputs: readonly Node[]): Node {
  const type = inferType(node.op, opOf(node), inputs, node.attributes);
  return createNode(node.op, inputs, node.attributes, type, node.source);
}
