/**
 * One step in flight: who acts in it and what of their action is executed. Applies actions to the arm through the commander,
 * lets a person take over at once, and keeps the books of what was executed.
 *
 * An action is in force from its effect time, edge + effectDelayMs, until the next one's. A takeover at τ inside the tick sets
 * the set-point to measured pose + human action × fraction, reached at the next effect time, with
 * fraction f = (edge + period + effectDelay − τ) / period, at most 1: what was executed is (1 − f) · policy's + f · human's.
 */

import type { PuckReading, RobotCell } from '../../../native/device.ts';
import { ACTION_SIZE, type ActionMask, type ActionScale, type Actor } from '../../api/action.ts';
import { IDENTITY, type Pose, type Quaternion } from '../../api/geometry.ts';
import type { SafetyEvent } from '../../api/limits.ts';
import { baseTwistFromPuck, deflectionOf, isNeutral, type TakeoverSettings, type TeleopMap } from '../../api/teleop.ts';
import type { Commander } from './commander.ts';
import { actionFromBaseTwist, blend, executedAction, type Gripper, masked, targetFromAction } from './set-point.ts';

export interface Timing {
  readonly periodMs: number;
  readonly effectDelayMs: number;
  /** A proposal later than this after the edge is not used. */
  readonly deadlineMs: number;
  readonly servoPeriodMs: number;
}

export const DEFAULT_TIMING: Timing = { periodMs: 100, effectDelayMs: 30, deadlineMs: 60, servoPeriodMs: 2 };

/** Mutable on purpose: it is filled in during its tick and read once, when it is recorded. */
export interface Flight {
  readonly edgeMs: number;
  actor: Actor;
  idle: boolean;
  executed: Float32Array;
  policyAction: Float32Array | undefined;
  humanAction: Float32Array | undefined;
  takeoverSubstep: number | undefined;
  effectDelayMs: number | undefined;
  late: boolean;
  /** Motion was cut by Stop or by a fault. */
  cut: boolean;
  safety: SafetyEvent[];
}

export interface Driving {
  begin(baseFromTool: Pose, gripperOpeningM: number): void;
  newFlight(edgeMs: number, actor: 'policy' | 'human'): Flight;
  /** Each returns the safety event that made the arm hold, if one did. */
  applyPolicy(flight: Flight, action: Float32Array): SafetyEvent | undefined;
  applyHuman(flight: Flight, reading: PuckReading): SafetyEvent | undefined;
  takeOver(flight: Flight, reading: PuckReading): SafetyEvent | undefined;
  /** The arm rests where it is; the step goes on. */
  rest(): void;
  /** Stop or fault: nothing of what is left of the tick is executed. */
  cut(flight: Flight): void;
  /** A person wants the gripper so; taken up by the next human command. */
  requestGripper(command: Gripper): void;
  forgetGripperRequest(): void;
}

/** Measured opening above this counts as commanded open, at an episode's start. */
const OPEN_ABOVE_M = 0.03;

