/** One run of a loaded plan: what is given put where its lanes find it, on the caller's arrays where these lie in the arena. */
import { elementsOf, expectNames, storedAs, type TensorData, type TensorLike, type TensorValue } from '../backend.ts';
import { isOp, type Node, sizeOf } from '../ir.ts';
import type { Step } from '../step.ts';
import { mapValues } from './arrays.ts';
import type { Arena, Slots } from './memory.ts';
import type { Plan } from './plan.ts';
import { createLocate, type Numbering } from './program.ts';
import type { LoadedLane } from './run-lane.ts';

export interface LoadedPlan {
  readonly plan: Plan;
  /** As it was given. */
  readonly step: Step;
  readonly arena: Arena;
  readonly slots: Slots;
  readonly numbering: Numbering;
  /** Our own memory in the arena for the program's arrays; what has none may lie anywhere. */
  readonly own: readonly (TensorData | undefined)[];
  readonly run: LoadedLane['run'];
}

export async function evaluatePlan(
  loaded: LoadedPlan,
  given: Readonly<Record<string, TensorLike>>,
  into: Readonly<Record<string, TensorValue>>,
): Promise<Record<string, TensorValue>> {
  const { plan, step, slots, numbering, arena } = loaded;
  const inputs = inputsOf(step, given);
  const targets = targetsOf(plan, into, [...inputs.values()]);
  const arrays = arraysOf(loaded, inputs, targets);
  await loaded.run(arrays);
  const locate = createLocate(plan, slots, numbering);
  const isOurs = (data: TensorData) => arena.has(data);
  return collect(plan, into, isOurs, (node) => {
    const { array, offset, shape, dtype } = locate(node);
    const [whole, elements] = [arrays[array]!, sizeOf(shape)];
    return { shape, dtype, data: whole.length === elements ? whole : whole.subarray(offset, offset + elements) };
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

/** The program's arrays in this run: the caller's where they serve, else our own, into which inputs are copied. */
function arraysOf(
  { plan, arena, slots, numbering, own }: LoadedPlan,
  inputs: ReadonlyMap<Node, TensorData>,
  targets: ReadonlyMap<Node, TensorValue>,
): (TensorData | undefined)[] {
  const arrays = [...own];
  for (const [node, { data }] of targets) {
    const room = plan.roomOf.get(node);
    if (room && arena.isWhole(data)) arrays[slots.slotOf.get(room)!] = data;
    const array = isOp(node, 'input') ? undefined : numbering.get(node);
    if (array !== undefined && (!own[array] || arena.has(data))) arrays[array] = data;
  }
  for (const [node, data] of inputs) {
    const array = numbering.get(node)!;
    const place = own[array];
    if (!place || arena.has(data)) arrays[array] = data;
    else copyInto(place, data);
  }
  return arrays;
}

/** Both are of the type in which the input is stored. */
function copyInto(place: TensorData, data: TensorData): void {
  if (place instanceof BigInt64Array) place.set(data as BigInt64Array);
  else place.set(data as Exclude<TensorData, BigInt64Array>);
}

/** Results by name: in the places lent for them, else in arrays that nobody else has. */
function collect(
  { step: { outputs }, view }: Plan,
  into: Readonly<Record<string, TensorValue>>,
  isOurs: (data: TensorData) => boolean,
  found: (node: Node) => TensorValue,
): Record<string, TensorValue> {
  const lent = new Set(Object.values(into).map(({ data }) => data));
  const given = new Set<TensorData>();
  return mapValues(outputs, (node, name) => {
    const value = found(node);
    const target = into[name];
    if (value.data instanceof Float32Array && target?.data instanceof Float32Array) {
      const isThere = target.data.buffer === value.data.buffer && target.data.byteOffset === value.data.byteOffset;
      if (!isThere) target.data.set(value.data);
      return target;
    }
    const isOwn = !view(node) && !lent.has(value.data) && !given.has(value.data) && !isOurs(value.data);
    given.add(value.data);
    return isOwn || value.data === target?.data ? value : { ...value, data: value.data.slice() };
  });
}
