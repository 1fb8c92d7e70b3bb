/** The kernels of a plan, what segments have to make for them, and how long each of their vectors has to be kept. */
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { KernelSpec } from './kernel.ts';
import type { Analysis } from './plan.ts';
import type { View } from './views.ts';

/** Memory for a vector, or for one number, that a kernel reads or writes. */
export interface Buffer {
  readonly elements: number;
  /** First and last moment: a turn's segment runs at 2·turn, its kernels at 2·turn + 1; to the end, where it is a result. */
  from: number;
  to: number;
}

/** A tensor that a segment makes for a kernel, and where it is wanted. */
export interface Part {
  readonly node: Node;
  readonly buffer: Buffer;
  readonly offset: number;
}

export interface PlannedKernel {
  readonly turn: number;
  readonly elements: number;
  readonly spec: KernelSpec;
  /** Where the spec's vectors, scalars and results lie. */
  readonly vectors: readonly Place[];
  readonly scalars: readonly Place[];
  readonly results: readonly Buffer[];
}

/** A buffer as a whole, or a view of an input or of what another kernel has computed. */
export type Place =
  | { readonly kind: 'buffer'; readonly buffer: Buffer }
  | { readonly kind: 'view'; readonly view: View };

export function planKernels(analysis: Analysis) {
  const { nodes, flat, users, outputs, earliest, turn, view } = analysis;
  const groups = groupFlat(analysis);
  const bufferOf = new Map<Node, Buffer>();
  for (const { nodes: members, turn: at, elements } of groups)
    for (const node of members) {
      const isRead = outputs.has(node) || users.get(node)!.some((user) => !members.includes(user));
      if (isRead) bufferOf.set(node, { elements, from: 2 * at + 1, to: 2 * at + 1 });
    }
  const parts: Part[] = [];
  const made = new Map<Node, Buffer>();
  /** The buffer into which segments write `leaf`, kept until `moment`. */
  const gather = (leaf: Node, moment: number): Place => {
    let buffer = made.get(leaf);
    if (!buffer) {
      buffer = { elements: sizeOf(leaf.shape), from: Number.POSITIVE_INFINITY, to: moment };
      made.set(leaf, buffer);
      let offset = 0;
      for (const node of partsOf(leaf, (part) => view(part) !== undefined)) {
        parts.push({ node, buffer, offset });
        buffer.from = Math.min(buffer.from, 2 * turn.get(node)!);
        offset += sizeOf(node.shape);
      }
    }
    buffer.to = Math.max(buffer.to, moment);
    return { kind: 'buffer', buffer };
  };
  const placeOf = (operand: Node, moment: number): Place => {
    const buffer = bufferOf.get(operand);
    if (buffer) return { kind: 'buffer', buffer };
    const seen = view(operand);
    return seen ? { kind: 'view', view: seen } : gather(operand, moment);
  };

  const kernels = groups.map((group): PlannedKernel => {
    const operands = new Set(group.nodes.flatMap((node) => node.inputs).filter((node) => !group.nodes.includes(node)));
    const isScalar = (node: Node) => sizeOf(node.shape) === 1;
    const vectors = [...operands].filter((node) => !isScalar(node));
    const scalars = [...operands].filter((node) => isScalar(node) && !isOp(node, 'constant'));
    const results = group.nodes.filter((node) => bufferOf.has(node));
    const moment = 2 * group.turn + 1;
    return {
      turn: group.turn,
      elements: group.elements,
      spec: { vectors, scalars, nodes: group.nodes, results },
      vectors: vectors.map((node) => placeOf(node, moment)),
      scalars: scalars.map((node) => placeOf(node, moment)),
      results: results.map((node) => bufferOf.get(node)!),
    };
  });

  for (const node of nodes) {
    const last = outputs.has(node) ? Number.POSITIVE_INFINITY : 0;
    const read = [
      last,
      ...users.get(node)!.map((user) => (flat.has(user) ? 2 * earliest.get(user)! + 1 : 2 * turn.get(user)!)),
    ];
    const root = view(node)?.root;
    const buffer = root && bufferOf.get(root);
    if (buffer) buffer.to = Math.max(buffer.to, ...read);
  }
  return { kernels, parts, bufferOf };
}

interface Group {
  readonly turn: number;
  readonly elements: number;
  readonly nodes: Node[];
}

/** Nodes for kernels by turn and length: each group is one loop. */
function groupFlat({ nodes, flat, earliest }: Analysis): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    if (!flat.has(node)) continue;
    const [turn, elements] = [earliest.get(node)!, sizeOf(node.shape)];
    const key = `${turn} ${elements}`;
    const group = groups.get(key) ?? { turn, elements, nodes: [] };
    groups.set(key, group);
    group.nodes.push(node);
  }
  return [...groups.values()];
}

/** What a vector is put together from, in order: nobody need put it together. The vector itself where a part is not computed. */
function partsOf(vector: Node, isView: (node: Node) => boolean): readonly Node[] {
  const found = pieces(vector);
  return found.some((part) => isView(part) || isOp(part, 'constant')) ? [vector] : found;
}

function pieces(node: Node): readonly Node[] {
  if (isOp(node, 'reshape')) return pieces(node.inputs[0]!);
  return isOp(node, 'concat') && node.shape.slice(0, node.attributes.axis).every((size) => size === 1)
    ? node.inputs.flatMap(pieces)
    : [node];
}
