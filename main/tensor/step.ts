/**
 * A step is a value: named results, and the named inputs on which they depend. A whole training update is one step: parameters,
 * optimiser state, batch, noise and learning rate go in; new parameters, new state and metrics come out.
 */
import { describeType, isOp, type Node, reachable, sameShape } from './ir.ts';
import { inferType } from './ops/op.ts';
import { opOf } from './ops/table.ts';

export interface Step {
  readonly inputs: Readonly<Record<string, Node>>;
  readonly outputs: Readonly<Record<string, Node>>;
}

/** Collects the inputs that the outputs depend on and checks the graph. */
export function defineStep(outputs: Readonly<Record<string, Node>>): Step {
  const inputs: Record<string, Node> = {};
  for (const node of reachable(Object.values(outputs))) {
    if (!isOp(node, 'input')) continue;
    const { name } = node.attributes;
    const other = inputs[name];
    if (other) throw new TypeError(`two inputs are named ${name}: from ${other.source} and from ${node.source}`);
    inputs[name] = node;
  }
  for (const name of Object.keys(outputs))
    if (name in inputs && inputs[name] !== outputs[name])
      throw new TypeError(`${name} names both an input and another output`);
  const step = { inputs, outputs: { ...outputs } };
  check(step);
  return step;
}

/** Throws unless every node is younger than its operands and has the type that its op infers from them. */
export function check(step: Step): void {
  const declared = new Set(Object.values(step.inputs));
  for (const node of reachable(Object.values(step.outputs))) {
    const late = node.inputs.find((input) => input.id >= node.id);
    if (late) throw new Error(`${node.op} is older than its operand ${late.op}; made at ${node.source}`);
    const type = inferType(node.op, opOf(node), node.inputs, node.attributes);
    if (type.dtype !== node.dtype || !sameShape(type.shape, node.shape))
      throw new Error(
        `${node.op} is ${describeType(node)}, its operands make ${describeType(type)}; made at ${node.source}`,
      );
    if (node.op === 'input' && !declared.has(node))
      throw new Error(`an input is not declared by the step; made at ${node.source}`);
  }
}
