/**
 * One run of an executable: decides which memory each array of the schedule is, and collects the results. Arrays of the caller
 * that lie in the arena are used where they are; others are copied where kernels or other threads need them.
 */
import { elementsOf, expectNames, storedAs, type TensorData, type TensorLike, type TensorValue } from '../backend.ts';
import { sizeOf } from '../ir.ts';
import type { Executable } from './executable.ts';
import type { Arena } from './memory.ts';
import type { ArraySlice, Schedule, ScheduledOutput } from './schedule.ts';

type Values = Readonly<Record<string, TensorValue>>;

export interface Loaded extends Pick<Schedule, 'slots' | 'inputs' | 'outputs'> {
  readonly arena: Arena;
  readonly executable: Executable;
  /** Our own memory in the arena for the shared arrays of the schedule. */
  readonly own: readonly (TensorData | undefined)[];
}

export async function runExecutable(
  loaded: Loaded,
  given: Readonly<Record<string, TensorLike>>,
  into: Values,
): Promise<Record<string, TensorValue>> {
  expectNames(loaded.inputs, given);
  const inputs = Object.entries(loaded.inputs).map(([name, slice]): [ArraySlice, TensorData] => [
    slice,
    storedAs(elementsOf(name, given[name]!, slice), slice.dtype),
  ]);
  const arrays = bindArrays(loaded, inputs, targetsOf(loaded.outputs, into, inputs));
  await loaded.executable.run(arrays);
  return collect(loaded, arrays, into);
}

/** Returns the arrays lent for results that nothing else is read from, one for each output. */
function targetsOf(
  outputs: Schedule['outputs'],
  into: Values,
  inputs: readonly (readonly [ArraySlice, TensorData])[],
): ReadonlyMap<ScheduledOutput, TensorData> {
  const targets = new Map<ScheduledOutput, TensorData>();
  const taken = inputs.map(([, data]) => data);
  for (const [name, output] of Object.entries(outputs)) {
    const target = into[name];
    if (!target) continue;
    const isStored = storedAs(elementsOf(name, target, output.slice), output.slice.dtype) === target.data;
    if (!isStored || targets.has(output) || taken.some((other) => overlap(target.data, other))) continue;
    targets.set(output, target.data);
    taken.push(target.data);
  }
  return targets;
}

const overlap = (a: ArrayBufferView, b: ArrayBufferView) =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

/** Returns the arrays of this run: the caller's where they can be used, else our own, into which inputs are copied. */
function bindArrays(
  { slots, arena, own }: Loaded,
  inputs: readonly (readonly [ArraySlice, TensorData])[],
  targets: ReadonlyMap<ScheduledOutput, TensorData>,
): (TensorData | undefined)[] {
  const arrays = [...own];
  for (const [{ ownArray }, data] of targets) {
    if (ownArray === undefined) continue;
    const isUsable = ownArray < slots ? arena.isWhole(data) : !own[ownArray] || arena.has(data);
    if (isUsable) arrays[ownArray] = data;
  }
  for (const [{ array }, data] of inputs) {
    const copy = own[array];
    if (!copy || arena.has(data)) arrays[array] = data;
    else copyInto(copy, data);
  }
  return arrays;
}

/** Copies between two arrays of the type in which the input is stored. */
function copyInto(copy: TensorData, data: TensorData): void {
  if (copy instanceof BigInt64Array) copy.set(data as BigInt64Array);
  else copy.set(data as Exclude<TensorData, BigInt64Array>);
}

/** Returns the results by name: in the arrays lent for them, else in arrays that nothing else uses. */
function collect(
  { slots, outputs, arena }: Loaded,
  arrays: readonly (TensorData | undefined)[],
  into: Values,
): Record<string, TensorValue> {
  const lent = new Set(Object.values(into).map(({ data }) => data));
  const given = new Set<TensorData>();
  const results = Object.entries(outputs).map(([name, { slice, ownArray }]): [string, TensorValue] => {
    const value = valueIn(arrays, slice);
    const target = into[name];
    if (value.data instanceof Float32Array && target?.data instanceof Float32Array) {
      const isThere = target.data.buffer === value.data.buffer && target.data.byteOffset === value.data.byteOffset;
      if (!isThere) target.data.set(value.data);
      return [name, target];
    }
    const isSegmentValue = ownArray !== undefined && ownArray >= slots;
    const isFree = isSegmentValue && !lent.has(value.data) && !given.has(value.data) && !arena.has(value.data);
    given.add(value.data);
    return [name, isFree || value.data === target?.data ? value : { ...value, data: value.data.slice() }];
  });
  return Object.fromEntries(results);
}

function valueIn(
  arrays: readonly (TensorData | undefined)[],
  { array, offset, shape, dtype }: ArraySlice,
): TensorValue {
  const [whole, elements] = [arrays[array]!, sizeOf(shape)];
  return { shape, dtype, data: whole.length === elements ? whole : whole.subarray(offset, offset + elements) };
}
