/** A thread for one lane of a program, and how the first lane's thread talks to it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LaneProgram, Program } from './program.ts';

export interface LaneAssignment {
  readonly program: LaneProgram;
  readonly arrays: Program['arrays'];
  readonly memory: WebAssembly.Memory;
  /** Where all lanes meet. */
  readonly meeting: Int32Array<SharedArrayBuffer>;
  readonly lanes: number;
}

/** Addresses of the arrays in the memory; −1 of those that the lane does not touch. */
export type LaneOrder = { readonly kind: 'run'; readonly addresses: readonly number[] } | { readonly kind: 'end' };

/** `flushesTinyNumbers`: denormals are zero in its arithmetic. */
export type LaneAnswer =
  | { readonly kind: 'done'; readonly flushesTinyNumbers: boolean }
  | { readonly kind: 'failed'; readonly message: string };

export interface LaneThread {
  readonly flushesTinyNumbers: boolean;
  /** Meets the other lanes on the way; they have to be running. */
  run(addresses: readonly number[]): Promise<void>;
  end(): Promise<void>;
}

/** Rejects when the thread cannot load its lane. Keeps the process alive only while something is asked of it. */
export async function startLaneThread(assignment: LaneAssignment): Promise<LaneThread> {
  const worker = new Worker(new URL('./lane-worker.ts', import.meta.url), { workerData: assignment });
  const ended = once(worker, 'exit').catch(() => {}); // why, says the answer that somebody waits for
  const answer = async () => {
    worker.ref();
    // Rejects on 'error', which is how a thread ends that could not help it.
    const [found]: LaneAnswer[] = await Promise.race([once(worker, 'message'), ended.then(gone)]);
    worker.unref();
    if (found!.kind === 'failed') throw new Error(found!.message);
    return found!;
  };
  const end = async () => {
    worker.ref();
    worker.postMessage({ kind: 'end' } satisfies LaneOrder);
    await ended;
  };
  try {
    const { flushesTinyNumbers } = await answer();
    return {
      ...{ flushesTinyNumbers, end },
      run: async (addresses) => {
        worker.postMessage({ kind: 'run', addresses } satisfies LaneOrder);
        await answer();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function gone(): never {
  throw new Error('a thread of this step has ended by itself: start the run again, or use one thread (--threads 1)');
}

/**
 * Whether this thread's arithmetic takes denormals for zero. A thread has it from the one that starts it, on the systems that we know,
 * and ONNX Runtime sets it for the first thread that opens a session.
 */
export function flushesTinyNumbers(): boolean {
  const tiny = Float64Array.of(2 ** -1022);
  tiny[0]! *= 0.25;
  return tiny[0] === 0;
}
