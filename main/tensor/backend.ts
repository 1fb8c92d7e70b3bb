/**
 * What runs a step: the interface that the interpreter and ONNX Runtime implement, and the values that go in and out.
 * Both check what they are given here, so that they refuse the same things in the same words.
 */
import { type DType, describeType, type Shape, sameShape, sizeOf, type TensorType } from './ir.ts';
import type { Step } from './step.ts';

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/**
 * Row-major values. Results are float32: Float32Array (Float64Array from the interpreter), int64: BigInt64Array,
 * bool: Uint8Array of 0 and 1. A result may be passed back as an input of the next run without copying.
 */
export interface TensorValue {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TensorData;
}

/** What may be given for an input: the step knows the shape. A single number fills a tensor of one element. */
export type TensorLike = TensorValue | TensorData | readonly number[] | number;

export interface CompileOptions {
  /** Name of the compiled graph, for messages and profiles. */
  readonly name?: string;
}

export interface Backend {
  readonly name: string;
  /** Turns a step into something that runs. Rejects when the backend cannot express it. */
  compile(step: Step, options?: CompileOptions): Promise<Compiled>;
}

export interface Compiled {
  /**
   * One evaluation. Every input must be given, and nothing else; inputs are not changed. Results are new buffers, except
   * those named in `into`: the backend may write them there (the arrays must be neither inputs of this run nor shared).
   */
  run(
    inputs: Readonly<Record<string, TensorLike>>,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  /** Zeros, in memory that the backend reads and writes without copying as far as it has any: for what goes in and out again and again. */
  allocate(elements: number): Float32Array;
  /** Frees native memory; nothing runs afterwards. */
  dispose(): Promise<void>;
}

/** The elements of `value`; throws when their number or shape is not what `type` asks for. */
export function elementsOf(name: string, value: TensorLike, type: TensorType): TensorData | readonly number[] {
  const isValue = typeof value === 'object' && 'data' in value;
  if (isValue && (value.dtype !== type.dtype || !sameShape(value.shape, type.shape)))
    throw mismatch(name, describeType(value), type);
  const data = typeof value === 'number' ? [value] : isValue ? value.data : value;
  if (data.length !== sizeOf(type.shape)) throw mismatch(name, `${data.length} elements`, type);
  return data;
}

/** The elements as an array of the type in which `dtype` is stored; the same array where it is one already. */
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
export function expectNames(declared: readonly string[], given: Readonly<Record<string, unknown>>): void {
  const missing = declared.filter((name) => given[name] === undefined);
  const unknown = Object.keys(given).filter((name) => !declared.includes(name));
  if (missing.length + unknown.length > 0)
    throw new TypeError(`inputs: missing [${missing.join(', ')}], not of this step [${unknown.join(', ')}]`);
}

function mismatch(name: string, given: string, type: TensorType): TypeError {
  return new TypeError(`input ${name}: got ${given}, the step asks for ${describeType(type)}`);
}
