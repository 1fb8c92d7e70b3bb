/** Runs a plan: segments by a graph runtime, kernels in between, both on the same memory. */
import {
  type Compiled,
  elementsOf,
  expectNames,
  storedAs,
  type TensorData,
  type TensorLike,
  type TensorValue,
} from '../backend.ts';
import { isOp, type Node, sizeOf } from '../ir.ts';
import { toOnnx } from '../onnx.ts';
import type { Step } from '../step.ts';
import { instantiateKernel, type Kernel, kernelModule, vectorBytes } from './kernel.ts';
import { type Arena, assignSlots, createArena, type Slots } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Place, PlannedKernel } from './plan-kernels.ts';
import { type Destination, type SegmentStep, segmentStep } from './segment.ts';
import type { View } from './views.ts';
import { LANE_BYTES, PAGE_BYTES } from './wasm.ts';

/** A graph in a runtime. Results are written to the places given; for the others it makes memory. */
export interface Session {
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue | undefined>>,
  ): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

export type OpenSession = (model: Uint8Array) => Promise<Session>;

interface LoadedTurn {
  readonly segment: (SegmentStep & { readonly session: Session }) | undefined;
  readonly kernels: readonly (PlannedKernel & { readonly kernel: Kernel })[];
}

/** `step` as it was given, whose plan is `plan`. */
export async function compilePlan(plan: Plan, step: Step, name: string, open: OpenSession): Promise<Compiled> {
  const slots = assignSlots(plan);
  const inputs = inputsOfKernels(plan);
  const results = Object.values(plan.step.outputs).filter((node) => plan.bufferOf.has(node));
  const lent = [...inputs, ...results].map((node) => sizeOf(node.shape));
  const own = [...slots.elements, ...inputs.map((node) => sizeOf(node.shape))];
  const arena = createArena([...own, ...lent].reduce((sum, elements) => sum + vectorBytes(elements), 2 * PAGE_BYTES));
  const slotArrays = slots.elements.map((elements) => arena.allocate(elements)!);
  const staged = new Map(inputs.map((node) => [node, arena.allocate(sizeOf(node.shape))!]));
  const sessions = new Map<string, Session>();
  const turns = await loadTurns(plan, name, arena, async (model) => {
    const key = Buffer.from(model).toString('latin1');
    const session = sessions.get(key) ?? (await open(model));
    sessions.set(key, session);
    return session;
  });
  const loaded: Loaded = { plan, step, arena, slots, slotArrays, staged, turns };

  let last: Promise<unknown> = Promise.resolve();
  return {
    // All runs use the same buffers: one after the other.
    run: (given, into = {}) => {
      const result = last.then(() => runOnce(loaded, given, into));
      last = result.catch(() => undefined);
      return result;
    },
    allocate: (elements) => arena.allocate(elements) ?? new Float32Array(elements),
    dispose: async () => {
      await Promise.all([...sessions.values()].map((session) => session.dispose()));
    },
  };
}

/** The inputs that kernels read. */
function inputsOfKernels({ turns }: Plan): readonly Node[] {
  const places = turns.flatMap((turn) => turn.kernels.flatMap((kernel) => [...kernel.vectors, ...kernel.scalars]));
  const roots = places.flatMap((place) => (place.kind === 'view' ? [place.view.root] : []));
  return [...new Set(roots)].filter((root) => isOp(root, 'input'));
}

async function loadTurns(plan: Plan, name: string, arena: Arena, open: OpenSession): Promise<readonly LoadedTurn[]> {
  const known = new Set<Node>();
  const kernels = new Map<string, Kernel>();
  const turns: LoadedTurn[] = [];
  for (const turn of plan.turns) {
    const segment = segmentStep(turn, plan, known);
    for (const value of turn.values) known.add(value);
    turns.push({
      segment: segment && { ...segment, session: await open(toOnnx(segment.step, { name })) },
      kernels: turn.kernels.map((planned) => {
        const module = kernelModule(planned.spec);
        const key = module.join();
        const kernel = kernels.get(key) ?? instantiateKernel(module, arena.memory);
        kernels.set(key, kernel);
        return { ...planned, kernel };
      }),
    });
  }
  return turns;
}

interface Loaded {
  readonly plan: Plan;
  readonly step: Step;
  readonly arena: Arena;
  readonly slots: Slots;
  /** Our own memory for each slot; a result that is wanted elsewhere in the arena is made there. */
  readonly slotArrays: readonly Float32Array[];
  /** Room for inputs that lie outside of the arena. */
  readonly staged: ReadonlyMap<Node, Float32Array>;
  readonly turns: readonly LoadedTurn[];
}

