/**
 * ONNX Runtime, the fast backend, in single precision.
 * A run blocks the calling thread until it is done: never call it from the control loop's thread.
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
import { compilePlan } from '../flat/compile-plan.ts';
import { planStep } from '../flat/plan.ts';
import type { Model } from '../flat/schedule.ts';
import type { Node, Shape } from '../ir.ts';
import { toOnnx } from '../onnx/to-onnx.ts';
import type { Step } from '../step.ts';
import type { Ort } from './onnxruntime.ts';
import {
  createSession,
  DEFAULT_PROVIDERS,
  ELEMENT_TYPES,
  type ElementType,
  fromOrt,
  type OrtOptions,
  openSession,
  toOrt,
} from './ort-session.ts';

/** A model that was not built here, such as a frozen encoder or a policy from a file, with its inputs and outputs. */
export interface OrtSession {
  readonly inputs: Readonly<Record<string, SessionValue>>;
  readonly outputs: Readonly<Record<string, SessionValue>>;
  /** Runs the model as `Compiled.run` does. Element types follow the model; sizes that it leaves open follow the value. */
  run(inputs: Readonly<Record<string, SessionTensor>>): Promise<Record<string, TensorValue>>;
  dispose(): Promise<void>;
}

/** A size that the model leaves open is a name. */
export interface SessionValue {
  readonly shape: readonly (number | string)[];
  readonly dtype: ElementType;
}

/** Values whose element type the model knows; any `TensorValue` is one. */
export interface SessionTensor {
  readonly shape: Shape;
  readonly data: TensorData | readonly number[];
}

export function createOrtBackend(options: OrtOptions): Backend {
  return {
    name: `onnxruntime ${(options.executionProviders ?? DEFAULT_PROVIDERS).join('+')}`,
    compile: async (step, { name = 'step' } = {}) => {
      // Kernels of our own run on the processor: on a graphics card, every value stays on the card.
      const isProcessor = (options.executionProviders ?? DEFAULT_PROVIDERS).every((provider) => provider === 'cpu');
      const plan = isProcessor && !options.wholeGraph ? planStep(step) : undefined;
      const { threads } = options;
      const open = (model: Model) => openSession(model, options);
      const divided =
        plan &&
        (await compilePlan(plan, open, {
          ...{ name, threads },
          parallel: (await import('../parallel/parallel.ts')).parallelFor(plan, threads),
        }));
      return divided ?? compileWhole(step, name, options);
    },
  };
}

async function compileWhole(step: Step, name: string, options: OrtOptions): Promise<Compiled> {
  const target = options.executionProviders?.includes('webgpu') ? 'webgpu' : 'onnxruntime';
  const session = await openSession({ onnx: toOnnx(step, { name, target }), threads: options.threads }, options);
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
      expectNames(step.inputs, inputs);
      return await session.run(values(inputs, step.inputs), values(into, step.outputs));
    },
    allocate: (elements) => new Float32Array(elements),
    dispose: session.dispose,
  };
}

/** Opens any ONNX model, by path or from bytes. Rejects a model whose inputs or outputs are not numeric tensors. */
export async function loadOrtSession(model: Uint8Array | string, options: OrtOptions): Promise<OrtSession> {
  const session = await createSession(model, options);
  const inputs = describeValues(session.inputMetadata);
  return {
    inputs,
    outputs: describeValues(session.outputMetadata),
    run: async (values) => {
      expectNames(inputs, values);
      const feed = (key: string, { data, shape }: SessionTensor) => toOrt(data, inputs[key]!.dtype, shape);
      const feeds = Object.entries(values).map(([key, value]) => [key, feed(key, value)]);
      return fromOrt(await session.run(Object.fromEntries(feeds)));
    },
    dispose: () => session.release(),
  };
}

function isElementType(type: string): type is ElementType {
  return ELEMENT_TYPES.some((each) => each === type);
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
