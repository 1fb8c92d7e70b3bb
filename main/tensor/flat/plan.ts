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
import { simplify } from '../rewrite/simplify.ts';
import type { Step } from '../step.ts';
import { hasInstruction } from './kernel.ts';
import { groupFlat, type Part, type PlannedKernel, planKernels, type Room } from './plan-kernels.ts';
import { isCut, type View, viewOf } from './views.ts';

/** Shorter vectors, and fewer operations on one, are not worth a turn of their own. */
const MIN_ELEMENTS = 4096;
const MIN_OPERATIONS = 3;

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
  readonly roomOf: ReadonlyMap<Node, Room>;
  /** Views of inputs and of what kernels compute. */
  readonly view: (node: Node) => View | undefined;
}

/** What is known of a step's nodes. */
export interface Analysis {
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlySet<Node>;
  readonly users: ReadonlyMap<Node, readonly Node[]>;
  /** Nodes for kernels. */
  readonly flat: ReadonlySet<Node>;
  readonly view: (node: Node) => View | undefined;
  /** The turn whose kernels, or whose segment, compute a node. */
  readonly turn: ReadonlyMap<Node, number>;
}

/** The plan for `step`, or undefined where nothing in it is worth a kernel, or nothing is left beside kernels. */
export function planStep(given: Step): Plan | undefined {
  const step = simplify(given);
  const analysis = analyse(step);
  const { nodes, outputs, users, flat, view, turn } = analysis;
  if (flat.size === 0) return undefined;
  const { kernels, parts, roomOf } = planKernels(analysis);
  const isKept = (node: Node) =>
    !isOp(node, 'constant') && users.get(node)!.some((user) => !view(user) && turn.get(user)! > turn.get(node)!);
  const values = nodes.filter((node) => !view(node) && (outputs.has(node) || isKept(node)));
  if (parts.length + values.length === 0) return undefined;
  const turns = Array.from({ length: 1 + largest(turn) }, (_, index) => ({
    parts: parts.filter(({ node }) => turn.get(node) === index),
    values: values.filter((node) => turn.get(node) === index),
    kernels: kernels.filter((kernel) => kernel.turn === index),
  }));
  return { step, turns, roomOf, view };
}

function analyse({ outputs: named }: Step): Analysis {
  const nodes = reachable(Object.values(named));
  const outputs = new Set(Object.values(named));
  const users = usersOf(nodes);
  const refused = new Set<Node>();
  for (;;) {
    const flat = flatNodes(nodes, users, refused);
    const view = (node: Node) => viewOf(node, (root) => flat.has(root) || isOp(root, 'input'));
    const turn = turnsOf(nodes, { outputs, users, flat });
    const small = groupFlat({ nodes, flat, turn }).filter((group) => group.nodes.length < MIN_OPERATIONS);
    if (small.length === 0) return { nodes, outputs, users, flat, view, turn };
    for (const group of small) for (const node of group.nodes) refused.add(node);
  }
}

function usersOf(nodes: readonly Node[]): Analysis['users'] {
  const users = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of new Set(node.inputs)) users.get(input)!.push(node);
  return users;
}

/** Long vectors of which nobody but kernels sees more than views. */
function flatNodes(nodes: readonly Node[], users: Analysis['users'], refused: ReadonlySet<Node>): ReadonlySet<Node> {
  const flat = new Set<Node>();
  const isOperand = (input: Node, length: number) => {
    const [size = 1] = input.shape;
    return input.shape.length <= 1 && (size === 1 || (size === length && !isOp(input, 'constant')));
  };
  for (const node of nodes.toReversed()) {
    const [length] = node.shape;
    if (refused.has(node) || !hasInstruction(node) || node.dtype !== 'float32') continue;
    if (node.shape.length !== 1 || length! < MIN_ELEMENTS) continue;
    if (!node.inputs.every((input) => isOperand(input, length!))) continue;
    if (users.get(node)!.every((user) => flat.has(user) || isCut(user))) flat.add(node);
  }
  return flat;
}

/** Nodes for kernels as early as they can be had, the others as late as they serve all their users; results in the last turn. */
function turnsOf(
  nodes: readonly Node[],
  { outputs, users, flat }: Pick<Analysis, 'outputs' | 'users' | 'flat'>,
): ReadonlyMap<Node, number> {
  const earliest = new Map<Node, number>();
  for (const node of nodes) {
    let turn = 0;
    // A kernel's result is there for the same kernel at once, for everybody else a turn later.
    for (const input of node.inputs)
      turn = Math.max(turn, earliest.get(input)! + (flat.has(input) && !flat.has(node) ? 1 : 0));
    earliest.set(node, turn);
  }
  const last = largest(earliest);
  const turns = new Map<Node, number>();
  for (const node of nodes.toReversed()) {
    const wanted = users.get(node)!.map((user) => turns.get(user)!);
    if (outputs.has(node)) wanted.push(last);
    turns.set(node, flat.has(node) ? earliest.get(node)! : Math.min(...wanted));
  }
  return turns;
}

const largest = (turns: ReadonlyMap<Node, number>) => {
  let most = 0;
  for (const turn of turns.values()) most = Math.max(most, turn);
  return most;
};
