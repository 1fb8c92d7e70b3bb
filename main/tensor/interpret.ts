/**
 * The oracle: evaluates a step node by node in double precision, with each op's own `evaluate`. It is slow and plain on purpose,
 * and evaluates the graph as written, not simplified.
 */
import { type Backend, elementsOf, expectNames, mapValues, storedAs, type TensorLike } from './backend.ts';
import { isOp, type Node, reachable } from './ir.ts';
import { opOf } from './ops/table.ts';

export const interpreter: Backend = {
  name: 'interpreter',
  compile: async (step) => {
    const order = reachable(Object.values(step.outputs));
    return {
      run: async (inputs) => {
        expectNames(step.inputs, inputs);
        const values = evaluate(order, inputs);
        return mapValues(step.outputs, (node) => {
          const { shape, dtype } = node;
          const data = values.get(node)!;
          return { shape, dtype, data: dtype === 'float32' ? data.slice() : storedAs(data, dtype) };
        });
      },
      allocate: (elements) => new Float32Array(elements),
      dispose: async () => {},
    };
  },
};

/** Evaluates nodes that are in evaluation order. */
function evaluate(order: readonly Node[], inputs: Readonly<Record<string, TensorLike>>): Map<Node, Float64Array> {
  const values = new Map<Node, Float64Array>();
  for (const node of order) {
    const operands = node.inputs.map((each) => values.get(each)!);
    const result = isOp(node, 'input')
      ? Float64Array.from(elementsOf(node.attributes.name, inputs[node.attributes.name]!, node), Number)
      : opOf(node).evaluate(operands, node);
    values.set(node, result);
  }
  return values;
}
