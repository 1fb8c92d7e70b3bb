/** A place where threads wait for one another: nobody goes on before all have come. */

/** Words of the memory that the threads share. */
export const MEETING_WORDS = 2;
const ARRIVED = 0;
const MEETINGS = 1;

/** Looks before a thread goes to sleep: waking it takes the system some 50 µs, and the others are seldom far. */
const LOOKS = 4000;
/** No turn takes as long: somebody is gone. */
const TIMEOUT_MS = 120_000;

/** `words`: zeros at first. Blocks the calling thread; throws when the others do not come. */
export function createMeeting(words: Int32Array<SharedArrayBuffer>, parties: number): () => void {
  return () => {
    const meeting = Atomics.load(words, MEETINGS);
    if (Atomics.add(words, ARRIVED, 1) === parties - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, MEETINGS, 1);
      Atomics.notify(words, MEETINGS);
      return;
    }
    for (let look = 0; look < LOOKS; look++) if (Atomics.load(words, MEETINGS) !== meeting) return;
    // Whoever is the last may wake the others late, when they sleep in the next meeting already: being woken says nothing.
    while (Atomics.load(words, MEETINGS) === meeting)
      if (Atomics.wait(words, MEETINGS, meeting, TIMEOUT_MS) === 'timed-out')
        throw new Error(
          `a thread of this step has not come to meet the others within ${TIMEOUT_MS / 1000} s: it has ended or hangs. Start the run again; with one thread (--threads 1) there is nobody to wait for`,
        );
  };
}
