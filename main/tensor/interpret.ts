/**
 * The oracle: evaluates a step node by node in double precision, with each op's own `evaluate`. It is slow and plain on purpose,
 * and evaluates the graph as written, not simplified.
 */
import { type Backend, elementsOf, expectNames, type TensorLike, type TensorValue } from './backend.ts';
import { isOp, type Node, reachable, type TensorType } from './ir.ts';
import { opOf } from './ops/table.ts';

export const interpreter: Backend = {
  name: 'interpreter',
  compile: async (step) => {
    const order = reachable(Object.values(step.outputs));
    const names = Object.keys(step.inputs);
    return {
      run: async (inputs) => {
        expectNames(names, inputs);
        const values = evaluate(order, inputs);
        return Object.fromEntries(
          Object.entries(step.outputs).map(([name, node]) => [name, toTensor(values.get(node)!, node)]),
        );
      },
      allocate: (elements) => new Float32Array(elements),
      dispose: async () => {},
    };
  },
};

/** Evaluates nodes that are in evaluation order. */
function evaluate(order: readonly Node[], inputs: Readonly<Record<string, TensorLike>>): Map<Node, Float64Array> {
  const values = new Map<Node, Float64Array>();
  for (const node of order)
    values.set(
      node,
      isOp(node, 'input')
        ? Float64Array.from(elementsOf(node.attributes.name, inputs[node.attributes.name]!, node), Number)
        : opOf(node).evaluate(
            node.inputs.map((each) => values.get(each)!),
            node,
          ),
    );
  return values;
}

function toTensor(values: Float64Array, { shape, dtype }: TensorType): TensorValue {
  switch (dtype) {
    case 'float32':
      return { shape, dtype, data: values.slice() };
    case 'int64':
      return { shape, dtype, data: BigInt64Array.from(values, BigInt) };
    case 'bool':
      return { shape, dtype, data: Uint8Array.from(values) };
    default:
      throw new Error(`no values of type ${dtype satisfies never}`);
  }
}
