/** A place where threads wait for one another: nobody goes on before all have come. */

/** Words of the memory that the threads share. */
export const MEETING_WORDS = 3;
const ARRIVED = 0;
const MEETINGS = 1;
const BROKEN_UP = 2;

/** Looks before a thread goes to sleep: waking it takes the system some 50 µs, and the others are seldom far. */
const LOOKS = 4000;
const WAIT_MS = 1000;
/** No turn takes as long: somebody is gone. Counted, because a machine that sleeps in between is no reason to give up. */
const MOST_WAITS = 120;

export const GONE =
  'a thread of this step has ended or hangs: start the run again; with one thread (--threads 1) there is nobody to wait for';

export interface Meeting {
  /** Blocks the calling thread until all have come; throws when it is broken up, or when the others do not come. */
  readonly meet: () => void;
  /** For good: who waits is woken, and whoever comes later does not wait. */
  readonly breakUp: () => void;
  readonly isBrokenUp: () => boolean;
}

/** `words`: zeros at first. */
export function createMeeting(words: Int32Array<SharedArrayBuffer>, parties: number): Meeting {
  const isBrokenUp = () => Atomics.load(words, BROKEN_UP) !== 0;
  const breakUp = () => {
    Atomics.store(words, BROKEN_UP, 1);
    Atomics.notify(words, MEETINGS);
  };
  const meet = () => {
    const meeting = Atomics.load(words, MEETINGS);
    if (!isBrokenUp() && Atomics.add(words, ARRIVED, 1) === parties - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, MEETINGS, 1);
      Atomics.notify(words, MEETINGS);
      return;
    }
    for (let look = 0; look < LOOKS; look++) if (Atomics.load(words, MEETINGS) !== meeting) return;
    // Whoever is the last may wake the others late, when they sleep in the next meeting already: being woken says nothing.
    for (let waits = 0; Atomics.load(words, MEETINGS) === meeting; waits++) {
      if (waits === MOST_WAITS) breakUp();
      if (isBrokenUp()) throw new Error(GONE);
      Atomics.wait(words, MEETINGS, meeting, WAIT_MS);
    }
  };
  return { meet, breakUp, isBrokenUp };
}
