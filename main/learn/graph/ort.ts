/**
 * ONNX Runtime, the fast backend, in single precision. The only file that imports onnxruntime-node.
 * A run occupies the calling thread until it is done: never call it from the control loop's thread.
 */
import * as ort from 'onnxruntime-node';
import { type Backend, elementsOf, expectNames, type TensorData, type TensorValue } from './backend.ts';
import type { DType, Shape } from './ir.ts';
import { toOnnx } from './onnx.ts';

export interface OrtOptions {
  /** Threads inside one op; the calling thread is one of them. */
  readonly threads: number;
  /**
   * Idle worker threads burn processor time for a faster start of the next op. Beside a control loop, which needs that time, there is
   * one thread and nobody to wait; whoever asks for more has the processor to himself, so it is on where there are more.
   */
  readonly allowSpinning?: boolean;
  /** In order of preference: 'cpu', 'webgpu', 'cuda'. */
  readonly executionProviders?: readonly string[];
}

/** A model that was not built here (a frozen encoder, a policy from a file), with what it takes and gives. */
export interface OrtSession {
  readonly inputs: Readonly<Record<string, SessionValue>>;
  readonly outputs: Readonly<Record<string, SessionValue>>;
  /** As `Compiled.run`; element types follow the model, sizes that it leaves open follow the value. */
  run(inputs: Readonly<Record<string, SessionTensor>>): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

/** A size is a name where the model leaves it open. */
export interface SessionValue {
  readonly shape: readonly (number | string)[];
  readonly dtype: ElementType;
}

/** Values whose element type the model knows; any `TensorValue` is one. */
export interface SessionTensor {
  readonly shape: Shape;
  readonly data: TensorData | readonly number[];
}

type ElementType = DType | 'float64' | 'int32' | 'uint8';

const DEFAULT_PROVIDERS = ['cpu'] as const;

/** Errors only: a step's unused constants are no news. */
const LOG_ERRORS = 3;

export function createOrtBackend(options: OrtOptions): Backend {
  return {
    name: `onnxruntime ${(options.executionProviders ?? DEFAULT_PROVIDERS).join('+')}`,
    compile: async (step, { name = 'step' } = {}) => {
      const target = options.executionProviders?.includes('webgpu') ? 'webgpu' : 'onnxruntime';
      const session = await createSession(toOnnx(step, { name, target }), options);
      const names = Object.keys(step.inputs);
      return {
        run: async (inputs, into) => {
          expectNames(names, inputs);
          const feeds: Record<string, ort.Tensor> = {};
          for (const [key, node] of Object.entries(step.inputs))
            feeds[key] = toOrt(elementsOf(key, inputs[key]!, node), node.dtype, node.shape);
          if (!into) return fromOrt(await session.run(feeds));
          const fetches = Object.entries(step.outputs).map(([key, node]) => {
            const target = into[key];
            return [key, target ? toOrt(elementsOf(key, target, node), node.dtype, node.shape) : null] as const;
          });
          return fromOrt(await session.run(feeds, Object.fromEntries(fetches)));
        },
        dispose: () => session.release(),
      };
    },
  };
}

/** Opens any ONNX model, by path or from bytes. Rejects when it takes or gives something else than numeric tensors. */
export async function loadOrtSession(model: Uint8Array | string, options: OrtOptions): Promise<OrtSession> {
  const session = await createSession(model, options);
  const inputs = describeValues(session.inputMetadata);
  return {
    inputs,
    outputs: describeValues(session.outputMetadata),
    run: async (values) => {
      expectNames(Object.keys(inputs), values);
      const feeds = Object.entries(values).map(([key, { data, shape }]) => [
        key,
        toOrt(data, inputs[key]!.dtype, shape),
      ]);
      return fromOrt(await session.run(Object.fromEntries(feeds)));
    },
    dispose: () => session.release(),
  };
}

function createSession(
  model: Uint8Array | string,
  { threads, allowSpinning = threads > 1, executionProviders = DEFAULT_PROVIDERS }: OrtOptions,
): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_ERRORS,
    extra: {
      session: {
        // Adam's second moments decay into denormals, which are slow.
        set_denormal_as_zero: '1',
        intra_op: { allow_spinning: allowSpinning ? '1' : '0' },
      },
    },
  };
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

/** Wraps `data` without copying when it already is the array that ONNX Runtime wants. */
function toOrt(data: TensorData | readonly number[], dtype: ElementType, shape: Shape): ort.Tensor {
  switch (dtype) {
    case 'float32':
      return new ort.Tensor(dtype, data instanceof Float32Array ? data : Float32Array.from(data, Number), shape);
    case 'float64':
      return new ort.Tensor(dtype, data instanceof Float64Array ? data : Float64Array.from(data, Number), shape);
    case 'int64':
      return new ort.Tensor(dtype, data instanceof BigInt64Array ? data : BigInt64Array.from(data, BigInt), shape);
    case 'int32':
      return new ort.Tensor(dtype, data instanceof Int32Array ? data : Int32Array.from(data, Number), shape);
    case 'uint8':
    case 'bool':
      return new ort.Tensor(dtype, data instanceof Uint8Array ? data : Uint8Array.from(data, Number), shape);
    default:
      throw new Error(`no ONNX tensor of type ${dtype satisfies never}`);
  }
}

function fromOrt(results: ort.InferenceSession.OnnxValueMapType): Record<string, TensorValue> {
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toValue(name, value)]));
}

function toValue(name: string, { type, dims: shape, data }: ort.OnnxValue): TensorValue {
  if ((type === 'float32' && data instanceof Float32Array) || (type === 'float64' && data instanceof Float64Array))
    return { shape, dtype: 'float32', data };
  if ((type === 'int64' && data instanceof BigInt64Array) || (type === 'int32' && data instanceof Int32Array))
    return { shape, dtype: 'int64', data };
  if ((type === 'bool' || type === 'uint8') && data instanceof Uint8Array) return { shape, dtype: 'bool', data };
  throw new TypeError(`output ${name} is of type ${type}, which is not one of float, int, bool`);
}

const ELEMENT_TYPES: readonly string[] = [
  'float32',
  'float64',
  'int64',
  'int32',
  'uint8',
  'bool',
] satisfies ElementType[];

function isElementType(type: string): type is ElementType {
  return ELEMENT_TYPES.includes(type);
}

function describeValues(metadata: readonly ort.InferenceSession.ValueMetadata[]): Record<string, SessionValue> {
  return Object.fromEntries(
    metadata.map((value) => {
      if (!value.isTensor || !isElementType(value.type))
        throw new TypeError(
          `${value.name} is ${value.isTensor ? value.type : 'no tensor'}, which this program cannot exchange`,
        );
      return [value.name, { shape: value.shape, dtype: value.type }];
    }),
  );
}
