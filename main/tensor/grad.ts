/**
 * Reverse-mode differentiation. Gradients are ordinary nodes, so they print, simplify, compile and differentiate again.
 * Each op's rule stands in its entry. This file walks the graph, sums over users, and undoes broadcasting.
 */
import { describeType, type Node, reachable, type Shape, sameShape } from './ir.ts';
import { add } from './ops/elementwise.ts';
import { asNode } from './ops/op.ts';
import { sum } from './ops/reduce.ts';
import { expand, reshape } from './ops/shape.ts';
import { opOf } from './ops/table.ts';
import { printEnd } from './print.ts';

/** Returns d loss / dx for each x of `wrt`, which may be any nodes; zeros for a node on which the loss does not depend. */
export function grad(loss: Node, wrt: readonly Node[]): Node[] {
  if (loss.dtype !== 'float32' || loss.shape.length !== 0)
    throw new TypeError(
      `grad: the loss must be float32[], got ${describeType(loss)} from ${loss.source}\n${printEnd(loss)}`,
    );
  const order = reachable([loss]);
  const onPath = new Set<Node>();
  for (const node of order)
    if (wrt.includes(node) || (opOf(node).vjp !== 'none' && node.inputs.some((input) => onPath.has(input))))
      onPath.add(node);

  const gradients = new Map<Node, Node>();
  if (onPath.has(loss)) gradients.set(loss, asNode(1));
  for (const node of order.toReversed()) {
    const gradient = gradients.get(node);
    const { vjp } = opOf(node);
    if (!gradient || vjp === 'none') continue;
    if (!node.inputs.some((input) => onPath.has(input))) continue;
    const parts = vjp(gradient, node);
    if (parts.length !== node.inputs.length)
      throw ruleError(node, `${parts.length} gradients for ${node.inputs.length} operands`);
    node.inputs.forEach((input, index) => {
      const part = parts[index];
      if (!part || !onPath.has(input) || input.dtype !== 'float32') return;
      const fitted = reduceTo(part, input.shape, node);
      const previous = gradients.get(input);
      gradients.set(input, previous ? add(previous, fitted) : fitted);
    });
  }
  return wrt.map((node) => gradients.get(node) ?? expand(asNode(0), node.shape));
}

/** Sums a gradient over the axes along which its operand was broadcast. */
function reduceTo(gradient: Node, shape: Shape, user: Node): Node {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const fits = extra >= 0 && shape.every((size, axis) => size === 1 || size === gradient.shape[axis + extra]);
  if (!fits) throw ruleError(user, `a gradient ${describeType(gradient)} for an operand [${shape.join(',')}]`);
  const leading = gradient.shape.flatMap((_, axis) => (axis < extra ? [axis] : []));
  const stretched = shape.flatMap((size, axis) =>
    size === 1 && gradient.shape[axis + extra] !== 1 ? [axis + extra] : [],
  );
  if (stretched.length === 0) return sum(gradient, leading);
  return reshape(sum(gradient, [...leading, ...stretched], true), shape);
}

function ruleError(node: Node, problem: string): Error {
  return new Error(`grad: the rule of ${node.op} gave ${problem}; made at ${node.source}\n${printEnd(node)}`);
}
