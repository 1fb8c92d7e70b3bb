/** A barrier between threads: no thread goes on before all of them have come to it. */

/** Length of the array that the threads share. */
export const BARRIER_WORDS = 3;
const ARRIVED = 0;
const GENERATION = 1;
const BROKEN = 2;

/** Number of polls before a thread sleeps. Waking a thread takes the system some 50 µs, and the others are seldom far. */
const POLLS = 4000;
const WAIT_MS = 1000;
/** No stage takes as long, so a thread is gone. Waits are counted, because a machine may sleep in between. */
const MAX_WAITS = 120;

export const GONE =
  'a thread of this step has ended or hangs: start the run again; with one thread (--threads 1) there is nobody to wait for';

export interface Barrier {
  /** Blocks the calling thread until all have come. Throws when the barrier is broken, or when the others do not come. */
  readonly wait: () => void;
  /** Breaks the barrier for good: wakes the threads that wait, and lets no later thread wait. */
  readonly break: () => void;
  readonly isBroken: () => boolean;
}

/** `words` begins as zeros. */
export function createBarrier(words: Int32Array<SharedArrayBuffer>, threads: number): Barrier {
  const isBroken = () => Atomics.load(words, BROKEN) !== 0;
  const breakForGood = () => {
    Atomics.store(words, BROKEN, 1);
    Atomics.notify(words, GENERATION);
  };
  const wait = () => {
    const generation = Atomics.load(words, GENERATION);
    if (!isBroken() && Atomics.add(words, ARRIVED, 1) === threads - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
      return;
    }
    for (let poll = 0; poll < POLLS; poll++) if (Atomics.load(words, GENERATION) !== generation) return;
    // The last thread may wake the others late, when they sleep at the next barrier already: being woken proves nothing.
    for (let waits = 0; Atomics.load(words, GENERATION) === generation; waits++) {
      if (waits === MAX_WAITS) breakForGood();
      if (isBroken()) throw new Error(GONE);
      Atomics.wait(words, GENERATION, generation, WAIT_MS);
    }
  };
  return { wait, break: breakForGood, isBroken };
}
