/**
 * Memory shared by the engine's thread and the servo thread: commands go in, the measured state comes out. Each block
 * has one writer and two slots. Version n is written to slot n mod 2 and counts once it is complete. A writer that the
 * system stops in the middle therefore leaves the last version readable. A reader copies again when a version was
 * completed during its copy. Neither side waits for the other. The engine also grants the servo a number of substeps
 * since the cell was opened, which the servo never exceeds. Simulated times count from the opening of the cell; host
 * times are on the engine thread's clock. Both in milliseconds.
 */
import type { SetPoint } from '../../device.ts';
import { SCENE_BODIES } from '../physics/model.ts';
import { READINGS_SIZE } from '../physics/readings.ts';

const POSES_SIZE = SCENE_BODIES.length * 7;
const SLOTS = 2;
/** A copy takes microseconds and a new version comes every millisecond, so even a second attempt is rare. */
const MAX_READ_ATTEMPTS = 1000;

/**
 * Indices of Int32 words. `command` and `state` hold the versions, and `wake` wakes the servo. `resting` is 1 while the
 * arm rests after a reset. `reset` is the number of the requested reset that has not begun; 0 when there is none.
 */
const WORD = { command: 0, state: 1, wake: 2, resting: 3, reset: 4 } as const;
const WORD_COUNT = 6;
/** Size of the 64-bit word after the others, which holds the granted number of substeps. */
const GRANT_BYTES = 8;

/** Offsets into the command block. */
export const COMMAND = { pose: 0, rampMs: 7, gripperOpen: 8, isHold: 9, number: 10, issuedMs: 11 } as const;
export const COMMAND_SIZE = 12;

/** Fields of the servo's report, in their order after the readings in the state block. */
const REPORT_FIELDS = [
  /** Simulated time. */
  'timeMs',
  /** The newest command: its number, when the servo first stepped with it, and when it was issued. */
  'firstUseNumber',
  'firstUseMs',
  'firstUseIssuedMs',
  /** Number of times that the servo fell too far behind host time to catch up, and the simulated time lost in all. */
  'overruns',
  'droppedMs',
  /** Host time at which this simulated time was due. */
  'dueHostMs',
] as const;
const REPORT_SIZE = REPORT_FIELDS.length;

type ServoReport = Record<(typeof REPORT_FIELDS)[number], number>;

export function emptyReport(): ServoReport {
  return { timeMs: 0, dueHostMs: 0, overruns: 0, droppedMs: 0, firstUseNumber: 0, firstUseMs: 0, firstUseIssuedMs: 0 };
}

export type SharedState = ReturnType<typeof createSharedState>;

