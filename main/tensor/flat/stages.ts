/**
 * Assigns the nodes of a step to stages. Stage n is a segment, which a graph runtime computes, and then kernels of our own.
 * Kernels take elementwise work on long vectors of which the rest of the step reads nothing but views; a segment takes the rest.
 * A kernel stands in the stage of the last operand that it needs. A segment computes as late as it can what later segments
 * need, so that updates unrolled into one step are alike and share a session.
 */
import { type DType, isOp, type Node, reachable, type Shape, sizeOf } from '../ir.ts';
import { stridesOf } from '../layout.ts';
import type { Step } from '../step.ts';
import { hasInstruction } from './kernel.ts';

/** Smallest vector, and smallest number of ops in one kernel, for which a kernel pays. */
const MIN_ELEMENTS = 4096;
const MIN_OPERATIONS = 3;

export interface StagedStep {
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlySet<Node>;
  readonly users: ReadonlyMap<Node, readonly Node[]>;
  readonly kernelNodes: ReadonlySet<Node>;
  readonly kernels: readonly KernelNodes[];
  /** The view that a node is of an input or of a kernel's result; undefined for a node that is none. */
  readonly view: (node: Node) => View | undefined;
  /** The stage in which a segment or a kernel computes a node. */
  readonly stageOf: ReadonlyMap<Node, number>;
}

/** A tensor that lies in the memory of `root`, from element `offset` on. It is neither computed nor copied. */
export interface View {
  /** An input or the result of a kernel. */
  readonly root: Node;
  readonly offset: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Nodes of one stage and one length: one kernel computes them in one loop. */
export interface KernelNodes {
  readonly stage: number;
  readonly elements: number;
  readonly nodes: readonly Node[];
}

export function assignStages({ outputs: named }: Step): StagedStep {
  const nodes = reachable(Object.values(named));
  const outputs = new Set(Object.values(named));
  const users = usersOf(nodes);
  const refused = new Set<Node>();
  for (;;) {
    const kernelNodes = findKernelNodes(nodes, users, refused);
    const view = (node: Node) => viewOf(node, (root) => kernelNodes.has(root) || isOp(root, 'input'));
    const stageOf = findStages(nodes, { outputs, users, kernelNodes });
    const kernels = groupKernels(nodes, kernelNodes, stageOf);
    const small = kernels.filter((kernel) => kernel.nodes.length < MIN_OPERATIONS);
    if (small.length === 0) return { nodes, outputs, users, kernelNodes, kernels, view, stageOf };
    for (const kernel of small) for (const node of kernel.nodes) refused.add(node);
  }
}

function usersOf(nodes: readonly Node[]): StagedStep['users'] {
  const users = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of new Set(node.inputs)) users.get(input)!.push(node);
  return users;
}

/** Finds the long vectors of which other nodes than kernels' read nothing but cuts. */
function findKernelNodes(
  nodes: readonly Node[],
  users: StagedStep['users'],
  refused: ReadonlySet<Node>,
): ReadonlySet<Node> {
  const found = new Set<Node>();
  const isOperand = (input: Node, length: number) => {
    const [size = 1] = input.shape;
    return input.shape.length <= 1 && (size === 1 || (size === length && !isOp(input, 'constant')));
  };
  for (const node of nodes.toReversed()) {
    const [length] = node.shape;
    if (refused.has(node) || !hasInstruction(node) || node.dtype !== 'float32') continue;
    if (node.shape.length !== 1 || length! < MIN_ELEMENTS) continue;
    if (!node.inputs.every((input) => isOperand(input, length!))) continue;
    if (users.get(node)!.every((user) => found.has(user) || isCut(user))) found.add(node);
  }
  return found;
}

/** Gives kernel nodes their earliest stage, other nodes the latest one that serves all their users, outputs the last stage. */
function findStages(
  nodes: readonly Node[],
  { outputs, users, kernelNodes }: Pick<StagedStep, 'outputs' | 'users' | 'kernelNodes'>,
): ReadonlyMap<Node, number> {
  const earliest = new Map<Node, number>();
  for (const node of nodes) {
    let stage = 0;
    // The result of a kernel is there at once for the same kernel, and one stage later for all other nodes.
    for (const input of node.inputs)
      stage = Math.max(stage, earliest.get(input)! + (kernelNodes.has(input) && !kernelNodes.has(node) ? 1 : 0));
    earliest.set(node, stage);
  }
  const last = largest(earliest.values());
  const stageOf = new Map<Node, number>();
  for (const node of nodes.toReversed()) {
    const wanted = users.get(node)!.map((user) => stageOf.get(user)!);
    if (outputs.has(node)) wanted.push(last);
    stageOf.set(node, kernelNodes.has(node) ? earliest.get(node)! : Math.min(...wanted));
  }
  return stageOf;
}

function groupKernels(
  nodes: readonly Node[],
  kernelNodes: ReadonlySet<Node>,
  stageOf: ReadonlyMap<Node, number>,
): readonly KernelNodes[] {
  const groups = new Map<string, KernelNodes & { readonly nodes: Node[] }>();
  for (const node of nodes) {
    if (!kernelNodes.has(node)) continue;
    const [stage, elements] = [stageOf.get(node)!, sizeOf(node.shape)];
    const key = `${stage} ${elements}`;
    const group = groups.get(key) ?? { stage, elements, nodes: [] };
    groups.set(key, group);
    group.nodes.push(node);
  }
  return [...groups.values()];
}

/** A node is a view when it is a root itself, or a cut of a view. */
function viewOf(node: Node, isRoot: (node: Node) => boolean): View | undefined {
  const { shape, dtype } = node;
  if (isRoot(node)) return { root: node, offset: 0, shape, dtype };
  if (!isCut(node)) return undefined;
  const inner = viewOf(node.inputs[0]!, isRoot);
  return inner && { root: inner.root, offset: inner.offset + startOf(node), shape, dtype };
}

/** True for a node whose elements lie side by side, and in order, in its operand. */
function isCut(node: Node): boolean {
  if (isOp(node, 'reshape')) return true;
  return isOp(node, 'slice') && node.inputs[0]!.shape.slice(0, node.attributes.axis).every((size) => size === 1);
}

/** Index of the first element of a cut in its operand. */
function startOf(node: Node): number {
  if (!isOp(node, 'slice')) return 0;
  return node.attributes.start * stridesOf(node.inputs[0]!.shape)[node.attributes.axis]!;
}

/** The largest of numbers from 0 on. */
export function largest(numbers: Iterable<number>): number {
  let most = 0;
  for (const number of numbers) most = Math.max(most, number);
  return most;
}
