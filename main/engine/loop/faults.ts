/** The texts of every fault that makes the arm hold: what happened, what the arm does, and what to do. */
import type { Phase } from '../../api/episode.ts';
import { messageOf } from '../../api/error-words.ts';
import type { SafetyEvent, SafetyLimits } from '../../api/limits.ts';
import type { Room } from '../recording/episode-recorder.ts';
import type { SensorFault } from '../recording/sensor-check.ts';
import type { Alarm } from './watchdog.ts';

export interface LoopFault {
  readonly what: string;
  readonly armDoes: string;
  readonly remedy: string;
}

const HOLDS = 'It holds where it is.';
const KEPT = 'It holds where it is; everything so far is kept.';

/** Describes a fault at which the arm holds where it is, unless `armDoes` says something else. */
export const holding = (what: string, remedy: string, armDoes = HOLDS): LoopFault => ({ what, armDoes, remedy });

/** Measurements of the arm at the moment when safety stopped it. */
export interface Measured {
  readonly forceN: number;
  /** Age of the robot's state. */
  readonly ageMs: number;
}

/**
 * Describes why safety held the arm. Only the first three causes hold it by themselves; the others shorten a motion.
 */
function stopped(cause: SafetyEvent, { forceN, ageMs }: Measured, limits: SafetyLimits): string {
  switch (cause) {
    case 'stop-force':
      return `The tool pushes with ${forceN.toFixed(0)} N; above ${limits.stopForceN} N the arm is stopped.`;
    case 'stale-state':
      return `The robot's state is ${ageMs.toFixed(0)} ms old; at most ${limits.maxStateAgeMs} ms are allowed.`;
    case 'not-finite':
      return 'A command or a measurement of the arm was not a finite number.';
    case 'workspace':
    case 'tilt':
    case 'linear-speed':
    case 'angular-speed':
    case 'lead':
    case 'soft-force':
    case 'gripper-refractory':
      return `Safety stopped the arm: ${cause}.`;
    default:
      return cause satisfies never;
  }
}

export const FAULTS = {
  safety: (cause: SafetyEvent, measured: Measured, limits: SafetyLimits): LoopFault =>
    holding(stopped(cause, measured, limits), 'Look at the cell, move the puck to neutral, then press Resume.'),
  alarm: (alarm: Alarm, maxStateAgeMs: number): LoopFault => {
    switch (alarm.kind) {
      case 'window-lost':
        return holding(
          'The window that held the controls is gone or silent.',
          'Open the window again; press Resume when the puck is at neutral.',
        );
      case 'unwatched':
        return holding(
          'No window watches the arm: the last one is gone or silent.',
          'Open a window and press Resume. To run without one on purpose, start `npx takeover serve --unattended`.',
        );
      case 'state-stale':
        return holding(
          `The robot's state is ${Math.round(alarm.ageMs)} ms old; at most ${maxStateAgeMs} ms are allowed.`,
          'Check the link to the robot; press Resume when the puck is at neutral.',
        );
      default:
        return alarm satisfies never;
    }
  },
  loop: (error: unknown): LoopFault =>
    holding(
      `The control loop failed: ${messageOf(error)}`,
      'Press Resume to reset and go on. Report this message if it comes again.',
      'It holds where it is; the episode is closed as it was recorded.',
    ),
  unforeseen: (error: unknown): LoopFault =>
    holding(
      `A background task of the engine failed: ${messageOf(error)}`,
      'Press Resume to go on. Restart the engine, and report this message, if it comes again.',
    ),
  robot: (error: unknown): LoopFault =>
    holding(
      `The robot does not take commands: ${messageOf(error)}`,
      'Check the link to the robot, then press Resume.',
      'It keeps what it was told last: use the emergency stop if it moves.',
    ),
  capture: (error: unknown): LoopFault =>
    holding(`The cell gave no observation: ${messageOf(error)}`, 'Check cameras and robot, then press Resume.'),
  sensor: ({ sensor, reading }: SensorFault): LoopFault =>
    holding(
      `A sensor fails: ${sensor} ${reading}.`,
      `Check ${sensor} and its cable, then press Resume.`,
      'It holds where it is; the reading is not stored.',
    ),
  lateCapture: (limitMs: number): LoopFault =>
    holding(
      `The cameras took longer than ${Math.round(limitMs)} ms.`,
      'Check the cameras, or lower their rate, then press Resume.',
      'It holds where it is; the episode is closed.',
    ),
  silentPolicy: (ticks: number, deadlineMs: number): LoopFault =>
    holding(
      `The policy missed its deadline of ${deadlineMs} ms in ${ticks} ticks in a row.`,
      'Close other programs or use a smaller policy, then press Resume.',
    ),
  noPolicy: (): LoopFault => holding('No policy is loaded.', 'Choose a policy, or record demonstrations.'),
  badAction: (policy: string): LoopFault =>
    holding(
      `${policy} proposed an action that is not a finite number.`,
      'Press Resume to go on with the last good policy.',
      'It holds where it is; a candidate is reverted.',
    ),
  reset: (error: unknown): LoopFault =>
    holding(`The reset failed: ${messageOf(error)}`, 'Clear the cell, then press Resume to try again.'),
} as const;

/** Faults of a store that takes no steps, by the answer that its recorder gives. */
export const STORE_FAULTS: Readonly<Record<Exclude<Room, 'plenty'>, LoopFault>> = {
  none: holding(
    'Recording cannot keep up with the control loop.',
    'Wait until the store has caught up, then press Resume. A faster disk helps.',
    KEPT,
  ),
  'disk-full': holding(
    'The disk has reached its reserve of free space; recording stopped.',
    'Free some space or choose another project folder, then press Resume.',
    KEPT,
  ),
  unreachable: holding(
    "The project's folder cannot be reached; recording stopped.",
    'Put the folder back where it was, then press Resume.',
    KEPT,
  ),
  stopped: holding("The store's writer has stopped: nothing is recorded any more.", 'Restart the engine.', KEPT),
};

/** Reasons why an episode does not start, each with a remedy. */
export const START_REFUSALS = {
  phase: (phase: Exclude<Phase, 'ready'>) => ({
    message: `An episode starts from READY; this is ${phase.toUpperCase()}.`,
    remedy: BEFORE_READY[phase],
  }),
  noPolicy: { message: 'No policy is loaded.', remedy: 'Choose a policy, or record demonstrations.' },
  stopped: { message: 'The store has stopped: nothing would be recorded.', remedy: 'Restart the engine.' },
  unreachable: {
    message: "The project's folder cannot be reached.",
    remedy: 'Put it back, then start.',
  },
  'disk-full': {
    message: 'The disk has reached its reserve of free space.',
    remedy: 'Free some space, or choose another project folder with --data.',
  },
} as const;

const BEFORE_READY: Readonly<Record<Exclude<Phase, 'ready'>, string>> = {
  resetting: 'Wait until the arm is at its start.',
  running: 'End the episode that runs first.',
  hold: 'Press Resume first.',
};
