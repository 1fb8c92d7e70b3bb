/**
 * Makes and tries the backend that a run asks for, or says why it cannot be used. ONNX Runtime refuses a provider that is
 * missing, and `tensor/backends/tfjs.ts` refuses TensorFlow without a graphics card, so nothing falls back to the processor silently.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RemediedError } from '../../api/error-words.ts';
import { BACKENDS, type BackendName, backendSchema } from '../../api/run.ts';
import type { Backend } from '../../tensor/backend.ts';
import { createOrtBackend } from '../../tensor/backends/ort.ts';
import { createTfjsBackend, loadTensorFlow, TensorFlowUnavailable } from '../../tensor/backends/tfjs.ts';
import { grad } from '../../tensor/grad.ts';
import { defineStep } from '../../tensor/step.ts';
import { constant, input, layerNorm, matmul, mean, square, tanh } from '../../tensor/tensor.ts';

/** Thrown when the requested backend cannot be used. */
export class BackendUnavailable extends RemediedError {
  readonly backend: BackendName;
  constructor(backend: BackendName, reason: string, remedy: string, cause?: unknown) {
    super(`the backend ${backend} cannot be used: ${reason}`, remedy, { cause });
    this.backend = backend;
  }
}

interface BackendOptions {
  /** Number of processor threads; backends on a graphics card ignore it. */
  readonly threads: number;
}

/** Returns a backend that has run a small training step; rejects with `BackendUnavailable`. */
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

/** Largest error of single precision after one small layer. */
const TOLERANCE = 1e-4;

/** Computes the gradient of one small layer and compares it with known values, because a driver may compute nonsense. */
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

/** The interpreter's result in double precision. */
const TRIAL_GRADIENT = [-0.178327, 0.178327, -0.300135, 0.300135] as const;

/** Returns the first line of an error without the source position that native errors begin with. */
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
/** Long, because the first use of a graphics card compiles its programs. */
const PROBE_LIMIT_MS = 60_000;

/** Tries every backend, each in its own process, because a broken driver may end the process. */
export function probeBackends(): Promise<readonly BackendFinding[]> {
  return Promise.all(backendSchema.options.map((backend) => probeBackend(backend)));
}

export function probeBackend(backend: BackendName, env: NodeJS.ProcessEnv = process.env): Promise<BackendFinding> {
  const { promise, resolve } = Promise.withResolvers<BackendFinding>();
  const options = { env, timeout: PROBE_LIMIT_MS, killSignal: 'SIGKILL', windowsHide: true } as const;
  execFile(process.execPath, [PROBE, backend], options, (error, stdout) => {
    const last = stdout.trim().split('\n').at(-1) ?? '';
    if (last.startsWith('{')) {
      // The child is this program at the same version, so it prints a `BackendFinding`.
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
