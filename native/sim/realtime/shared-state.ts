/**
 * Memory shared by the engine's thread and the servo thread: the set-point going in, the measured state coming out.
 * Each block has one writer and two places: number n is written to place n mod 2 and counts once it is complete, so a writer that
 * the system stops in the middle leaves the last number readable. A reader during whose copy a number was completed reads again.
 * Neither side waits for the other. The engine also grants the servo a limit, in substeps since the cell was opened: the servo
 * never steps past it. Simulated times count from the opening of the cell; host times are on the engine thread's clock. Both in milliseconds.
 */
import type { Pose } from '../../../main/api/geometry.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { READINGS_SIZE } from '../physics/readings.ts';

const POSES_SIZE = SCENE_BODIES.length * 7;
const PLACES = 2;
/** A copy takes microseconds and a new number comes every millisecond: even the second attempt is rare. */
const MAX_READ_ATTEMPTS = 1000;

/**
 * Indices of Int32 words: number of complete commands, number of complete states, a word that wakes the servo, and
 * whether the arm rests after a reset. The last one is the number of the requested reset that has not begun; 0 for
 * none.
 */
const WORD = { command: 0, state: 1, wake: 2, resting: 3, reset: 4 } as const;
const WORD_COUNT = 6;
/** Size of the 64-bit word after the others: the granted number of substeps. */
const GRANT_BYTES = 8;

/** Doubles of the command block. */
const COMMAND = { pose: 0, rampMs: 7, gripperOpen: 8, isHold: 9, number: 10, issuedMs: 11 } as const;
const COMMAND_SIZE = 12;

/** Doubles of the state block, after the readings. */
const STATE = {
  ...{ timeMs: 0, firstUseNumber: 1, firstUseMs: 2, firstUseIssuedMs: 3, overruns: 4, droppedMs: 5 },
  dueHostMs: 6,
} as const;
const STATE_SIZE = 7;

export interface Command {
  readonly baseFromTool: Pose;
  readonly rampMs: number;
  readonly gripper: 'open' | 'close';
}

/** When a command was issued, and when the servo first stepped with it. */
export interface FirstUse {
  readonly number: number;
  readonly issuedMs: number;
  readonly usedMs: number;
}

export interface ServoReport {
  /** Simulated time. */
  timeMs: number;
  /** Host time at which this simulated time was due. */
  dueHostMs: number;
  /** Number of times that the servo fell too far behind host time to catch up, and the simulated time lost in all. */
  overruns: number;
  droppedMs: number;
  firstUseNumber: number;
  firstUseMs: number;
  firstUseIssuedMs: number;
}

export function emptyReport(): ServoReport {
  return { timeMs: 0, dueHostMs: 0, overruns: 0, droppedMs: 0, firstUseNumber: 0, firstUseMs: 0, firstUseIssuedMs: 0 };
}

export interface SharedState {
  readonly buffer: SharedArrayBuffer;
  writeCommand(command: Command | 'hold', number: number, issuedMs: number): void;
  /** How many commands were completed: it changed when there is a new one. */
  commandSequence(): number;
  /** Copies the newest command's numbers: pose at 0, then as in `COMMAND`. */
  readCommand(into: Float64Array): void;
  writeState(readings: Float64Array, poses: Float32Array, report: ServoReport): void;
  readState(readings: Float64Array, poses: Float32Array | undefined, report: ServoReport): void;
  /** Lets the servo step until this many substeps have been made since the cell was opened. */
  grant(substeps: number): void;
  granted(): number;
  /** While the arm rests, time passes and nothing moves: an episode starts from the arrangement that its reset made. */
  setResting(resting: boolean): void;
  resting(): boolean;
  /** Asks the servo for reset `id`, which must not be 0. */
  offerReset(id: number): void;
  /** Begins reset `id` in the servo; it can no longer be called off. Returns false when it was called off before. */
  beginReset(id: number): boolean;
  /** Calls off reset `id`; does nothing when the servo has begun it. */
  callOffReset(id: number): void;
  /** Changes with every `wake`. Read it before deciding to sleep, so that no wake is lost in between. */
  wakes(): number;
  /** Sleeps until `wake` has been called since `wakes()` returned `seen`, at most `timeoutMs`. Not on the main thread. */
  sleep(seen: number, timeoutMs: number): void;
  wake(): void;
}

export { COMMAND, COMMAND_SIZE };

