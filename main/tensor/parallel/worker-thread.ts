/** Starts a thread for one worker of a schedule, and talks to it from the calling thread. */
import { Worker } from 'node:worker_threads';
import type { Schedule, WorkerSchedule } from '../flat/schedule.ts';
import { createBarrier, GONE } from './barrier.ts';

export interface WorkerAssignment {
  readonly schedule: WorkerSchedule;
  readonly arrays: Schedule['arrays'];
  readonly memory: WebAssembly.Memory;
  /** Words of the barrier between all workers. */
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly workers: number;
}

/** Addresses of the arrays in the memory; −1 for arrays that the worker does not touch. */
export type WorkerOrder = { readonly kind: 'run'; readonly addresses: readonly number[] } | { readonly kind: 'end' };

/** `flushesTinyNumbers`: denormals are zero in the arithmetic of the thread. */
type Done = { readonly kind: 'done'; readonly flushesTinyNumbers: boolean };
export type WorkerAnswer = Done | { readonly kind: 'failed'; readonly message: string };

export interface WorkerThread {
  readonly flushesTinyNumbers: boolean;
  /** Runs once. The other workers have to be running, because the thread waits for them at every barrier. */
  run(addresses: readonly number[]): Promise<void>;
  /** Returns why the thread has ended by itself, if it has and the reason is known by now. */
  readonly failure: () => Error | undefined;
  /** Does not wait for a thread that may hang, and does not terminate it: terminating one inside ONNX Runtime aborts the process. */
  end(): Promise<void>;
}

/**
 * Rejects when the thread cannot load its schedule. The thread keeps the process alive only during a request. When it ends, it
 * breaks the barrier, so that no worker waits for it.
 */
export async function startWorkerThread(assignment: WorkerAssignment): Promise<WorkerThread> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: assignment });
  const barrier = createBarrier(assignment.barrier, assignment.workers);
  const exited = Promise.withResolvers<void>();
  let request: PromiseWithResolvers<Done> | undefined;
  let over: Error | undefined;
  let isEnding = false;
  const stop = (error: Error) => {
    over ??= error;
    barrier.break();
    request?.reject(over);
  };
  worker.on('message', (answer: WorkerAnswer) => {
    if (!isEnding) worker.unref();
    if (answer.kind === 'failed') request?.reject(new Error(answer.message));
    else request?.resolve(answer);
  });
  worker.on('error', (error) => stop(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => {
    stop(new Error(GONE));
    exited.resolve();
  });
  const answer = async () => {
    if (over) throw over;
    worker.ref();
    request = Promise.withResolvers();
    return await request.promise;
  };
  const end = async () => {
    if (over) return;
    worker.postMessage({ kind: 'end' } satisfies WorkerOrder);
    if (barrier.isBroken()) {
      worker.unref();
      return;
    }
    isEnding = true;
    worker.ref();
    await exited.promise;
  };
  try {
    const { flushesTinyNumbers } = await answer();
    return {
      flushesTinyNumbers,
      end,
      failure: () => over,
      run: async (addresses) => {
        worker.postMessage({ kind: 'run', addresses } satisfies WorkerOrder);
        await answer();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * True when the arithmetic of the calling thread takes denormals for zero. ONNX Runtime sets this for the first thread that opens
 * a session. On the systems that we know, a thread inherits it from the thread that starts it.
 */
export function flushesTinyNumbers(): boolean {
  const tiny = Float64Array.of(2 ** -1022);
  tiny[0]! *= 0.25;
  return tiny[0] === 0;
}
