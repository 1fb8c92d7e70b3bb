/** Builds the graph of a segment as a step of its own. Its names do not depend on the stage, so equal segments share a session. */
import { createNode, isOp, type Node } from '../ir.ts';
import { input } from '../ops/source.ts';
import { defineStep, type Step } from '../step.ts';
import type { Plan, Stage } from './plan.ts';
import type { BufferSlice } from './plan-buffers.ts';

export interface Segment {
  readonly step: Step;
  /** Input of the step → a view, or a value that an earlier segment has computed. */
  readonly sources: Readonly<Record<string, Node>>;
  /** Output of the step → the slice of a buffer to which it is written, or the value that it is. */
  readonly destinations: Readonly<Record<string, BufferSlice | Node>>;
}

/** `known` are the values of earlier segments. Returns undefined for a stage that has kernels only. */
export function segmentOf(
  { slices, values }: Pick<Stage, 'slices' | 'values'>,
  { view }: Plan,
  known: ReadonlySet<Node>,
): Segment | undefined {
  const wanted = [
    ...slices.map((slice) => ({ node: slice.node, to: slice })),
    ...values.map((node) => ({ node, to: node })),
  ];
  if (wanted.length === 0) return undefined;
  const isGiven = (node: Node) => known.has(node) || view(node) !== undefined;
  const sources: Record<string, Node> = {};
  const built = new Map<Node, Node>();
  const roots = wanted.map(({ node }) => node);
  for (const node of neededFor(roots, isGiven)) {
    if (!isGiven(node)) {
      built.set(node, rebuilt(node, built));
      continue;
    }
    const name = `x${Object.keys(sources).length}`;
    sources[name] = node;
    built.set(node, input(name, node.shape, node.dtype));
  }
  const outputs = Object.fromEntries(wanted.map(({ node }, index) => [`y${index}`, built.get(node)!]));
  const destinations = Object.fromEntries(wanted.map(({ to }, index) => [`y${index}`, to]));
  return { step: defineStep(outputs), sources, destinations };
}

function rebuilt(node: Node, built: ReadonlyMap<Node, Node>): Node {
  if (isOp(node, 'constant')) return node;
  const inputs = node.inputs.map((operand) => built.get(operand)!);
  return createNode(node.op, inputs, node.attributes, node, node.source);
}

/** Returns the nodes on which the roots depend, operands first. The operands of a given node are left out. */
function neededFor(roots: readonly Node[], isGiven: (node: Node) => boolean): readonly Node[] {
  const found = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    if (!isGiven(node)) pending.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
