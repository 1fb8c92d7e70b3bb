/**
 * A schedule is a plan as plain data, which can be sent to threads: what each worker computes in each stage, and in which arrays.
 * Arrays are numbered: first the slots of buffers, then the inputs of the step, then the values that segments compute. Which
 * memory an array is, each run decides (`run-executable.ts`).
 */
import { mapValues } from '../backend.ts';
import { type Node, type Shape, sizeOf, type TensorType } from '../ir.ts';
import { toOnnx } from '../onnx/to-onnx.ts';
import { assignSlots } from './buffer-slots.ts';
import { kernelModule } from './kernel.ts';
import type { ArrayType } from './memory.ts';
import type { Plan, Stage } from './plan.ts';
import type { BufferSlice, KernelOperand, PlannedBuffer, PlannedKernel } from './plan-buffers.ts';
import { type Segment, segmentOf } from './segment.ts';
import type { View } from './stages.ts';
import { LANE_BYTES } from './wasm.ts';

/** Numbers in one line of a processor's cache. */
const CACHE_LINE = 16;
/** Smallest share of a kernel's vectors, in numbers, for which another thread pays. */
const MIN_SHARE = 2048;

export interface Schedule {
  /** A shared array lies in the memory that kernels and other threads reach. */
  readonly arrays: readonly (ArrayType & { readonly isShared: boolean })[];
  /** Arrays below this number are slots of buffers, which kernels write. */
  readonly slots: number;
  readonly inputs: Readonly<Record<string, ArraySlice>>;
  readonly outputs: Readonly<Record<string, ScheduledOutput>>;
  /** The first worker is the calling thread. */
  readonly workers: readonly WorkerSchedule[];
}

/** A tensor that lies in array number `array`, from element `offset` on. */
export interface ArraySlice extends TensorType {
  readonly array: number;
  readonly offset: number;
}

/** Two names of one node share one object. */
export interface ScheduledOutput {
  readonly slice: ArraySlice;
  /** The array that holds this output and nothing else at the end of a run; a view of something else has none. */
  readonly ownArray: number | undefined;
}

export interface WorkerSchedule {
  readonly models: readonly Model[];
  /** WebAssembly modules of the kernels. */
  readonly modules: readonly Uint8Array<ArrayBuffer>[];
  readonly stages: readonly StageCalls[];
}

export interface Model {
  readonly onnx: Uint8Array;
  /** Number of threads inside one op. */
  readonly threads: number;
}

/** All workers wait for one another after the segment, and again after the kernels. */
export interface StageCalls {
  readonly segment: SegmentCall | undefined;
  readonly kernels: readonly KernelCall[];
}

export interface SegmentCall {
  readonly model: number;
  readonly sources: Readonly<Record<string, ArraySlice>>;
  readonly destinations: Readonly<Record<string, ArraySlice>>;
}

export interface KernelCall {
  readonly module: number;
  /** Vectors, scalars and results; vectors and results begin at the worker's share. */
  readonly slices: readonly ArraySlice[];
  readonly bytes: number;
}

/** Divides a plan between workers; `parallel/` implements it. */
export interface Division {
  readonly workers: number;
  /** Returns the share of each worker, or undefined when the segment does better undivided. `known` are the values of earlier stages. */
  divide(stage: Stage, plan: Plan, known: ReadonlySet<Node>): readonly StageShare[] | undefined;
}

export type StageShare = Pick<Stage, 'slices' | 'values'>;

export interface ScheduleOptions {
  /** Name of the graphs. */
  readonly name: string;
  /** Threads of all workers together. */
  readonly threads: number;
}

export function scheduleOf(plan: Plan, options: ScheduleOptions, division?: Division): Schedule {
  const layout = createLayout(plan);
  const count = division?.workers ?? 1;
  const workers = Array.from({ length: count }, () => createWorkerBuilder(options.name, layout, count > 1));
  const known = new Set<Node>();
  for (const stage of plan.stages) {
    const shares = division?.divide(stage, plan, known);
    for (const [index, worker] of workers.entries()) {
      // An undivided segment is the first worker's, which then uses the threads of all workers for each op.
      const share = shares ? shares[index] : index === 0 ? stage : undefined;
      const threads = shares ? Math.max(1, Math.floor(options.threads / count)) : options.threads;
      worker.stages.push({
        segment: worker.segmentCall(share && segmentOf(share, plan, known), threads),
        kernels: stage.kernels.flatMap((kernel) => worker.kernelCalls(kernel, shareOf(kernel.elements, index, count))),
      });
    }
    for (const value of stage.values) known.add(value);
  }
  const schedules = workers.map(({ models, modules, stages }) => ({ models, modules, stages }));
  const { slots, inputs, outputs } = layout;
  const shared = sharedArrays(slots, schedules);
  const arrays = layout.arrays.map((array, index) => ({ ...array, isShared: shared.has(index) }));
  return { arrays, slots, inputs, outputs, workers: schedules };
}

type Layout = ReturnType<typeof createLayout>;

