/**
 * The float32 arrays that a learner carries from update to update, by the names of its step's inputs: weights, targets,
 * moments. The next value of an input `x` is the step's output `next.x`; the outputs `metric.…` are numbers to report.
 */
import { type Compiled, mapValues, type TensorData, type TensorValue } from '../../tensor/backend.ts';
import type { Adam } from '../../tensor/optimiser.ts';
import { type Metrics, ShapeError } from './algorithm.ts';

export type Arrays = Readonly<Record<string, Float32Array>>;

export interface LearnerArrays {
  readonly current: Arrays;
  /** Buffers that the backend may write the next values into. */
  nextBuffers(): Record<string, TensorValue>;
  /** Keeps the next values and returns the metrics. */
  accept(outputs: Readonly<Record<string, TensorValue>>): Metrics;
  copy(): Record<string, Float32Array>;
  /** Copies the arrays named `names` out of `given`. Throws a `ShapeError` and copies none when one does not fit. */
  take(given: Arrays, names: readonly string[]): void;
}

/** `allocate` makes the memory that the compiled step reads fastest. */
export function createArrays(initial: Arrays, allocate: Compiled['allocate']): LearnerArrays {
  const current: Record<string, Float32Array> = mapValues(initial, (values) => {
    const array = allocate(values.length);
    array.set(values);
    return array;
  });
  /** Results go into the arrays that the update before last has read from, because fresh memory is expensive. */
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
    nextBuffers: () =>
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

/** Names of the inputs that hold a flat vector and its moments. The vector `parameters` is a step's only one. */
export const adamNames = (name: string): Readonly<Record<keyof Adam, string>> =>
  name === 'parameters'
    ? { parameters: name, mean: 'mean', variance: 'variance' }
    : { parameters: name, mean: `${name}Mean`, variance: `${name}Variance` };

/** Parameters with Adam's moments, which begin at zero. */
export function withMoments(name: string, parameters: Float32Array): Record<string, Float32Array> {
  const names = adamNames(name);
  const zeros = () => new Float32Array(parameters.length);
  return { [names.parameters]: parameters, [names.mean]: zeros(), [names.variance]: zeros() };
}

/** Sets every counter to its stored value, or to 0 when none is stored. */
export function restoreCounters(counters: Record<string, number>, stored: Readonly<Record<string, number>>): void {
  for (const name of Object.keys(counters)) counters[name] = stored[name] ?? 0;
}
