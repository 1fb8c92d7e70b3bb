/**
 * Memory shared by the engine's thread and the servo thread: the set-point going in, the measured state coming out.
 * Each block is guarded by a seqlock with one writer: the sequence is odd while it writes, and a reader that saw it change
 * reads again. Nobody ever waits for the other side. Times are on the engine thread's clock, in milliseconds.
 */
import type { Pose } from '../../main/api/geometry.ts';
import { SCENE_BODIES } from './model.ts';
import { READINGS_SIZE } from './readings.ts';

const POSES_SIZE = SCENE_BODIES.length * 7;
const MAX_READ_ATTEMPTS = 10_000;

/** Int32 words: the two sequences, and one that the servo waits on so that it can be woken. */
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
  /** The sequence of the command block: it changed when there is a new command. */
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
  const doubles = COMMAND_SIZE + READINGS_SIZE + STATE_SIZE;
  const size = WORD_COUNT * 4 + doubles * 8 + POSES_SIZE * 4;
  const buffer = existing ?? new SharedArrayBuffer(size);
  const words = new Int32Array(buffer, 0, WORD_COUNT);
  const command = new Float64Array(buffer, WORD_COUNT * 4, COMMAND_SIZE);
  const readingsBlock = new Float64Array(buffer, WORD_COUNT * 4 + COMMAND_SIZE * 8, READINGS_SIZE);
  const state = new Float64Array(buffer, WORD_COUNT * 4 + (COMMAND_SIZE + READINGS_SIZE) * 8, STATE_SIZE);
  const posesBlock = new Float32Array(buffer, WORD_COUNT * 4 + doubles * 8, POSES_SIZE);

  /** Runs `copy` until no write happened meanwhile. The writer never holds the lock for more than microseconds. */
  const readGuarded = (word: number, copy: () => void) => {
    for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt++) {
      const before = Atomics.load(words, word);
      if (before % 2 !== 0) continue;
      copy();
      if (Atomics.load(words, word) === before) return;
    }
    throw new Error('the servo thread stopped in the middle of a write');
  };

  return {
    buffer,
    writeCommand: (next, number, issuedMs) => {
      Atomics.add(words, WORD.command, 1);
      if (next !== 'hold') {
        command.set(next.baseFromTool.positionM, COMMAND.pose);
        command.set(next.baseFromTool.orientation, COMMAND.pose + 3);
        command[COMMAND.rampMs] = next.rampMs;
        command[COMMAND.gripperOpen] = next.gripper === 'open' ? 1 : 0;
      }
      command[COMMAND.isHold] = next === 'hold' ? 1 : 0;
      command[COMMAND.number] = number;
      command[COMMAND.issuedMs] = issuedMs;
      Atomics.add(words, WORD.command, 1);
    },
    commandSequence: () => Atomics.load(words, WORD.command),
    readCommand: (into) => readGuarded(WORD.command, () => into.set(command)),
    writeState: (readings, poses, report) => {
      Atomics.add(words, WORD.state, 1);
      readingsBlock.set(readings);
      posesBlock.set(poses);
      state[STATE.timeMs] = report.timeMs;
      state[STATE.firstUseNumber] = report.firstUseNumber;
      state[STATE.firstUseMs] = report.firstUseMs;
      state[STATE.firstUseIssuedMs] = report.firstUseIssuedMs;
      state[STATE.overruns] = report.overruns;
      state[STATE.droppedMs] = report.droppedMs;
      Atomics.add(words, WORD.state, 1);
    },
    readState: (readings, poses, report) => {
      readGuarded(WORD.state, () => {
        readings.set(readingsBlock);
        poses?.set(posesBlock);
        report.timeMs = state[STATE.timeMs]!;
        report.firstUseNumber = state[STATE.firstUseNumber]!;
        report.firstUseMs = state[STATE.firstUseMs]!;
        report.firstUseIssuedMs = state[STATE.firstUseIssuedMs]!;
        report.overruns = state[STATE.overruns]!;
        report.droppedMs = state[STATE.droppedMs]!;
      });
    },
    sleep: (timeoutMs) => {
      Atomics.wait(words, WORD.wake, Atomics.load(words, WORD.wake), timeoutMs);
    },
    wake: () => {
      Atomics.add(words, WORD.wake, 1);
      Atomics.notify(words, WORD.wake);
    },
  };
}
