/**
 * ONNX Runtime, the fast backend, in single precision.
 * A run occupies the calling thread until it is done: never call it from the control loop's thread.
 */
import {
  type Backend,
  type Compiled,
  elementsOf,
  expectNames,
  storedAs,
  type TensorData,
  type TensorLike,
  type TensorValue,
} from '../backend.ts';
import { lanesFor } from '../flat/lanes.ts';
import { planStep } from '../flat/plan.ts';
import type { Model } from '../flat/program.ts';
import type { Session } from '../flat/run-lane.ts';
import { compilePlan } from '../flat/run-plan.ts';
import type { DType, Node, Shape } from '../ir.ts';
import { toOnnx } from '../onnx/to-onnx.ts';
import type { Step } from '../step.ts';
import { type Ort, ort } from './onnxruntime.ts';

export interface OrtOptions {
  /** That work on a step, together on every operation or each on results of its own; the calling thread is one of them. */
  readonly threads: number;
  /**
   * Idle worker threads burn processor time for a faster start of the next op. Where a control loop needs that time there is one
   * thread and nobody to wait; whoever asks for more has processors to spare, so it is on where there are more.
   */
  readonly allowSpinning?: boolean;
  /** In order of preference: 'cpu', 'webgpu', 'cuda'. */
  readonly executionProviders?: readonly string[];
  /** Keeps a step in one graph, without kernels of our own (`flat/`): for comparisons. */
  readonly wholeGraph?: boolean;
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
      // On a card everything stays there; kernels are for the processor.
      const isProcessor = (options.executionProviders ?? DEFAULT_PROVIDERS).every((provider) => provider === 'cpu');
      const plan = isProcessor && !options.wholeGraph ? planStep(step) : undefined;
      const { threads } = options;
      const open = (model: Model) => openSession(model, options);
      const divided = plan && (await compilePlan(plan, step, open, { name, threads, lanes: lanesFor(plan, threads) }));
      return divided ?? compileWhole(step, name, options);
    },
  };
}

async function compileWhole(step: Step, name: string, options: OrtOptions): Promise<Compiled> {
  const target = options.executionProviders?.includes('webgpu') ? 'webgpu' : 'onnxruntime';
  const session = await openSession({ onnx: toOnnx(step, { name, target }), threads: options.threads }, options);
  const names = Object.keys(step.inputs);
  const values = (given: Readonly<Record<string, TensorLike>>, nodes: Readonly<Record<string, Node>>) =>
    Object.fromEntries(
      Object.entries(nodes).flatMap(([key, { shape, dtype }]) => {
        const value = given[key];
        return value === undefined
          ? []
          : [[key, { shape, dtype, data: storedAs(elementsOf(key, value, { shape, dtype }), dtype) }]];
      }),
    );
  return {
    run: async (inputs, into = {}) => {
      expectNames(names, inputs);
      return await session.run(values(inputs, step.inputs), values(into, step.outputs));
    },
    allocate: (elements) => new Float32Array(elements),
    dispose: session.dispose,
  };
}

/** `options`, but for the threads, which are the model's. */
export async function openSession({ onnx, threads }: Model, options: Partial<OrtOptions> = {}): Promise<Session> {
  const session = await createSession(onnx, { ...options, threads });
  const tensor = ({ data, dtype, shape }: TensorValue) => toOrt(data, dtype, shape);
  return {
    run: async (inputs, into) => {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, tensor(value)]));
      const fetches = session.outputNames.map((key) => [key, into[key] ? tensor(into[key]) : null] as const);
      const results = fromOrt(await session.run(feeds, Object.fromEntries(fetches)));
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
 * (microsoft/onnxruntime, pull request 32346). Given back at once, that memory serves the next run; left to the garbage
 * collector, it keeps threads busy marking that the next run needs.
 */
function release(copy: TensorData, target: TensorData): void {
  if (copy.buffer !== target.buffer && copy.buffer instanceof ArrayBuffer) copy.buffer.transfer(0);
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
        // A step may run as several sessions in turn: threads of one that wait must not keep those of the next from working.
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
function toOrt(data: TensorData | readonly number[], dtype: ElementType, shape: Shape): Ort.Tensor {
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

function fromOrt(results: Ort.InferenceSession.OnnxValueMapType): Record<string, TensorValue> {
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

function describeValues(metadata: readonly Ort.InferenceSession.ValueMetadata[]): Record<string, SessionValue> {
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
