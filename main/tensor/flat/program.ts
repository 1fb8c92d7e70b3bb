/**
 * A plan as plain data, which threads can be sent: what each lane does, in turns. Numbers lie in arrays that are counted: first the
 * slots of kernels, then inputs, then what segments keep for later ones; which memory each is, a run says (`evaluate-plan.ts`).
 */
import { type DType, type Node, type Shape, sizeOf } from '../ir.ts';
import { toOnnx } from '../onnx/to-onnx.ts';
import type { Step } from '../step.ts';
import { mapValues } from './arrays.ts';
import { kernelModule } from './kernel.ts';
import { divideTurn } from './lanes.ts';
import type { Slots } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Place, PlannedKernel, Room } from './plan-kernels.ts';
import { type Destination, type Source, segmentStep } from './segment.ts';
import type { View } from './views.ts';
import { LANE_BYTES } from './wasm.ts';

/** Numbers in a line of a processor's cache. */
const CACHE_LINE = 16;
/** Of a kernel's vectors, in numbers: fewer are not worth another thread's while. */
const SMALLEST_SHARE = 2048;

/** A tensor: array number `array`, from element `offset` on. */
export interface Span {
  readonly array: number;
  readonly offset: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface Program {
  /** Type and length of every array. */
  readonly arrays: readonly { readonly dtype: DType; readonly elements: number }[];
  readonly lanes: readonly LaneProgram[];
}

/** What one thread does. */
export interface LaneProgram {
  readonly models: readonly Model[];
  /** WebAssembly. */
  readonly modules: readonly Uint8Array<ArrayBuffer>[];
  readonly turns: readonly LaneTurn[];
}

export interface Model {
  readonly onnx: Uint8Array;
  /** Threads inside one operation. */
  readonly threads: number;
}

export interface LaneTurn {
  readonly segment: SegmentCall | undefined;
  readonly kernels: readonly KernelCall[];
}

export interface SegmentCall {
  readonly model: number;
  readonly sources: Readonly<Record<string, Span>>;
  readonly destinations: Readonly<Record<string, Span>>;
}

export interface KernelCall {
  readonly module: number;
  /** Vectors, scalars and results; of the first and the last the lane's share begins there. */
  readonly spans: readonly Span[];
  readonly bytes: number;
}

/** Which array each input, and each value that a segment keeps, is. */
export type Numbering = ReadonlyMap<Node, number>;

export function numberArrays({ turns }: Plan, { inputs }: Step, { elements }: Slots): Numbering {
  const nodes = [...Object.values(inputs), ...turns.flatMap((turn) => turn.values)];
  return new Map(nodes.map((node, index) => [node, elements.length + index]));
}

/** Where a view, or a node as a whole, is found. */
export type Locate = (place: View | Node) => Span;

export function createLocate({ view, roomOf }: Plan, { slotOf }: Slots, numbering: Numbering): Locate {
  return (place) => {
    const { root, offset } = 'root' in place ? place : (view(place) ?? { root: place, offset: 0 });
    const room = roomOf.get(root);
    const array = room ? slotOf.get(room)! : numbering.get(root)!;
    return { array, offset, shape: place.shape, dtype: place.dtype };
  };
}

export interface ProgramOptions {
  /** Of the graphs. */
  readonly name: string;
  /** Of all lanes together: where only one is at work, inside its operations. */
  readonly threads: number;
  /** As many threads run it. */
  readonly lanes: number;
}

export function programOf(plan: Plan, slots: Slots, numbering: Numbering, options: ProgramOptions): Program {
  const { name, threads, lanes } = options;
  const builders = Array.from({ length: lanes }, () => createLaneBuilder(lanes > 1));
  const find = createFind(plan, slots, numbering);
  const known = new Set<Node>();
  for (const turn of plan.turns) {
    const shares = divideTurn(turn, plan, known, lanes);
    for (const [lane, { turns, model, module }] of builders.entries()) {
      // Undivided, it is the first lane's, which has the other lanes' processors for its operations.
      const share = shares ? shares[lane] : lane === 0 ? turn : undefined;
      const segment = share && segmentStep(share, plan, known);
      turns.push({
        segment: segment && {
          model: model({
            onnx: toOnnx(segment.step, { name, isSimplified: true }),
            threads: shares ? Math.max(1, Math.floor(threads / lanes)) : threads,
          }),
          sources: mapValues(segment.sources, find.source),
          destinations: mapValues(segment.destinations, find.destination),
        },
        kernels: turn.kernels.flatMap((kernel) => {
          const { first, count } = shareOf(kernel.elements, lane, lanes);
          if (count === 0) return [];
          const shifted = (span: Span): Span => ({ ...span, offset: span.offset + first });
          const [vectors, scalars] = [kernel.vectors.map(find.place).map(shifted), kernel.scalars.map(find.place)];
          const spans = [...vectors, ...scalars, ...kernel.results.map(find.room).map(shifted)];
          return [{ module: module(kernel), spans, bytes: count * LANE_BYTES }];
        }),
      });
    }
    for (const value of turn.values) known.add(value);
  }
  const arrays = [
    ...slots.elements.map((elements) => ({ dtype: 'float32', elements }) as const),
    ...[...numbering.keys()].map(({ dtype, shape }) => ({ dtype, elements: sizeOf(shape) })),
  ];
  return { arrays, lanes: builders.map(({ models, modules, turns }) => ({ models, modules, turns })) };
}

/** Where what a plan speaks of is found. */
function createFind(plan: Plan, slots: Slots, numbering: Numbering) {
  const locate = createLocate(plan, slots, numbering);
  const room = (each: Room): Span => ({
    ...{ array: slots.slotOf.get(each)!, offset: 0 },
    ...{ shape: [each.elements], dtype: 'float32' },
  });
  return {
    room,
    place: (each: Place): Span => (each.kind === 'room' ? room(each.room) : locate(each.view)),
    source: (each: Source): Span => locate(each.kind === 'view' ? each.view : each.node),
    destination: (each: Destination): Span =>
      each.kind === 'value'
        ? locate(each.node)
        : { ...room(each.part.room), offset: each.part.offset, shape: each.part.node.shape },
  };
}

/** Which elements of a kernel's vectors are a lane's: they begin where a line of a processor's cache does, if the vectors do. */
function shareOf(elements: number, lane: number, lanes: number): { readonly first: number; readonly count: number } {
  const shares = Math.max(1, Math.min(lanes, Math.floor(elements / SMALLEST_SHARE)));
  const each = Math.ceil(elements / shares / CACHE_LINE) * CACHE_LINE;
  const first = Math.min(elements, lane * each);
  return { first, count: Math.min(elements - first, each) };
}

/** Counts what a lane needs more than once. */
function createLaneBuilder(sharesMemory: boolean) {
  const [models, modules]: [Model[], Uint8Array<ArrayBuffer>[]] = [[], []];
  const turns: LaneTurn[] = [];
  const numbers = new Map<string, number>();
  const numberOf = <T>(list: T[], item: T, key: string) => {
    const number = numbers.get(key) ?? list.push(item) - 1;
    numbers.set(key, number);
    return number;
  };
  return {
    ...{ models, modules, turns },
    // Equal graphs are one session, whatever they compute on.
    model: (model: Model) => numberOf(models, model, `${model.threads} ${Buffer.from(model.onnx).toString('latin1')}`),
    module: ({ spec }: PlannedKernel) => {
      const module = kernelModule(spec, sharesMemory);
      return numberOf(modules, module, module.join());
    },
  };
}
