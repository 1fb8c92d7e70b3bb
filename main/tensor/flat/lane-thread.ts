/** A thread for one lane of a program, and how the first lane's thread talks to it. */
import { Worker } from 'node:worker_threads';
import { createMeeting, GONE } from './meeting.ts';
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
type Done = { readonly kind: 'done'; readonly flushesTinyNumbers: boolean };
export type LaneAnswer = Done | { readonly kind: 'failed'; readonly message: string };

export interface LaneThread {
  readonly flushesTinyNumbers: boolean;
  /** Meets the other lanes on the way; they have to be running. */
  run(addresses: readonly number[]): Promise<void>;
  /** Why it has ended by itself, as far as that is known by now. */
  readonly failure: () => Error | undefined;
  /** Who may hang is not waited for, nor stopped: ONNX Runtime would take the process along. */
  end(): Promise<void>;
}

/**
 * Rejects when the thread cannot load its lane. It keeps the process alive only while something is asked of it; when it ends, no lane
 * waits for it.
 */
export async function startLaneThread(assignment: LaneAssignment): Promise<LaneThread> {
  const worker = new Worker(new URL('./lane-worker.ts', import.meta.url), { workerData: assignment });
  const meeting = createMeeting(assignment.meeting, assignment.lanes);
  const exited = Promise.withResolvers<void>();
  let asked: PromiseWithResolvers<Done> | undefined;
  let over: Error | undefined;
  let isEnding = false;
  const stop = (error: Error) => {
    over ??= error;
    meeting.breakUp();
    asked?.reject(over);
  };
  worker.on('message', (answer: LaneAnswer) => {
    if (!isEnding) worker.unref();
    if (answer.kind === 'failed') asked?.reject(new Error(answer.message));
    else asked?.resolve(answer);
  });
  worker.on('error', (error) => stop(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => {
    stop(new Error(GONE));
    exited.resolve();
  });
  const answer = async () => {
    if (over) throw over;
    worker.ref();
    asked = Promise.withResolvers();
    return await asked.promise;
  };
  const end = async () => {
    if (over) return;
    worker.postMessage({ kind: 'end' } satisfies LaneOrder);
    if (meeting.isBrokenUp()) {
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
      ...{ flushesTinyNumbers, end, failure: () => over },
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

/**
 * Whether this thread's arithmetic takes denormals for zero. A thread has it from the one that starts it, on the systems that we know,
 * and ONNX Runtime sets it for the first thread that opens a session.
 */
export function flushesTinyNumbers(): boolean {
  const tiny = Float64Array.of(2 ** -1022);
  tiny[0]! *= 0.25;
  return tiny[0] === 0;
}