export function createSharedState(existing?: SharedArrayBuffer): SharedState {
  const stateDoubles = READINGS_SIZE + STATE_SIZE;
  const doubles = PLACES * (COMMAND_SIZE + stateDoubles);
  const head = WORD_COUNT * 4 + GRANT_BYTES;
  const buffer = existing ?? new SharedArrayBuffer(head + doubles * 8 + PLACES * POSES_SIZE * 4);
  const words = new Int32Array(buffer, 0, WORD_COUNT);
  const grant = new BigInt64Array(buffer, WORD_COUNT * 4, 1);
  const doublesAt = (offset: number, count: number) => new Float64Array(buffer, head + offset * 8, count);
  const places = <Place>(make: (place: number) => Place): readonly [Place, Place] => [make(0), make(1)];
  const commands = places((place) => doublesAt(place * COMMAND_SIZE, COMMAND_SIZE));
  const states = places((place) => {
    const offset = PLACES * COMMAND_SIZE + place * stateDoubles;
    return {
      readings: doublesAt(offset, READINGS_SIZE),
      report: doublesAt(offset + READINGS_SIZE, STATE_SIZE),
      poses: new Float32Array(buffer, head + doubles * 8 + place * POSES_SIZE * 4, POSES_SIZE),
    };
  });
  const placeOf = <Place>([even, odd]: readonly [Place, Place], number: number): Place =>
    number % 2 === 0 ? even : odd;

  /** Completes the next number once `write` has filled its place. */
  const publish = <Place>(word: number, both: readonly [Place, Place], write: (place: Place) => void) => {
    const next = (Atomics.load(words, word) + 1) | 0;
    write(placeOf(both, next));
    Atomics.store(words, word, next);
  };

  const readNewest = <Place>(word: number, both: readonly [Place, Place], copy: (place: Place) => void) => {
    for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt++) {
      const number = Atomics.load(words, word);
      copy(placeOf(both, number));
      if (Atomics.load(words, word) === number) return;
    }
    throw new Error('the other thread publishes faster than it can be read');
  };

  return {
    buffer,
    writeCommand: (next, number, issuedMs) =>
      publish(WORD.command, commands, (command) => {
        if (next !== 'hold') {
          command.set(next.baseFromTool.positionM, COMMAND.pose);
          command.set(next.baseFromTool.orientation, COMMAND.pose + 3);
          command[COMMAND.rampMs] = next.rampMs;
          command[COMMAND.gripperOpen] = next.gripper === 'open' ? 1 : 0;
        }
        command[COMMAND.isHold] = next === 'hold' ? 1 : 0;
        command[COMMAND.number] = number;
        command[COMMAND.issuedMs] = issuedMs;
      }),
    commandSequence: () => Atomics.load(words, WORD.command),
    readCommand: (into) => readNewest(WORD.command, commands, (command) => into.set(command)),
    writeState: (readings, poses, report) =>
      publish(WORD.state, states, (state) => {
        state.readings.set(readings);
        state.poses.set(poses);
        state.report[STATE.timeMs] = report.timeMs;
        state.report[STATE.dueHostMs] = report.dueHostMs;
        state.report[STATE.firstUseNumber] = report.firstUseNumber;
        state.report[STATE.firstUseMs] = report.firstUseMs;
        state.report[STATE.firstUseIssuedMs] = report.firstUseIssuedMs;
        state.report[STATE.overruns] = report.overruns;
        state.report[STATE.droppedMs] = report.droppedMs;
      }),
    readState: (readings, poses, report) =>
      readNewest(WORD.state, states, (state) => {
        readings.set(state.readings);
        poses?.set(state.poses);
        report.timeMs = state.report[STATE.timeMs]!;
        report.dueHostMs = state.report[STATE.dueHostMs]!;
        report.firstUseNumber = state.report[STATE.firstUseNumber]!;
        report.firstUseMs = state.report[STATE.firstUseMs]!;
        report.firstUseIssuedMs = state.report[STATE.firstUseIssuedMs]!;
        report.overruns = state.report[STATE.overruns]!;
        report.droppedMs = state.report[STATE.droppedMs]!;
      }),
    grant: (substeps) => {
      Atomics.store(grant, 0, BigInt(substeps));
    },
    granted: () => Number(Atomics.load(grant, 0)),
    setResting: (resting) => {
      Atomics.store(words, WORD.resting, resting ? 1 : 0);
    },
    resting: () => Atomics.load(words, WORD.resting) === 1,
    offerReset: (id) => {
      Atomics.store(words, WORD.reset, id);
    },
    beginReset: (id) => Atomics.compareExchange(words, WORD.reset, id, 0) === id,
    callOffReset: (id) => {
      Atomics.compareExchange(words, WORD.reset, id, 0);
    },
    wakes: () => Atomics.load(words, WORD.wake),
    sleep: (seen, timeoutMs) => {
      Atomics.wait(words, WORD.wake, seen, timeoutMs);
    },
    wake: () => {
      Atomics.add(words, WORD.wake, 1);
      Atomics.notify(words, WORD.wake);
    },
  };
}
