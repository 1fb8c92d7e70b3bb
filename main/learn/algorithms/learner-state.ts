/**
 * The float32 arrays that a learner carries from update to update, by the names of its step's inputs: weights, targets, moments.
 * The new value of `x` is the step's output `next.x`; its outputs `metric.…` are numbers to report.
 */
import type { Compiled, TensorData, TensorValue } from '../../tensor/backend.ts';
import { type Metrics, ShapeError } from './algorithm.ts';

type Arrays = Readonly<Record<string, Float32Array>>;

export interface LearnerArrays {
  readonly current: Arrays;
  /** Where the backend may write the next values. */
  places(): Record<string, TensorValue>;
  /** Keeps the next values, returns the metrics. */
  accept(outputs: Readonly<Record<string, TensorValue>>): Metrics;
  copy(): Record<string, Float32Array>;
  /** Copies those named out of `given`; all or, with a `ShapeError`, none. */
  take(given: Arrays, names: readonly string[]): void;
}

/** `allocate`: the memory of what runs the updates. */
export function createArrays(initial: Arrays, allocate: Compiled['allocate']): LearnerArrays {
  const current: Record<string, Float32Array> = mapValues(initial, (values) => {
    const array = allocate(values.length);
    array.set(values);
    return array;
  });
  /**
   * Results are written into the arrays that the update before last has read from: fresh memory costs more than it seems. Made for what
   * an update has changed.
   */
  const spare: Record<string, Float32Array> = {};
  const replace = (name: string, data: TensorData) => {
    const [old, lent] = [current[name]!, spare[name]];
    if (lent && data === lent) [current[name], spare[name]] = [lent, old];
    else if (data instanceof Float32Array) old.set(data);
    else old.set(Float32Array.from(data, Number));
    if (!lent) spare[name] = allocate(old.length);
  };
  return {
    current,
    places: () =>
      Object.fromEntries(
        Object.entries(spare).map(([name, data]) => [`next.${name}`, { shape: [data.length], dtype: 'float32', data }]),
      ),
    accept: (outputs) => {
      const metrics: Record<string, number> = {};
      for (const [name, { data }] of Object.entries(outputs)) {
        if (name.startsWith('metric.')) metrics[name.slice('metric.'.length)] = Number(data[0]);
        else replace(name.slice('next.'.length), data);
      }
      return metrics;
    },
    copy: () => mapValues(current, (values) => values.slice()),
    take: (given, names) => {
      for (const name of names) {
        const [found, expected] = [given[name], current[name]!];
        if (found?.length === expected.length) continue;
        throw new ShapeError(
          `${name} has ${found?.length ?? 'no'} numbers, these networks have ${expected.length}`,
          'Use the preset, observation kind and encoder that the weights were trained with, or start from fresh weights.',
        );
      }
      for (const name of names) current[name]!.set(given[name]!);
    },
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
