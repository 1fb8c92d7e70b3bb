/** Tensors that are a stretch of another's memory: nothing needs to be computed, or copied, to have them. */
import { type DType, isOp, type Node, type Shape } from '../ir.ts';
import { stridesOf } from '../layout.ts';

/** `root`, an input or what a kernel computes, from element `offset` on. */
export interface View {
  readonly root: Node;
  readonly offset: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What `node` is a view of: it is a root itself, or reshapes or cuts a stretch out of one. */
export function viewOf(node: Node, isRoot: (node: Node) => boolean): View | undefined {
  const { shape, dtype } = node;
  if (isRoot(node)) return { root: node, offset: 0, shape, dtype };
  if (!isCut(node)) return undefined;
  const inner = viewOf(node.inputs[0]!, isRoot);
  return inner && { root: inner.root, offset: inner.offset + startOf(node), shape, dtype };
}

/** True for a node whose elements lie side by side, and in order, in its operand. */
export function isCut(node: Node): boolean {
  if (isOp(node, 'reshape')) return true;
  return isOp(node, 'slice') && node.inputs[0]!.shape.slice(0, node.attributes.axis).every((size) => size === 1);
}

/** The first element of a cut, counted in its operand. */
function startOf(node: Node): number {
  if (!isOp(node, 'slice')) return 0;
  return node.attributes.start * stridesOf(node.inputs[0]!.shape)[node.attributes.axis]!;
}
