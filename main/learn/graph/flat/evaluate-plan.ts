/** One run of a loaded plan: segments and kernels in turn, on the caller's arrays where these lie in the arena. */
import { elementsOf, expectNames, storedAs, type TensorData, type TensorLike, type TensorValue } from '../backend.ts';
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { Step } from '../step.ts';
import type { Kernel } from './kernel.ts';
import type { Arena, Slots } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Place, PlannedKernel, Room } from './plan-kernels.ts';
import type { Destination, SegmentStep, Source } from './segment.ts';
import type { View } from './views.ts';
import { LANE_BYTES } from './wasm.ts';

/** A graph in a runtime. Results are written to the places given; for the others it makes memory. */
export interface Session {
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    into: Readonly<Record<string, TensorValue | undefined>>,
  ): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

export interface LoadedTurn {
  readonly segment: (SegmentStep & { readonly session: Session }) | undefined;
  readonly kernels: readonly (PlannedKernel & { readonly kernel: Kernel })[];
}

export interface LoadedPlan {
  readonly plan: Plan;
  /** As it was given. */
  readonly step: Step;
  readonly arena: Arena;
  readonly slots: Slots;
  /** Our own memory for each slot; a result that is wanted elsewhere in the arena is made there. */
  readonly slotArrays: readonly Float32Array[];
  /** Memory for inputs that lie outside of the arena. */
  readonly staged: ReadonlyMap<Node, Float32Array>;
  readonly turns: readonly LoadedTurn[];
}

export async function evaluatePlan(
  loaded: LoadedPlan,
  given: Readonly<Record<string, TensorLike>>,
  into: Readonly<Record<string, TensorValue>>,
): Promise<Record<string, TensorValue>> {
  const { plan, step, turns } = loaded;
  const inputs = inputsOf(step, given);
  const targets = targetsOf(plan, into, [...inputs.values()]);
  const places = locate(loaded, inputs, targets);
  const values = new Map<Node, TensorValue>();
  const feed = (source: Source) => (source.kind === 'view' ? places.tensor(source.view) : values.get(source.node)!);
  const placeFor = (destination: Destination): TensorValue | undefined => {
    if (destination.kind === 'value') return targets.get(destination.node);
    const { node, room, offset } = destination.part;
    const data = places.array(room).subarray(offset, offset + sizeOf(node.shape));
    return { shape: node.shape, dtype: node.dtype, data };
  };
  for (const { segment, kernels } of turns) {
    if (segment) {
      const feeds = mapValues(segment.sources, feed);
      const results = await segment.session.run(feeds, mapValues(segment.destinations, placeFor));
      for (const [name, destination] of Object.entries(segment.destinations))
        if (destination.kind === 'value') values.set(destination.node, results[name]!);
    }
    for (const { kernel, vectors, scalars, results, elements } of kernels) {
      const operands = [...vectors, ...scalars].map(places.address);
      kernel(...operands, ...results.map((room) => places.array(room).byteOffset), elements * LANE_BYTES);
    }
  }
  return collect(plan, into, (node) => {
    const view = plan.view(node);
    return view ? places.tensor(view) : values.get(node)!;
  });
}

function inputsOf(step: Step, given: Readonly<Record<string, TensorLike>>): ReadonlyMap<Node, TensorData> {
  expectNames(Object.keys(step.inputs), given);
  return new Map(
    Object.entries(step.inputs).map(([name, node]) => [
      node,
      storedAs(elementsOf(name, given[name]!, node), node.dtype),
    ]),
  );
}

/** The places lent for results, one for each node, as long as nothing is read from them. */
function targetsOf(
  { step: { outputs } }: Plan,
  into: Readonly<Record<string, TensorValue>>,
  inputs: readonly TensorData[],
): ReadonlyMap<Node, TensorValue> {
  const targets = new Map<Node, TensorValue>();
  const taken: TensorData[] = [...inputs];
  for (const [name, node] of Object.entries(outputs)) {
    const target = into[name];
    if (!target) continue;
    const isStored = storedAs(elementsOf(name, target, node), node.dtype) === target.data;
    if (!isStored || targets.has(node) || taken.some((other) => overlap(target.data, other))) continue;
    targets.set(node, target);
    taken.push(target.data);
  }
  return targets;
}

const overlap = (a: ArrayBufferView, b: ArrayBufferView) =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

/** Where rooms and views lie in this run. Copies into the arena what kernels read and lies elsewhere. */
function locate(
  { plan, arena, slots, slotArrays, staged }: LoadedPlan,
  inputs: ReadonlyMap<Node, TensorData>,
  targets: ReadonlyMap<Node, TensorValue>,
) {
  const arrays = [...slotArrays];
  for (const [node, { data }] of targets) {
    const room = plan.roomOf.get(node);
    if (room && data instanceof Float32Array && arena.isWhole(data)) arrays[slots.slotOf.get(room)!] = data;
  }
  for (const [node, copy] of staged) {
    const data = inputs.get(node);
    if (data instanceof Float32Array && !arena.has(data)) copy.set(data);
  }
  const array = (room: Room): Float32Array => arrays[slots.slotOf.get(room)!]!;
  const rootArray = (root: Node): TensorData => {
    const room = plan.roomOf.get(root);
    return room ? array(room) : inputs.get(root)!;
  };
  return {
    array,
    tensor: ({ root, offset, shape, dtype }: View): TensorValue => {
      const data = rootArray(root).subarray(offset, offset + sizeOf(shape));
      return { shape, dtype, data };
    },
    address: (place: Place): number => {
      if (place.kind === 'room') return array(place.room).byteOffset;
      const { root, offset } = place.view;
      const data = rootArray(root);
      const reached = isOp(root, 'input') && !arena.has(data) ? staged.get(root)! : data;
      return reached.byteOffset + offset * LANE_BYTES;
    },
  };
}

/** Results by name: in the places lent for them, else in arrays that nobody else has. */
function collect(
  { step: { outputs }, view }: Plan,
  into: Readonly<Record<string, TensorValue>>,
  found: (node: Node) => TensorValue,
): Record<string, TensorValue> {
  const lent = new Set(Object.values(into).map(({ data }) => data));
  const given = new Set<TensorData>();
  return mapEntries(outputs, (name, node) => {
    const value = found(node);
    const target = into[name];
    if (value.data instanceof Float32Array && target?.data instanceof Float32Array) {
      const isThere = target.data.buffer === value.data.buffer && target.data.byteOffset === value.data.byteOffset;
      if (!isThere) target.data.set(value.data);
      return target;
    }
    const isOwn = !view(node) && !lent.has(value.data) && !given.has(value.data);
    given.add(value.data);
    return isOwn || value.data === target?.data ? value : { ...value, data: value.data.slice() };
  });
}

function mapEntries<T, U>(
  record: Readonly<Record<string, T>>,
  change: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]));
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  mapEntries(record, (_, value) => change(value));
