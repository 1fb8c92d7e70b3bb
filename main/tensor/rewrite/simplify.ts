/**
 * Makes a step smaller without changing what it computes. It applies the rules of `rewrites.ts` to a fixed point, merges equal
 * nodes and drops dead ones. It computes each layer normalisation once for value and gradient. Every pass is checked.
 */
import { type Attributes, createNode, isOp, type Node, reachable } from '../ir.ts';
import { add, mul } from '../ops/elementwise.ts';
import { normalize } from '../ops/normalize.ts';
import { opOf } from '../ops/table.ts';
import { check, type Step } from '../step.ts';
import { rewrite } from './rewrites.ts';

/** Far above what any graph has needed. Without a limit, two rules that undo each other would never end. */
const MAX_PASSES = 100;

/** Results by step, because a step is simplified twice: for its plan and for its graph. */
const results = new WeakMap<Step, Step>();

export function simplify(step: Step): Step {
  const known = results.get(step);
  if (known) return known;
  const shared = shareNormalizations(toFixedPoint(step));
  check(shared);
  const result = toFixedPoint(shared);
  results.set(step, result);
  return result;
}

function toFixedPoint(step: Step): Step {
  const settled: Settled = [new Set(), new Set()];
  let current = step;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const next = onePass(current, settled);
    if (Object.entries(next.outputs).every(([name, node]) => current.outputs[name] === node)) return current;
    check(next);
    current = next;
  }
  throw new Error(`simplify: no fixed point after ${MAX_PASSES} passes`);
}

/**
 * Nodes that no rule applies to. The first set holds those whose first operand has other users too, the second those
 * whose first operand has none. A node never changes.
 */
type Settled = readonly [Set<Node>, Set<Node>];

/** Merges equal nodes and applies the rules to each node, inputs first. Returns the same nodes where nothing changes. */
function onePass(step: Step, settled: Settled): Step {
  const known = new Map<string, Node>();
  const users = countUsers(step);
  return mapNodes(step, (node, original) => {
    const merged = share(known, node);
    const soleUser = users.get(original.inputs[0]) === 1;
    const unchanged = settled[soleUser ? 1 : 0];
    const result = unchanged.has(merged) ? undefined : rewrite(merged, soleUser);
    if (!result) unchanged.add(merged);
    return result ? share(known, result) : merged;
  });
}

/** Counts the operands and outputs that each node serves. */
function countUsers({ outputs }: Step): Map<Node | undefined, number> {
  const roots = Object.values(outputs);
  const users = new Map<Node | undefined, number>();
  for (const used of [...roots, ...reachable(roots).flatMap((node) => node.inputs)])
    users.set(used, (users.get(used) ?? 0) + 1);
  return users;
}

/** Returns the first node that computes the same as this one. */
function share(known: Map<string, Node>, node: Node): Node {
  const key = keyOf(node);
  const same = known.get(key);
  if (same) return same;
  known.set(key, node);
  return node;
}

/** Nodes with equal keys have equal values. */
function keyOf(node: Node): string {
  const ids = node.inputs.map((input) => input.id);
  if (opOf(node).commutative) ids.sort((a, b) => a - b);
  return `${node.op}(${ids.join()}) ${node.dtype} [${node.shape.join()}] ${attributeKey(node)}`;
}

/** Constants above this size are not compared by value. */
const MAX_COMPARED = 64;

function attributeKey(node: Node): string {
  if (isOp(node, 'constant')) {
    const { values } = node.attributes;
    if (values.length > MAX_COMPARED) return `#${node.id}`;
    return Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join();
  }
  return Object.entries(node.attributes)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join();
}

/**
 * Replaces every node of the step, operands before users. A node whose operands have changed is rebuilt first; `original` is the
 * node before that.
 */
function mapNodes(step: Step, replace: (node: Node, original: Node) => Node): Step {
  const replaced = new Map<Node, Node>();
  for (const original of reachable(Object.values(step.outputs))) {
    const inputs = original.inputs.map((input) => replaced.get(input)!);
    const same = inputs.every((input, index) => input === original.inputs[index]);
    const node = same ? original : createNode(original.op, inputs, original.attributes, original, original.source);
    replaced.set(original, replace(node, original));
  }
  const outputs = Object.entries(step.outputs).map(([name, node]) => [name, replaced.get(node)!]);
  return { inputs: step.inputs, outputs: Object.fromEntries(outputs) };
}

/** Writes layerNorm(x) as x̂∘scale + bias where a gradient needs x̂ as well: one normalisation then serves both. */
function shareNormalizations(step: Step): Step {
  const key = (node: Node<Attributes['normalize']>) => `${node.inputs[0]!.id} ${node.attributes.epsilon}`;
  const nodes = reachable(Object.values(step.outputs));
  const wanted = new Set(nodes.flatMap((node) => (isOp(node, 'normalize') ? [key(node)] : [])));
  return mapNodes(step, (node, original) => {
    if (!isOp(node, 'layerNorm') || !isOp(original, 'layerNorm') || !wanted.has(key(original))) return node;
    const [x, scale, bias] = node.inputs;
    return add(mul(normalize(x!, node.attributes.epsilon), scale!), bias!);
  });
}
