/**
 * Memory shared by the engine's thread and the servo thread: the set-point going in, the measured state coming out.
 * Each block has one writer and two places: number n is written to place n mod 2 and counts once it is complete, so a writer that
 * the system stops in the middle leaves the last number readable. A reader during whose copy a number was completed reads again.
 * Nobody ever waits for the other side. Times are on the engine thread's clock, in milliseconds.
 */
import type { Pose } from '../../main/api/geometry.ts';
import { SCENE_BODIES } from './model.ts';
import { READINGS_SIZE } from './readings.ts';

const POSES_SIZE = SCENE_BODIES.length * 7;
const PLACES = 2;
/** A copy takes microseconds and a new number comes every millisecond: even the second attempt is rare. */
const MAX_READ_ATTEMPTS = 1000;

/** Int32 words: how many commands and states were completed, and one that the servo waits on so that it can be woken. */
const WORD = { command: 0, state: 1, wake: 2 } as const;
const WORD_COUNT = 4;

/** Doubles of the command block. */
const COMMAND = { pose: 0, rampMs: 7, gripperOpen: 8, isHold: 9, number: 10, issuedMs: 11 } as const;
const COMMAND_SIZE = 12;

/** Doubles of the state block, after the readings. */
const STATE = { timeMs: 0, firstUseNumber: 1, firstUseMs: 2, firstUseIssuedMs: 3, overruns: 4, droppedMs: 5 } as const;
const STATE_SIZE = 6;

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
  timeMs: number;
  /** Times that the servo was so late that it dropped time, and how much in all. */
  overruns: number;
  droppedMs: number;
  firstUseNumber: number;
  firstUseMs: number;
  firstUseIssuedMs: number;
}

export function emptyReport(): ServoReport {
  return { timeMs: 0, overruns: 0, droppedMs: 0, firstUseNumber: 0, firstUseMs: 0, firstUseIssuedMs: 0 };
}

export interface SharedState {
  readonly buffer: SharedArrayBuffer;
  writeCommand(command: Command | 'hold', number: number, issuedMs: number): void;
  /** How many commands were completed: it changed when there is a new one. */
  commandSequence(): number;
  /** Calls back with the newest command's numbers: pose at 0, then as in `COMMAND`. */
  readCommand(into: Float64Array): void;
  writeState(readings: Float64Array, poses: Float32Array, report: ServoReport): void;
  readState(readings: Float64Array, poses: Float32Array | undefined, report: ServoReport): void;
  /** Sleeps until woken, at most `timeoutMs`. Not on the main thread. */
  sleep(timeoutMs: number): void;
  wake(): void;
}

export { COMMAND, COMMAND_SIZE };

export function createSharedState(existing?: SharedArrayBuffer): SharedState {
  const stateDoubles = READINGS_SIZE + STATE_SIZE;
  const doubles = PLACES * (COMMAND_SIZE + stateDoubles);
  const buffer = existing ?? new SharedArrayBuffer(WORD_COUNT * 4 + doubles * 8 + PLACES * POSES_SIZE * 4);
  const words = new Int32Array(buffer, 0, WORD_COUNT);
  const doublesAt = (offset: number, count: number) => new Float64Array(buffer, WORD_COUNT * 4 + offset * 8, count);
  const places = <Place>(make: (place: number) => Place): readonly [Place, Place] => [make(0), make(1)];
  const commands = places((place) => doublesAt(place * COMMAND_SIZE, COMMAND_SIZE));
  const states = places((place) => {
    const offset = PLACES * COMMAND_SIZE + place * stateDoubles;
    return {
      readings: doublesAt(offset, READINGS_SIZE),
      report: doublesAt(offset + READINGS_SIZE, STATE_SIZE),
      poses: new Float32Array(buffer, WORD_COUNT * 4 + doubles * 8 + place * POSES_SIZE * 4, POSES_SIZE),
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
        report.firstUseNumber = state.report[STATE.firstUseNumber]!;
        report.firstUseMs = state.report[STATE.firstUseMs]!;
        report.firstUseIssuedMs = state.report[STATE.firstUseIssuedMs]!;
        report.overruns = state.report[STATE.overruns]!;
        report.droppedMs = state.report[STATE.droppedMs]!;
      }),
    sleep: (timeoutMs) => {
      Atomics.wait(words, WORD.wake, Atomics.load(words, WORD.wake), timeoutMs);
    },
    wake: () => {
      Atomics.add(words, WORD.wake, 1);
      Atomics.notify(words, WORD.wake);
    },
  };
}
