/** Opens ONNX Runtime sessions and converts values to and from its tensors. */
import { mapValues, storedAs, type TensorData, type TensorValue } from '../backend.ts';
import type { Session } from '../flat/executable.ts';
import type { Model } from '../flat/schedule.ts';
import type { Shape } from '../ir.ts';
import { type Ort, ort } from './onnxruntime.ts';

export interface OrtOptions {
  /** Number of threads that work on a step, the calling thread included: together on every op, or each on results of its own. */
  readonly threads: number;
  /**
   * Idle worker threads burn processor time for a faster start of the next op. On when there is more than one thread: a run that
   * shares its processors with a control loop has one thread only.
   */
  readonly allowSpinning?: boolean;
  /** 'cpu', 'webgpu' and 'cuda', in order of preference. */
  readonly executionProviders?: readonly string[];
  /** Keeps a step in one graph, without kernels of our own (`flat/`): for comparisons. */
  readonly wholeGraph?: boolean;
}

export const ELEMENT_TYPES = ['float32', 'float64', 'int64', 'int32', 'uint8', 'bool'] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

export const DEFAULT_PROVIDERS = ['cpu'] as const;

/** Reports errors only, because warnings name every unused constant of a step. */
const LOG_ERRORS = 3;

/** Opens a model of ours. The number of threads is the model's, the other options are those given. */
export async function openSession({ onnx, threads }: Model, options: Partial<OrtOptions> = {}): Promise<Session> {
  const session = await createSession(onnx, { ...options, threads });
  const tensor = ({ data, dtype, shape }: TensorValue) => toOrt(data, dtype, shape);
  return {
    run: async (inputs, into) => {
      const fetches = session.outputNames.map((key) => [key, into[key] ? tensor(into[key]) : null] as const);
      const results = fromOrt(await session.run(mapValues(inputs, tensor), Object.fromEntries(fetches)));
      for (const [key, target] of Object.entries(into)) {
        const result = results[key];
        if (!target || !result) continue;
        release(result.data, target.data);
        results[key] = target;
      }
      return results;
    },
    dispose: () => session.release(),
  };
}

/**
 * onnxruntime-node 1.30 writes a result where it is told to, and copies it into new memory all the same
 * (microsoft/onnxruntime, pull request 32346). Memory that is given back at once serves the next run. Left to the garbage
 * collector, it keeps threads busy with marking while the next run needs them.
 */
function release(copy: TensorData, target: TensorData): void {
  if (copy.buffer !== target.buffer && copy.buffer instanceof ArrayBuffer) copy.buffer.transfer(0);
}

export function createSession(
  model: Uint8Array | string,
  { threads, allowSpinning = threads > 1, executionProviders = DEFAULT_PROVIDERS }: OrtOptions,
): Promise<Ort.InferenceSession> {
  const options: Ort.InferenceSession.SessionOptions = {
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
        // A step may run as several sessions in turn: idle threads of one must not keep those of the next from working.
        force_spinning_stop: '1',
        intra_op: { allow_spinning: allowSpinning ? '1' : '0' },
      },
    },
  };
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

/** Wraps `data` without copying when it already is the array that ONNX Runtime wants. */
export function toOrt(data: TensorData | readonly number[], dtype: ElementType, shape: Shape): Ort.Tensor {
  switch (dtype) {
    case 'float32':
    case 'int64':
    case 'bool':
      return new ort.Tensor(dtype, storedAs(data, dtype), shape);
    case 'float64':
      return new ort.Tensor(dtype, data instanceof Float64Array ? data : Float64Array.from(data, Number), shape);
    case 'int32':
      return new ort.Tensor(dtype, data instanceof Int32Array ? data : Int32Array.from(data, Number), shape);
    case 'uint8':
      return new ort.Tensor(dtype, data instanceof Uint8Array ? data : Uint8Array.from(data, Number), shape);
    default:
      throw new Error(`no ONNX tensor of type ${dtype satisfies never}`);
  }
}

export function fromOrt(results: Ort.InferenceSession.OnnxValueMapType): Record<string, TensorValue> {
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toValue(name, value)]));
}

function toValue(name: string, { type, dims: shape, data }: Ort.OnnxValue): TensorValue {
  if ((type === 'float32' && data instanceof Float32Array) || (type === 'float64' && data instanceof Float64Array))
    return { shape, dtype: 'float32', data };
  if ((type === 'int64' && data instanceof BigInt64Array) || (type === 'int32' && data instanceof Int32Array))
    return { shape, dtype: 'int64', data };
  if ((type === 'bool' || type === 'uint8') && data instanceof Uint8Array) return { shape, dtype: 'bool', data };
  throw new TypeError(`output ${name} is of type ${type}, which is not one of float, int, bool`);
}
