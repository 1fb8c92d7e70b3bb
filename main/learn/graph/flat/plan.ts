/**
 * Divides a step between a graph runtime and kernels of our own. What is elementwise on long vectors, and of which the rest of
 * the step sees nothing but parts (an optimiser's update, a running average), is left to `kernel.ts`; the rest becomes segments,
 * graphs that run in turn with the kernels between them: gradients, kernels, gradients at the new parameters, and so on. Weights
 * reach a segment as views of the vector they lie in; gradients are written where the kernel reads them.
 *
 * Turns: segment 0, kernels 0, segment 1, kernels 1, … A kernel's turn is that of what it needs last; a segment computes as late
 * as it can what later ones need, so that updates unrolled into one step are alike and share a session.
 */
import { isOp, type Node, reachable } from '../ir.ts';
import { simplify } from '../simplify.ts';
import type { Step } from '../step.ts';
import { hasInstruction } from './kernel.ts';
import { type Buffer, type Part, type PlannedKernel, planKernels } from './plan-kernels.ts';
import { isCut, type View, viewOf } from './views.ts';

/** Shorter vectors are not worth a turn of their own. */
const MIN_ELEMENTS = 4096;

export interface Turn {
  /** What the segment makes for kernels. */
  readonly parts: readonly Part[];
  /** What it makes for later segments, and as results. */
  readonly values: readonly Node[];
  readonly kernels: readonly PlannedKernel[];
}

export interface Plan {
  /** Simplified. */
  readonly step: Step;
  readonly turns: readonly Turn[];
  /** Of nodes for kernels that are read outside of theirs. */
  readonly bufferOf: ReadonlyMap<Node, Buffer>;
  /** Views of inputs and of what kernels compute. */
  readonly view: (node: Node) => View | undefined;
}

export type Users = ReadonlyMap<Node, readonly Node[]>;

/** What is known of a step's nodes. */
export interface Analysis {
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlySet<Node>;
  readonly users: Users;
  /** Nodes for kernels. */
  readonly flat: ReadonlySet<Node>;
  readonly view: (node: Node) => View | undefined;
  /** The first turn in which a node can be had; of nodes for kernels, the turn of the kernel. */
  readonly earliest: ReadonlyMap<Node, number>;
  /** The turn in which a segment computes a node. */
  readonly turn: ReadonlyMap<Node, number>;
}

/** The plan for `step`, or undefined where nothing in it is worth a kernel. */
export function planStep(given: Step): Plan | undefined {
  const step = simplify(given);
  const analysis = analyse(step);
  const { nodes, outputs, users, flat, view, earliest, turn } = analysis;
  if (flat.size === 0) return undefined;
  const { kernels, parts, bufferOf } = planKernels(analysis);
  const isKept = (node: Node) =>
    !isOp(node, 'constant') && users.get(node)!.some((user) => !view(user) && turn.get(user)! > turn.get(node)!);
  const values = nodes.filter((node) => !view(node) && (outputs.has(node) || isKept(node)));
  const turns = Array.from({ length: 1 + Math.max(...earliest.values()) }, (_, index) => ({
    parts: parts.filter(({ node }) => turn.get(node) === index),
    values: values.filter((node) => turn.get(node) === index),
    kernels: kernels.filter((kernel) => kernel.turn === index),
  }));
  return { step, turns, bufferOf, view };
}

function analyse({ outputs: named }: Step): Analysis {
  const nodes = reachable(Object.values(named));
  const outputs = new Set(Object.values(named));
  const users = usersOf(nodes);
  const flat = flatNodes(nodes, users);
  const isRoot = (node: Node) => flat.has(node) || isOp(node, 'input');
  const view = (node: Node) => viewOf(node, isRoot);
  const earliest = earliestTurns(nodes, flat);
  return { nodes, outputs, users, flat, view, earliest, turn: latestTurns({ nodes, outputs, users, flat, earliest }) };
}

function usersOf(nodes: readonly Node[]): Users {
  const users = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of new Set(node.inputs)) users.get(input)!.push(node);
  return users;
}

/** Long vectors of which nobody but kernels sees more than views. */
function flatNodes(nodes: readonly Node[], users: Users): ReadonlySet<Node> {
  const flat = new Set<Node>();
  const isOperand = (input: Node, length: number) => {
    const [size = 1] = input.shape;
    return input.shape.length <= 1 && (size === 1 || (size === length && !isOp(input, 'constant')));
  };
  for (const node of nodes.toReversed()) {
    const [length] = node.shape;
    if (!hasInstruction(node.op) || node.dtype !== 'float32') continue;
    if (node.shape.length !== 1 || length! < MIN_ELEMENTS) continue;
    if (!node.inputs.every((input) => isOperand(input, length!))) continue;
    if (users.get(node)!.every((user) => flat.has(user) || isCut(user))) flat.add(node);
  }
  return flat;
}

function earliestTurns(nodes: readonly Node[], flat: Analysis['flat']): ReadonlyMap<Node, number> {
  const earliest = new Map<Node, number>();
  for (const node of nodes) {
    const turns = node.inputs.map((input) => {
      // A kernel's result is there for the same kernel at once, for everybody else a turn later; its views are not computed.
      const isLater = flat.has(input) && !flat.has(node);
      return earliest.get(input)! + (isLater ? 1 : 0);
    });
    earliest.set(node, Math.max(0, ...turns));
  }
  return earliest;
}

function latestTurns({
  nodes,
  outputs,
  users,
  flat,
  earliest,
}: Omit<Analysis, 'turn' | 'view'>): ReadonlyMap<Node, number> {
  const latest = new Map<Node, number>();
  const last = Math.max(...earliest.values());
  for (const node of nodes.toReversed()) {
    const wanted = users.get(node)!.map((user) => (flat.has(user) ? earliest : latest).get(user)!);
    if (outputs.has(node)) wanted.push(last);
    latest.set(node, Math.min(...wanted));
  }
  return latest;
}
