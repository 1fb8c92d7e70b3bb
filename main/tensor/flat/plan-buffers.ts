/**
 * Plans the kernels of a step, the buffers that they read and write, and the slices of buffers that segments fill for them.
 * Live ranges are in half stages: the segment of stage n runs at time 2n, its kernels at time 2n + 1.
 */
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { KernelSpec } from './kernel.ts';
import type { KernelNodes, StagedStep, View } from './stages.ts';

/** Memory for a vector, or for one number, that a kernel reads or writes. Outputs live until `Infinity`. */
export interface PlannedBuffer {
  readonly elements: number;
  liveFrom: number;
  liveUntil: number;
}

/** A tensor that a segment computes for a kernel, and the first element of the buffer to which it is written. */
export interface BufferSlice {
  readonly node: Node;
  readonly buffer: PlannedBuffer;
  readonly offset: number;
}

export interface PlannedKernel {
  readonly stage: number;
  readonly elements: number;
  readonly spec: KernelSpec;
  /** Memory of the vectors, scalars and results of the spec. */
  readonly vectors: readonly KernelOperand[];
  readonly scalars: readonly KernelOperand[];
  readonly results: readonly PlannedBuffer[];
}

/** A whole buffer, or a view of an input or of the result of another kernel. */
export type KernelOperand = PlannedBuffer | View;

export interface PlannedBuffers {
  readonly kernels: readonly PlannedKernel[];
  readonly slices: readonly BufferSlice[];
  /** Buffers of the kernel nodes that are read outside of their kernel. */
  readonly bufferOf: ReadonlyMap<Node, PlannedBuffer>;
}

export function planBuffers(staged: StagedStep): PlannedBuffers {
  const bufferOf = resultBuffers(staged);
  const { fill, slices } = createSegmentBuffers(staged);
  const operandAt = (node: Node, time: number): KernelOperand =>
    bufferOf.get(node) ?? staged.view(node) ?? fill(node, time);
  const kernels = staged.kernels.map(({ stage, elements, nodes }): PlannedKernel => {
    const operands = new Set(nodes.flatMap((node) => node.inputs).filter((node) => !nodes.includes(node)));
    const isScalar = (node: Node) => sizeOf(node.shape) === 1;
    const vectors = [...operands].filter((node) => !isScalar(node));
    const scalars = [...operands].filter((node) => isScalar(node) && !isOp(node, 'constant'));
    const results = nodes.filter((node) => bufferOf.has(node));
    const time = 2 * stage + 1;
    return {
      stage,
      elements,
      spec: { vectors, scalars, nodes, results },
      vectors: vectors.map((node) => operandAt(node, time)),
      scalars: scalars.map((node) => operandAt(node, time)),
      results: results.map((node) => bufferOf.get(node)!),
    };
  });
  return { kernels, slices, bufferOf };
}

/** Makes buffers for what a kernel computes and other nodes read. They live until their last reader has run. */
function resultBuffers(staged: StagedStep): ReadonlyMap<Node, PlannedBuffer> {
  const { nodes, outputs, users, kernelNodes, kernels, stageOf, view } = staged;
  const bufferOf = new Map<Node, PlannedBuffer>();
  const isReadOutside = (node: Node, { nodes: members }: KernelNodes) =>
    outputs.has(node) || users.get(node)!.some((user) => !members.includes(user));
  for (const kernel of kernels)
    for (const node of kernel.nodes) {
      const time = 2 * kernel.stage + 1;
      if (isReadOutside(node, kernel))
        bufferOf.set(node, { elements: kernel.elements, liveFrom: time, liveUntil: time });
    }
  for (const node of nodes) {
    const root = view(node)?.root;
    const buffer = root && bufferOf.get(root);
    if (!buffer) continue;
    for (const user of users.get(node)!)
      buffer.liveUntil = Math.max(buffer.liveUntil, 2 * stageOf.get(user)! + (kernelNodes.has(user) ? 1 : 0));
    if (outputs.has(node)) buffer.liveUntil = Number.POSITIVE_INFINITY;
  }
  return bufferOf;
}

/** Buffers that segments fill and kernels read. */
function createSegmentBuffers({ stageOf, view }: StagedStep) {
  const slices: BufferSlice[] = [];
  const buffers = new Map<Node, PlannedBuffer>();
  const create = (vector: Node): PlannedBuffer => {
    const buffer = { elements: sizeOf(vector.shape), liveFrom: Number.POSITIVE_INFINITY, liveUntil: 0 };
    let offset = 0;
    for (const node of concatenated(vector, (part) => view(part) !== undefined)) {
      slices.push({ node, buffer, offset });
      buffer.liveFrom = Math.min(buffer.liveFrom, 2 * stageOf.get(node)!);
      offset += sizeOf(node.shape);
    }
    buffers.set(vector, buffer);
    return buffer;
  };
  return {
    slices,
    /** Returns the buffer into which segments write `vector`, and keeps it alive until `time`. */
    fill: (vector: Node, time: number): PlannedBuffer => {
      const buffer = buffers.get(vector) ?? create(vector);
      buffer.liveUntil = Math.max(buffer.liveUntil, time);
      return buffer;
    },
  };
}

/**
 * Returns the tensors of which a vector is concatenated, in order: each is written to its slice, so no graph concatenates them.
 * Returns the vector itself when one of them is not computed by a segment.
 */
function concatenated(vector: Node, isView: (node: Node) => boolean): readonly Node[] {
  const found = flattened(vector);
  return found.some((part) => isView(part) || isOp(part, 'constant')) ? [vector] : found;
}

function flattened(node: Node): readonly Node[] {
  if (isOp(node, 'reshape')) return flattened(node.inputs[0]!);
  return isOp(node, 'concat') && node.shape.slice(0, node.attributes.axis).every((size) => size === 1)
    ? node.inputs.flatMap(flattened)
    : [node];
}