export function createDriving(options: {
  readonly cell: RobotCell;
  readonly commander: Commander;
  readonly timing: Timing;
  readonly scale: ActionScale;
  readonly mask: ActionMask;
  readonly takeover: () => TakeoverSettings;
  readonly teleop: () => TeleopMap;
}): Driving {
  const { cell, commander, timing, scale, mask } = options;
  let orientationTarget: Quaternion = IDENTITY;
  let gripperRequest = 0;

  const fractionLeft = (flight: Flight, nowMs: number) =>
    Math.min(1, Math.max(0, (effectEndMs(flight) - nowMs) / timing.periodMs));
  const effectEndMs = (flight: Flight) => flight.edgeMs + timing.periodMs + timing.effectDelayMs;

  /**
   * Commands `action` for `fraction` of a period; answers what of it was executed, in full-period units of the fraction.
   * Undefined where the arm refused the command: then the step was cut, which has booked what was executed.
   */
  const command = (flight: Flight, action: Float32Array, fraction: number, rampMs: number) => {
    const measured = cell.state().baseFromTool;
    const context = { measured, orientationTarget, gripper: commander.gripper(), scale };
    const requested = targetFromAction(action, context, fraction);
    const sent = commander.send({ ...requested, rampMs });
    for (const event of sent.events) if (!flight.safety.includes(event)) flight.safety.push(event);
    flight.effectDelayMs ??= cell.clock.nowMs() - flight.edgeMs;
    if (flight.cut) return { executed: undefined, held: undefined };
    if (sent.kind === 'held') {
      orientationTarget = measured.orientation;
      return { executed: new Float32Array(ACTION_SIZE), held: sent.cause };
    }
    const executed = fraction > 0 ? executedAction(action, context, requested, sent.setPoint, fraction) : action;
    orientationTarget = sent.setPoint.baseFromTool.orientation;
    return { executed: masked(executed, mask), held: undefined };
  };

  const humanAction = (reading: PuckReading) => {
    const neutral = isNeutral(deflectionOf(reading.axes), options.takeover());
    const twist = neutral ? ([0, 0, 0, 0, 0, 0] as const) : baseTwistFromPuck(reading.axes, options.teleop());
    const orientation = cell.state().baseFromTool.orientation;
    const action = masked(actionFromBaseTwist(twist, orientation, gripperRequest), mask);
    gripperRequest = 0;
    return { action, idle: neutral && action.every((value) => value === 0) };
  };

  return {
    begin: (baseFromTool, gripperOpeningM) => {
      orientationTarget = baseFromTool.orientation;
      gripperRequest = 0;
      commander.begin(baseFromTool.orientation, gripperOpeningM > OPEN_ABOVE_M ? 'open' : 'close');
    },
    newFlight: (edgeMs, actor) => ({
      edgeMs,
      actor,
      idle: false,
      executed: new Float32Array(ACTION_SIZE),
      policyAction: undefined,
      humanAction: undefined,
      takeoverSubstep: undefined,
      effectDelayMs: undefined,
      late: false,
      cut: false,
      safety: [],
    }),
    applyPolicy: (flight, action) => {
      const { executed, held } = command(flight, masked(action, mask), 1, timing.periodMs);
      if (executed) flight.executed = executed;
      return held;
    },
    applyHuman: (flight, reading) => {
      const { action, idle } = humanAction(reading);
      flight.humanAction = action;
      flight.idle = idle;
      const { executed, held } = command(flight, action, 1, timing.periodMs);
      if (executed) flight.executed = executed;
      return held;
    },
    takeOver: (flight, reading) => {
      const nowMs = cell.clock.nowMs();
      const fraction = fractionLeft(flight, nowMs);
      const { action } = humanAction(reading);
      const rampMs = Math.max(0, effectEndMs(flight) - nowMs);
      const { executed, held } = command(flight, action, fraction, rampMs);
      flight.actor = 'mixed';
      flight.humanAction = action;
      flight.takeoverSubstep = Math.max(0, Math.round((nowMs - flight.edgeMs) / timing.servoPeriodMs));
      if (executed) flight.executed = blend(flight.executed, executed, fraction);
      return held;
    },
    rest: () => {
      commander.hold();
      orientationTarget = cell.state().baseFromTool.orientation;
    },
    cut: (flight) => {
      commander.hold();
      orientationTarget = cell.state().baseFromTool.orientation;
      flight.executed = blend(flight.executed, new Float32Array(ACTION_SIZE), fractionLeft(flight, cell.clock.nowMs()));
      flight.effectDelayMs ??= cell.clock.nowMs() - flight.edgeMs;
      // What is left of her motion is not what she meant: it is no target to imitate.
      if (flight.actor === 'human') flight.idle = true;
      flight.cut = true;
    },
    requestGripper: (wanted) => {
      gripperRequest = wanted === 'open' ? 1 : -1;
    },
    forgetGripperRequest: () => {
      gripperRequest = 0;
    },
  };
}
