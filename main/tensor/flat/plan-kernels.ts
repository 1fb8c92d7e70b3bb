/**
 * The kernels of a plan, what segments have to make for them, and how long each of their vectors has to be kept.
 * Moments: a turn's segment runs at 2·turn, its kernels at 2·turn + 1.
 */
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { KernelSpec } from './kernel.ts';
import type { Analysis } from './plan.ts';
import type { View } from './views.ts';

/** Memory for a vector, or for one number, that a kernel reads or writes. */
export interface Room {
  readonly elements: number;
  /** The first and the last moment it is needed; the last is infinite where it is a result. */
  from: number;
  to: number;
}

/** A tensor that a segment makes for a kernel, and where it is wanted. */
export interface Part {
  readonly node: Node;
  readonly room: Room;
  readonly offset: number;
}

export interface PlannedKernel {
  readonly turn: number;
  readonly elements: number;
  readonly spec: KernelSpec;
  /** Where the spec's vectors, scalars and results lie. */
  readonly vectors: readonly Place[];
  readonly scalars: readonly Place[];
  readonly results: readonly Room[];
}

/** A room as a whole, or a view of an input or of what another kernel has computed. */
export type Place = { readonly kind: 'room'; readonly room: Room } | { readonly kind: 'view'; readonly view: View };

export function planKernels(analysis: Analysis) {
  const groups = groupFlat(analysis);
  const roomOf = roomsOf(analysis, groups);
  const { gather, parts } = createGatherer(analysis);
  const placeOf = (operand: Node, moment: number): Place => {
    const room = roomOf.get(operand);
    if (room) return { kind: 'room', room };
    const view = analysis.view(operand);
    return view ? { kind: 'view', view } : { kind: 'room', room: gather(operand, moment) };
  };
  const kernels = groups.map(({ turn, elements, nodes }): PlannedKernel => {
    const operands = new Set(nodes.flatMap((node) => node.inputs).filter((node) => !nodes.includes(node)));
    const isScalar = (node: Node) => sizeOf(node.shape) === 1;
    const vectors = [...operands].filter((node) => !isScalar(node));
    const scalars = [...operands].filter((node) => isScalar(node) && !isOp(node, 'constant'));
    const results = nodes.filter((node) => roomOf.has(node));
    const moment = 2 * turn + 1;
    return {
      ...{ turn, elements },
      spec: { vectors, scalars, nodes, results },
      vectors: vectors.map((node) => placeOf(node, moment)),
      scalars: scalars.map((node) => placeOf(node, moment)),
      results: results.map((node) => roomOf.get(node)!),
    };
  });
  return { kernels, parts, roomOf };
}

interface Group {
  readonly turn: number;
  readonly elements: number;
  readonly nodes: Node[];
}

/** Nodes for kernels by turn and length: each group is one loop. */
export function groupFlat({ nodes, flat, turn: turns }: Pick<Analysis, 'nodes' | 'flat' | 'turn'>): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    if (!flat.has(node)) continue;
    const [turn, elements] = [turns.get(node)!, sizeOf(node.shape)];
    const key = `${turn} ${elements}`;
    const group = groups.get(key) ?? { turn, elements, nodes: [] };
    groups.set(key, group);
    group.nodes.push(node);
  }
  return [...groups.values()];
}

/** Rooms of what a kernel computes and somebody else reads, kept until the last of them has. */
function roomsOf(analysis: Analysis, groups: readonly Group[]): ReadonlyMap<Node, Room> {
  const { nodes, outputs, users, flat, turn: turns, view } = analysis;
  const roomOf = new Map<Node, Room>();
  for (const { nodes: members, turn, elements } of groups)
    for (const node of members) {
      const isRead = outputs.has(node) || users.get(node)!.some((user) => !members.includes(user));
      if (isRead) roomOf.set(node, { elements, from: 2 * turn + 1, to: 2 * turn + 1 });
    }
  for (const node of nodes) {
    const root = view(node)?.root;
    const room = root && roomOf.get(root);
    if (!room) continue;
    for (const user of users.get(node)!) room.to = Math.max(room.to, 2 * turns.get(user)! + (flat.has(user) ? 1 : 0));
    if (outputs.has(node)) room.to = Number.POSITIVE_INFINITY;
  }
  return roomOf;
}

/** Rooms into which segments write what kernels read. */
function createGatherer({ turn, view }: Analysis) {
  const parts: Part[] = [];
  const rooms = new Map<Node, Room>();
  const fill = (leaf: Node): Room => {
    const room: Room = { elements: sizeOf(leaf.shape), from: Number.POSITIVE_INFINITY, to: 0 };
    let offset = 0;
    for (const node of partsOf(leaf, (part) => view(part) !== undefined)) {
      parts.push({ node, room, offset });
      room.from = Math.min(room.from, 2 * turn.get(node)!);
      offset += sizeOf(node.shape);
    }
    rooms.set(leaf, room);
    return room;
  };
  return {
    parts,
    /** The room of `leaf`, kept until `moment`. */
    gather: (leaf: Node, moment: number): Room => {
      const room = rooms.get(leaf) ?? fill(leaf);
      room.to = Math.max(room.to, moment);
      return room;
    },
  };
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
