/** One segment of a plan as a step of its own, under names that do not depend on where in the plan it stands. */
import { createNode, isOp, type Node } from '../ir.ts';
import { input } from '../ops/source.ts';
import { defineStep, type Step } from '../step.ts';
import type { Plan, Turn } from './plan.ts';
import type { Part } from './plan-kernels.ts';
import type { View } from './views.ts';

/** Where an input's values are: in an input of the whole step or a kernel's result, or among the values of an earlier segment. */
export type Source = { readonly kind: 'view'; readonly view: View } | { readonly kind: 'value'; readonly node: Node };

/** Where a result goes. */
export type Destination =
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'value'; readonly node: Node };

export interface SegmentStep {
  readonly step: Step;
  readonly sources: Readonly<Record<string, Source>>;
  readonly destinations: Readonly<Record<string, Destination>>;
}

/** `known`: values of earlier segments. Undefined where the turn has kernels only. */
export function segmentStep(
  { parts, values }: Turn,
  { view }: Plan,
  known: ReadonlySet<Node>,
): SegmentStep | undefined {
  const wanted: Destination[] = [
    ...parts.map((part) => ({ kind: 'part', part }) as const),
    ...values.map((node) => ({ kind: 'value', node }) as const),
  ];
  if (wanted.length === 0) return undefined;
  const nodeOf = (destination: Destination) => (destination.kind === 'part' ? destination.part.node : destination.node);
  const sources: Record<string, Source> = {};
  const built = new Map<Node, Node>();
  for (const node of needed(wanted.map(nodeOf), (each) => known.has(each) || view(each) !== undefined)) {
    const seen = view(node);
    const source: Source | undefined = seen
      ? { kind: 'view', view: seen }
      : known.has(node)
        ? { kind: 'value', node }
        : undefined;
    if (!source) {
      built.set(node, rebuilt(node, built));
      continue;
    }
    const name = `x${Object.keys(sources).length}`;
    sources[name] = source;
    built.set(node, input(name, node.shape, node.dtype));
  }
  const destinations = Object.fromEntries(wanted.map((destination, index) => [`y${index}`, destination]));
  const outputs = wanted.map((destination, index) => [`y${index}`, built.get(nodeOf(destination))!] as const);
  return { step: defineStep(Object.fromEntries(outputs)), sources, destinations };
}

function rebuilt(node: Node, built: ReadonlyMap<Node, Node>): Node {
  if (isOp(node, 'constant')) return node;
  const inputs = node.inputs.map((operand) => built.get(operand)!);
  return createNode(node.op, inputs, node.attributes, node, node.source);
}

/** What the roots depend on, operands first; what is given is not looked into. */
function needed(roots: readonly Node[], isGiven: (node: Node) => boolean): readonly Node[] {
  const found = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    if (!isGiven(node)) pending.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
