/**
 * Prints a graph: one line per node with a short letter name, type, op, operands and attributes. The text serves errors, goldens
 * and readers; nothing parses it.
 */
import { type Attributes, describeType, type Node, type OpName, reachable } from './ir.ts';

/** Prints the nodes in evaluation order, such as `c:float32[2,3] = add a b`, and then the outputs. */
export function print({ outputs }: { readonly outputs: Readonly<Record<string, Node>> }): string {
  const names = new Map<Node, string>();
  const lines = reachable(Object.values(outputs)).map((node) => {
    const name = letters(names.size);
    names.set(node, name);
    return `${name}:${describeType(node)} = ${[node.op, ...node.inputs.map((input) => names.get(input)!), ...details(node.attributes)].join(' ')}`;
  });
  const results = Object.entries(outputs).map(([name, node]) => `${name}=${names.get(node)}`);
  return [...lines, `return ${results.join(' ')}`].join('\n');
}

/** Prints the last `limit` lines of the graph on which `root` depends. */
export function printEnd(root: Node, limit = 12): string {
  const lines = print({ outputs: { result: root } }).split('\n');
  return lines.length <= limit ? lines.join('\n') : ['…', ...lines.slice(-limit)].join('\n');
}

/** Names nodes: 0 → a, 25 → z, 26 → aa. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

const MAX_VALUES = 8;

function details(attributes: Attributes[OpName]): string[] {
  return Object.entries(attributes).flatMap(([key, value]: [string, unknown]) => {
    if (key === 'type' || key === 'shape' || value === false) return [];
    if (value instanceof Float64Array) {
      const shown = [...value.subarray(0, MAX_VALUES)].map((each) => Number(each.toPrecision(6)));
      return [`{${shown.join(' ')}${value.length > MAX_VALUES ? ' …' : ''}}`];
    }
    if (key === 'name') return [String(value)];
    return [value === true ? key : `${key}=${Array.isArray(value) ? `[${value.join(',')}]` : String(value)}`];
  });
}
