/**
 * The interface that runs a step, and the values that go in and out. Every backend checks its inputs with the functions here, so
 * that all of them refuse the same values in the same words.
 */
import { type DType, describeType, type Shape, sameShape, sizeOf, type TensorType } from './ir.ts';
import type { Step } from './step.ts';

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/**
 * Row-major values. A result of float32 is a Float32Array (a Float64Array from the interpreter), of int64 a BigInt64Array, of
 * bool a Uint8Array of 0 and 1. A result may be passed back as an input of the next run without copying.
 */
export interface TensorValue {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TensorData;
}

/** A value for an input, whose shape the step knows. A single number fills a tensor of one element. */
export type TensorLike = TensorValue | TensorData | readonly number[] | number;

export interface Backend {
  readonly name: string;
  /** Prepares a step for running. Rejects a step that the backend cannot express. `name` serves messages and profiles. */
  compile(step: Step, options?: { readonly name?: string }): Promise<Compiled>;
}

export interface Compiled {
  /**
   * Evaluates the step once. `inputs` names every input and nothing else; inputs are not changed. Results are new arrays, except
   * that the backend may write to the arrays in `into`, which must be neither inputs of this run nor shared.
   */
  run(
    inputs: Readonly<Record<string, TensorLike>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  /** Returns zeros, if possible in memory that the backend uses without copying: for arrays that go in and out of every run. */
  allocate(elements: number): Float32Array;
  /** Frees native memory; the step cannot run afterwards. */
  dispose(): Promise<void>;
}

/** Returns the elements of `value`; throws when their number or shape does not fit `type`. */
export function elementsOf(name: string, value: TensorLike, type: TensorType): TensorData | readonly number[] {
  const isValue = typeof value === 'object' && 'data' in value;
  if (isValue && (value.dtype !== type.dtype || !sameShape(value.shape, type.shape)))
    throw mismatch(name, describeType(value), type);
  const data = typeof value === 'number' ? [value] : isValue ? value.data : value;
  if (data.length !== sizeOf(type.shape)) throw mismatch(name, `${data.length} elements`, type);
  return data;
}

/** Returns the elements as an array of the type in which `dtype` is stored: the same array if it has that type already. */
export function storedAs(
  data: TensorData | readonly number[],
  dtype: DType,
): Float32Array | BigInt64Array | Uint8Array {
  switch (dtype) {
    case 'float32':
      return data instanceof Float32Array ? data : Float32Array.from(data, Number);
    case 'int64':
      return data instanceof BigInt64Array ? data : BigInt64Array.from(data, BigInt);
    case 'bool':
      return data instanceof Uint8Array ? data : Uint8Array.from(data, Number);
    default:
      throw new Error(`no values of type ${dtype satisfies never}`);
  }
}

/** Throws unless `given` has exactly the names in `declared`. */
export function expectNames(declared: object, given: Readonly<Record<string, unknown>>): void {
  const missing = Object.keys(declared).filter((name) => given[name] === undefined);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (missing.length + unknown.length > 0)
    throw new TypeError(`inputs: missing [${missing.join(', ')}], not of this step [${unknown.join(', ')}]`);
}

export function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function mismatch(name: string, given: string, type: TensorType): TypeError {
  return new TypeError(`input ${name}: got ${given}, the step asks for ${describeType(type)}`);
}
