/**
 * One step in flight: its actor, and what of the actor's action is executed. Applies actions to the arm through the
 * commander, lets a person take over at once, and keeps account of what was executed.
 *
 * An action is in force from its effect time, edge + effectDelayMs, until the effect time of the next one. A takeover
 * at τ inside the tick sets the set-point to measured pose + human action × f. It is reached at the next effect time,
 * where f = (edge + period + effectDelay − τ) / period, at most 1. What was executed is (1 − f) · policy's + f ·
 * human's.
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
  /** A proposal that arrives later than this after the edge is not used. */
  readonly deadlineMs: number;
  readonly servoPeriodMs: number;
}

export const DEFAULT_TIMING: Timing = { periodMs: 100, effectDelayMs: 30, deadlineMs: 60, servoPeriodMs: 2 };

/** One step of an episode. It is mutable, because it is filled in during its tick and read once, when it is stored. */
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
  /** True when Stop or a fault cut the motion. */
  cut: boolean;
  safety: SafetyEvent[];
}

export function newFlight(edgeMs: number, actor: 'policy' | 'human'): Flight {
  const notYet = { policyAction: undefined, humanAction: undefined, takeoverSubstep: undefined };
  const flags = { idle: false, late: false, cut: false };
  return {
    edgeMs,
    actor,
    executed: new Float32Array(ACTION_SIZE),
    effectDelayMs: undefined,
    ...notYet,
    ...flags,
    safety: [],
  };
}

interface DrivingOptions {
  readonly cell: RobotCell;
  readonly commander: Commander;
  readonly timing: Timing;
  readonly scale: ActionScale;
  readonly mask: () => ActionMask;
  readonly takeover: () => TakeoverSettings;
  readonly teleop: () => TeleopMap;
}

/** A measured opening above this counts as commanded open at the start of an episode. */
const OPEN_ABOVE_M = 0.03;

const effectEndMs = (flight: Flight, timing: Timing) => flight.edgeMs + timing.periodMs + timing.effectDelayMs;
/** Share of a period that is left of the step. */
const fractionLeft = (flight: Flight, timing: Timing, nowMs: number) =>
  Math.min(1, Math.max(0, (effectEndMs(flight, timing) - nowMs) / timing.periodMs));

/** Returns the puck's motion as an action, and whether the person does nothing. */
function humanAction(reading: PuckReading, gripper: number, { cell, mask, takeover, teleop }: DrivingOptions) {
  const neutral = isNeutral(deflectionOf(reading.axes), takeover());
  const twist = neutral ? ([0, 0, 0, 0, 0, 0] as const) : baseTwistFromPuck(reading.axes, teleop());
  const action = masked(actionFromBaseTwist(twist, cell.state().baseFromTool.orientation, gripper), mask());
  return { action, idle: neutral && action.every((value) => value === 0) };
}

export type Driving = ReturnType<typeof createDriving>;

export function createDriving(options: DrivingOptions) {
  const { cell, commander, timing, scale, mask } = options;
  let orientationTarget: Quaternion = IDENTITY;
  let gripperRequest = 0;

  /**
   * Commands `action` for `fraction` of a period. Returns what of it was executed, in full-period units of the
   * fraction; `undefined` when the command cut the step, because the cut has then accounted for what was executed.
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
    return { executed: masked(executed, mask()), held: undefined };
  };
  const applyForPeriod = (flight: Flight, action: Float32Array) => {
    const { executed, held } = command(flight, action, 1, timing.periodMs);
    if (executed) flight.executed = executed;
    return held;
  };
  const rest = () => {
    commander.hold();
    orientationTarget = cell.state().baseFromTool.orientation;
  };

  return {
    begin: (baseFromTool: Pose, gripperOpeningM: number) => {
      orientationTarget = baseFromTool.orientation;
      gripperRequest = 0;
      commander.begin(baseFromTool, gripperOpeningM > OPEN_ABOVE_M ? 'open' : 'close');
    },
    /** Each of the next three returns the safety event that made the arm hold, if one did. */
    applyPolicy: (flight: Flight, action: Float32Array) => applyForPeriod(flight, masked(action, mask())),
    applyHuman: (flight: Flight, reading: PuckReading) => {
      const { action, idle } = humanAction(reading, gripperRequest, options);
      gripperRequest = 0;
      flight.humanAction = action;
      flight.idle = idle;
      return applyForPeriod(flight, action);
    },
    takeOver: (flight: Flight, reading: PuckReading) => {
      const nowMs = cell.clock.nowMs();
      const fraction = fractionLeft(flight, timing, nowMs);
      const { action } = humanAction(reading, gripperRequest, options);
      gripperRequest = 0;
      const { executed, held } = command(flight, action, fraction, Math.max(0, effectEndMs(flight, timing) - nowMs));
      flight.actor = 'mixed';
      flight.humanAction = action;
      flight.takeoverSubstep = Math.max(0, Math.round((nowMs - flight.edgeMs) / timing.servoPeriodMs));
      if (executed) flight.executed = blend(flight.executed, executed, fraction);
      return held;
    },
    /** The arm rests where it is; the step goes on. */
    rest,
    /** Executes nothing of what is left of the tick. Called at Stop and at a fault. */
    cut: (flight: Flight) => {
      rest();
      const nowMs = cell.clock.nowMs();
      flight.executed = blend(flight.executed, new Float32Array(ACTION_SIZE), fractionLeft(flight, timing, nowMs));
      flight.effectDelayMs ??= nowMs - flight.edgeMs;
      // The person did not mean the motion that is left after the cut, so it is no target to imitate.
      if (flight.actor === 'human') flight.idle = true;
      flight.cut = true;
    },
    /** Notes how a person wants the gripper, which the next human command takes up; `undefined` forgets it. */
    requestGripper: (wanted: Gripper | undefined) => {
      gripperRequest = wanted === undefined ? 0 : wanted === 'open' ? 1 : -1;
    },
  };
}