export function createSharedState(existing?: SharedArrayBuffer) {
  const { buffer, words, grant, commands, states } = layOut(existing);
  return {
    buffer,
    writeCommand: (next: SetPoint | 'hold', number: number, issuedMs: number): void =>
      publish(words, WORD.command, commands, (command) => {
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
    /** Returns the version of the newest command; it changes with every command. */
    commandSequence: () => Atomics.load(words, WORD.command),
    /** Copies the newest command's numbers, at the offsets of `COMMAND`. */
    readCommand: (into: Float64Array): void =>
      readNewest(words, WORD.command, commands, (command) => into.set(command)),
    writeState: (readings: Float64Array, poses: Float32Array, report: ServoReport): void =>
      publish(words, WORD.state, states, (state) => {
        state.readings.set(readings);
        state.poses.set(poses);
        writeReport(report, state.report);
      }),
    readState: (readings: Float64Array, poses: Float32Array | undefined, report: ServoReport): void =>
      readNewest(words, WORD.state, states, (state) => {
        readings.set(state.readings);
        poses?.set(state.poses);
        readReport(state.report, report);
      }),
    /** Lets the servo step until it has made this many substeps since the cell was opened. */
    grant: (substeps: number): void => {
      Atomics.store(grant, 0, BigInt(substeps));
    },
    granted: () => Number(Atomics.load(grant, 0)),
    /** While the arm rests, time passes and nothing moves, so that an episode starts from its reset's arrangement. */
    setResting: (resting: boolean): void => {
      Atomics.store(words, WORD.resting, resting ? 1 : 0);
    },
    resting: () => Atomics.load(words, WORD.resting) === 1,
    /** Asks the servo for reset `id`, which must not be 0. */
    offerReset: (id: number): void => {
      Atomics.store(words, WORD.reset, id);
    },
    /** Begins reset `id` in the servo; it can no longer be called off. Returns false when it was called off before. */
    beginReset: (id: number): boolean => Atomics.compareExchange(words, WORD.reset, id, 0) === id,
    /** Calls off reset `id`; does nothing when the servo has begun it. */
    callOffReset: (id: number): void => {
      Atomics.compareExchange(words, WORD.reset, id, 0);
    },
    /** Returns a number that changes with every `wake`. Read it before deciding to sleep, so that no wake is lost. */
    wakes: () => Atomics.load(words, WORD.wake),
    /**
     * Sleeps until `wake` has been called since `wakes()` returned `seen`, at most `timeoutMs`. Not on the main thread.
     */
    sleep: (seen: number, timeoutMs: number): void => {
      Atomics.wait(words, WORD.wake, seen, timeoutMs);
    },
    wake: (): void => {
      Atomics.add(words, WORD.wake, 1);
      Atomics.notify(words, WORD.wake);
    },
  };
}

type Slots<Slot> = readonly [Slot, Slot];

/** Divides the memory: words, grant, then two slots for commands and two for states, poses last. */
function layOut(existing: SharedArrayBuffer | undefined) {
  const stateDoubles = READINGS_SIZE + REPORT_SIZE;
  const doubles = SLOTS * (COMMAND_SIZE + stateDoubles);
  const head = WORD_COUNT * 4 + GRANT_BYTES;
  const buffer = existing ?? new SharedArrayBuffer(head + doubles * 8 + SLOTS * POSES_SIZE * 4);
  const doublesAt = (offset: number, count: number) => new Float64Array(buffer, head + offset * 8, count);
  const commandAt = (slot: number) => doublesAt(slot * COMMAND_SIZE, COMMAND_SIZE);
  const stateAt = (slot: number) => {
    const offset = SLOTS * COMMAND_SIZE + slot * stateDoubles;
    return {
      readings: doublesAt(offset, READINGS_SIZE),
      report: doublesAt(offset + READINGS_SIZE, REPORT_SIZE),
      poses: new Float32Array(buffer, head + doubles * 8 + slot * POSES_SIZE * 4, POSES_SIZE),
    };
  };
  return {
    buffer,
    words: new Int32Array(buffer, 0, WORD_COUNT),
    grant: new BigInt64Array(buffer, WORD_COUNT * 4, 1),
    commands: [commandAt(0), commandAt(1)] as const,
    states: [stateAt(0), stateAt(1)] as const,
  };
}

const slotOf = <Slot>([even, odd]: Slots<Slot>, version: number): Slot => (version % 2 === 0 ? even : odd);

/** Completes the next version once `write` has filled its slot. */
function publish<Slot>(words: Int32Array, word: number, slots: Slots<Slot>, write: (slot: Slot) => void): void {
  const next = (Atomics.load(words, word) + 1) | 0;
  write(slotOf(slots, next));
  Atomics.store(words, word, next);
}

function readNewest<Slot>(words: Int32Array, word: number, slots: Slots<Slot>, copy: (slot: Slot) => void): void {
  for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt++) {
    const version = Atomics.load(words, word);
    copy(slotOf(slots, version));
    if (Atomics.load(words, word) === version) return;
  }
  throw new Error('the other thread publishes faster than it can be read');
}

function writeReport(report: ServoReport, into: Float64Array): void {
  for (let at = 0; at < REPORT_SIZE; at++) into[at] = report[REPORT_FIELDS[at]!];
}

function readReport(from: Float64Array, report: ServoReport): void {
  for (let at = 0; at < REPORT_SIZE; at++) report[REPORT_FIELDS[at]!] = from[at]!;
}