/** Numbers the arrays of a plan, and finds the slices in which its tensors lie. */
function createLayout(plan: Plan) {
  const { step, stages, bufferOf, view } = plan;
  const { slotOf, elements } = assignSlots(plan);
  const nodes = [...Object.values(step.inputs), ...stages.flatMap((stage) => stage.values)];
  const numberOf = new Map(nodes.map((node, index) => [node, elements.length + index]));
  const arrays: readonly ArrayType[] = [
    ...elements.map((each) => ({ dtype: 'float32', elements: each }) as const),
    ...nodes.map(({ dtype, shape }) => ({ dtype, elements: sizeOf(shape) })),
  ];
  const arrayOf = (root: Node) => {
    const buffer = bufferOf.get(root);
    return buffer ? slotOf.get(buffer)! : numberOf.get(root)!;
  };
  const viewSlice = ({ root, ...where }: View): ArraySlice => ({ array: arrayOf(root), ...where });
  const nodeSlice = (node: Node): ArraySlice => {
    const { shape, dtype } = node;
    return viewSlice(view(node) ?? { root: node, offset: 0, shape, dtype });
  };
  const bufferSlice = (buffer: PlannedBuffer, offset = 0, shape: Shape = [buffer.elements]): ArraySlice => ({
    ...{ array: slotOf.get(buffer)!, offset },
    ...{ shape, dtype: 'float32' },
  });
  const outputOf = new Map(
    Object.values(step.outputs).map((node): [Node, ScheduledOutput] => {
      const isOwn = bufferOf.has(node) || !view(node);
      return [node, { slice: nodeSlice(node), ownArray: isOwn ? arrayOf(node) : undefined }];
    }),
  );
  return {
    ...{ arrays, slots: elements.length },
    inputs: mapValues(step.inputs, nodeSlice),
    outputs: mapValues(step.outputs, (node) => outputOf.get(node)!),
    operand: (each: KernelOperand) => ('root' in each ? viewSlice(each) : bufferSlice(each)),
    result: (buffer: PlannedBuffer) => bufferSlice(buffer),
    source: nodeSlice,
    destination: (to: BufferSlice | Node) =>
      'buffer' in to ? bufferSlice(to.buffer, to.offset, to.node.shape) : nodeSlice(to),
  };
}

/** Collects the calls of one worker. Equal graphs become one model, and equal kernels one module. */
function createWorkerBuilder(name: string, layout: Layout, sharesMemory: boolean) {
  const [models, modules]: [Model[], Uint8Array<ArrayBuffer>[]] = [[], []];
  const stages: StageCalls[] = [];
  const numbers = new Map<string, number>();
  const numberOf = <T>(list: T[], item: T, key: string) => {
    const number = numbers.get(key) ?? list.push(item) - 1;
    numbers.set(key, number);
    return number;
  };
  const segmentCall = (segment: Segment | undefined, threads: number): SegmentCall | undefined => {
    if (!segment) return undefined;
    const onnx = toOnnx(segment.step, { name, isSimplified: true });
    return {
      model: numberOf(models, { onnx, threads }, `${threads} ${Buffer.from(onnx).toString('latin1')}`),
      sources: mapValues(segment.sources, layout.source),
      destinations: mapValues(segment.destinations, layout.destination),
    };
  };
  const kernelCalls = (kernel: PlannedKernel, { first, count }: ReturnType<typeof shareOf>): readonly KernelCall[] => {
    if (count === 0) return [];
    const inShare = (slice: ArraySlice): ArraySlice => ({ ...slice, offset: slice.offset + first });
    const [vectors, scalars] = [kernel.vectors, kernel.scalars].map((operands) => operands.map(layout.operand));
    const slices = [...vectors!.map(inShare), ...scalars!, ...kernel.results.map(layout.result).map(inShare)];
    const module = kernelModule(kernel.spec, sharesMemory);
    return [{ module: numberOf(modules, module, module.join()), slices, bytes: count * LANE_BYTES }];
  };
  return { models, modules, stages, segmentCall, kernelCalls };
}

/** Returns which elements of a kernel's vectors one worker computes. Shares begin at a line of the processor's cache, if the vectors do. */
function shareOf(elements: number, worker: number, workers: number) {
  const shares = Math.max(1, Math.min(workers, Math.floor(elements / MIN_SHARE)));
  const each = Math.ceil(elements / shares / CACHE_LINE) * CACHE_LINE;
  const first = Math.min(elements, worker * each);
  return { first, count: Math.min(elements - first, each) };
}

/** Numbers of the arrays that kernels or other threads reach. Segments of the calling thread take the rest from anywhere. */
function sharedArrays(slots: number, [own, ...others]: readonly WorkerSchedule[]): ReadonlySet<number> {
  const inKernels = own!.stages.flatMap(({ kernels }) => kernels.flatMap((kernel) => kernel.slices));
  const inSegments = others.flatMap(({ stages }) =>
    stages.flatMap(({ segment }) =>
      segment ? [segment.sources, segment.destinations].flatMap(Object.values<ArraySlice>) : [],
    ),
  );
  return new Set([...Array(slots).keys(), ...[...inKernels, ...inSegments].map((slice) => slice.array)]);
}