async function runOnce(
  { plan, step, arena, slots, slotArrays, staged, turns }: Loaded,
  given: Readonly<Record<string, TensorLike>>,
  into: Readonly<Record<string, TensorValue>>,
): Promise<Record<string, TensorValue>> {
  expectNames(Object.keys(step.inputs), given);
  const inputs = new Map<Node, TensorData>();
  for (const [name, node] of Object.entries(step.inputs))
    inputs.set(node, storedAs(elementsOf(name, given[name]!, node), node.dtype));
  for (const [name, node] of Object.entries(step.outputs)) if (into[name]) elementsOf(name, into[name], node);
  for (const [node, room] of staged) {
    const data = inputs.get(node)!;
    if (arena.addressOf(data) === undefined && data instanceof Float32Array) room.set(data);
  }
  const arrays = slotsFor({ plan, slots, slotArrays, arena }, into, [...inputs.values()]);
  const inKernel = (node: Node): TensorData => {
    const data = inputs.get(node)!;
    return arena.addressOf(data) === undefined ? staged.get(node)! : data;
  };
  const arrayOf = (root: Node): TensorData => {
    const buffer = plan.bufferOf.get(root);
    return buffer ? arrays[slots.slotOf.get(buffer)!]! : inputs.get(root)!;
  };
  const address = (place: Place): number => {
    if (place.kind === 'buffer') return arrays[slots.slotOf.get(place.buffer)!]!.byteOffset;
    const { root, offset } = place.view;
    return (isOp(root, 'input') ? inKernel(root) : arrayOf(root)).byteOffset + offset * LANE_BYTES;
  };
  const seen = ({ root, offset, shape, dtype }: View): TensorValue => ({
    ...{ shape, dtype },
    data: arrayOf(root).subarray(offset, offset + sizeOf(shape)),
  });

  const values = new Map<Node, TensorValue>();
  const wanted = new Map(Object.entries(plan.step.outputs).map(([name, node]) => [node, into[name]]));
  const placeFor = (destination: Destination): TensorValue | undefined => {
    if (destination.kind === 'value') return wanted.get(destination.node);
    const { node, buffer, offset } = destination.part;
    const data = arrays[slots.slotOf.get(buffer)!]!.subarray(offset, offset + sizeOf(node.shape));
    return { shape: node.shape, dtype: node.dtype, data };
  };
  for (const { segment, kernels } of turns) {
    if (segment) {
      const feeds = mapValues(segment.sources, (source) =>
        source.kind === 'view' ? seen(source.view) : values.get(source.node)!,
      );
      const results = await segment.session.run(feeds, mapValues(segment.destinations, placeFor));
      for (const [name, destination] of Object.entries(segment.destinations))
        if (destination.kind === 'value') values.set(destination.node, results[name]!);
    }
    for (const { kernel, vectors, scalars, results, elements } of kernels) {
      const places: Place[] = [
        ...vectors,
        ...scalars,
        ...results.map((buffer) => ({ kind: 'buffer', buffer }) as const),
      ];
      kernel(...places.map(address), elements * LANE_BYTES);
    }
  }

  const taken = new Set<TensorData>();
  const result = (name: string, node: Node): TensorValue => {
    const view = plan.view(node);
    const value = view ? seen(view) : values.get(node)!;
    const target = into[name];
    const isThere = view ? value.data === target?.data : !taken.has(value.data);
    taken.add(value.data);
    if (isThere) return value;
    if (!(target?.data instanceof Float32Array) || !(value.data instanceof Float32Array))
      return { ...value, data: value.data.slice() };
    target.data.set(value.data);
    return target;
  };
  return mapEntries(plan.step.outputs, result);
}

/** The array of each slot: where a result may be made at once, the place it is wanted in. */
function slotsFor(
  { plan, slots, slotArrays, arena }: Pick<Loaded, 'plan' | 'slots' | 'slotArrays' | 'arena'>,
  into: Readonly<Record<string, TensorValue>>,
  inputs: readonly TensorData[],
): readonly Float32Array[] {
  const arrays = [...slotArrays];
  const read = new Set(inputs.map((data) => arena.addressOf(data)));
  for (const [name, node] of Object.entries(plan.step.outputs)) {
    const buffer = plan.bufferOf.get(node);
    const data = into[name]?.data;
    if (!buffer || !(data instanceof Float32Array)) continue;
    const address = arena.addressOf(data);
    if (address === undefined || read.has(address)) continue;
    read.add(address);
    arrays[slots.slotOf.get(buffer)!] = data;
  }
  return arrays;
}

function mapEntries<T, U>(
  record: Readonly<Record<string, T>>,
  change: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]));
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  mapEntries(record, (_, value) => change(value));
