/**
 * The backend that a run asks for, made and tried, or the reason why it cannot be had: ONNX Runtime refuses a provider that is
 * not there, and TensorFlow without a card is refused by `tensor/tfjs.ts`, so nothing falls back to the processor unsaid.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BACKENDS, type BackendName, backendSchema } from '../../api/run.ts';
import type { Backend } from '../../tensor/backend.ts';
import { grad } from '../../tensor/grad.ts';
import { createOrtBackend } from '../../tensor/ort.ts';
import { defineStep } from '../../tensor/step.ts';
import { constant, input, layerNorm, matmul, mean, square, tanh } from '../../tensor/tensor.ts';
import { createTfjsBackend, loadTensorFlow, TensorFlowUnavailable } from '../../tensor/tfjs.ts';

/** A backend that was asked for and cannot be had, with what to do about it. */
export class BackendUnavailable extends Error {
  override readonly name = 'BackendUnavailable';
  readonly backend: BackendName;
  readonly remedy: string;
  constructor(backend: BackendName, reason: string, remedy: string, cause?: unknown) {
    super(`the backend ${backend} cannot be used: ${reason}`, { cause });
    this.backend = backend;
    this.remedy = remedy;
  }
}

export interface BackendOptions {
  /** Threads of the processor; backends on a graphics card do not use them. */
  readonly threads: number;
}

/** A backend that has run a small training step; rejects with BackendUnavailable. */
export async function createBackend(name: BackendName, options: BackendOptions): Promise<Backend> {
  try {
    const backend = await open(name, options);
    await tryOut(backend);
    return backend;
  } catch (error) {
    const remedy = error instanceof TensorFlowUnavailable ? error.remedy : BACKENDS[name].remedy;
    throw new BackendUnavailable(name, inWords(error), remedy, error);
  }
}

async function open(name: BackendName, { threads }: BackendOptions): Promise<Backend> {
  switch (name) {
    case 'onnxruntime-cpu':
      return createOrtBackend({ threads });
    case 'onnxruntime-webgpu':
      return createOrtBackend({ threads, executionProviders: ['webgpu'] });
    case 'onnxruntime-cuda':
      return createOrtBackend({ threads, executionProviders: ['cuda'] });
    case 'tensorflow':
      return createTfjsBackend(await loadTensorFlow());
    default:
      throw new Error(`no backend ${name satisfies never}`);
  }
}

/** Of single precision, after one small layer. */
const TOLERANCE = 1e-4;

/** The gradient of one small layer, of which the values are known: a driver that computes nonsense is as good as none. */
async function tryOut(backend: Backend): Promise<void> {
  const kernel = input('kernel', [2, 2]);
  const x = constant([1, 2, 3, 5, 8, 13], [3, 2]);
  const y = tanh(layerNorm(matmul(x, kernel), constant([0.5, 0.25]), constant([0, 1]), 1));
  const [gradient] = grad(mean(square(y)), [kernel]);
  const compiled = await backend.compile(defineStep({ gradient: gradient! }), { name: 'trial' });
  try {
    const { gradient: found } = await compiled.run({ kernel: [0.5, -0.25, 0.125, 0.75] });
    const values = Array.from(found!.data, Number);
    if (values.some((value, index) => !(Math.abs(value - TRIAL_GRADIENT[index]!) <= TOLERANCE)))
      throw new Error(`a trial gave ${values.join(', ')}; expected ${TRIAL_GRADIENT.join(', ')}`);
  } finally {
    await compiled.dispose();
  }
}

/** By the interpreter, in double precision. */
const TRIAL_GRADIENT = [-0.178327, 0.178327, -0.300135, 0.300135] as const;

/** Native errors come with source positions; what a person can use stands after them, on the first line that says something. */
function inWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split('\n').find((line) => line.trim() !== '') ?? text;
  return (/^\/.* was false\. (.+)$/.exec(first)?.[1] ?? first).trim();
}

export type BackendFinding = { readonly backend: BackendName } & (
  | { readonly usable: true }
  | { readonly usable: false; readonly reason: string; readonly remedy: string }
);

const PROBE = fileURLToPath(new URL('./backend-probe.ts', import.meta.url));
/** The first use of a graphics card compiles its programs. */
const PROBE_LIMIT_MS = 60_000;

/** Tries every backend, each in a process of its own: a driver that takes its process down is a finding too. */
export function probeBackends(): Promise<readonly BackendFinding[]> {
  return Promise.all(backendSchema.options.map((backend) => probeBackend(backend)));
}

export function probeBackend(backend: BackendName, env: NodeJS.ProcessEnv = process.env): Promise<BackendFinding> {
  const { promise, resolve } = Promise.withResolvers<BackendFinding>();
  const options = { env, timeout: PROBE_LIMIT_MS, killSignal: 'SIGKILL', windowsHide: true } as const;
  execFile(process.execPath, [PROBE, backend], options, (error, stdout) => {
    const last = stdout.trim().split('\n').at(-1) ?? '';
    if (last.startsWith('{')) {
      // Own child at the same version: the type is the contract.
      resolve(JSON.parse(last) as BackendFinding);
      return;
    }
    const reason = error?.killed
      ? `no answer within ${PROBE_LIMIT_MS / 1000} s`
      : `its process ended early (${error?.signal ?? `status ${String(error?.code ?? 0)}`})`;
    resolve({ backend, usable: false, reason, remedy: BACKENDS[backend].remedy });
  });
  return promise;
}
