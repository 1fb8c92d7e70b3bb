/**
 * The last check of every command, policy and human alike. It is one pure function of command, measurement, limits, time
 * and memory. Limits are data, in SI units, per robot. A returned command satisfies every limit; where the arm is
 * measured outside a limit already, the command goes no further out. Limiting twice changes nothing more.
 *
 * It imports the contract only. Its quaternion algebra is its own: a mistake in the algebra that computes a command
 * cannot then hide in the check of that command too. It is software, and no replacement for an emergency stop.
 */
import { add, type Pose, type Quaternion, scale, subtract, type Vec3, type Vec6 } from '../../api/geometry.ts';
import type { SafetyEvent, SafetyLimits } from '../../api/limits.ts';

export interface SafetyCommand {
  readonly baseFromTool: Pose;
  readonly gripper: 'open' | 'close';
  readonly rampMs: number;
}

export interface MeasuredState {
  readonly timeMs: number;
  readonly baseFromTool: Pose;
  readonly wrenchInTool: Vec6;
}

export interface SafetyMemory {
  /** Orientation at the start of the episode. The tilt limit is about its tool axis. */
  readonly resetOrientation: Quaternion;
  /** The gripper command in force. */
  readonly gripper: 'open' | 'close';
  readonly gripperSinceMs: number;
}

/** `hold` commands no motion; `cause` is its reason. */
type SafeCommand =
  | { readonly kind: 'move'; readonly setPoint: SafetyCommand }
  | { readonly kind: 'hold'; readonly cause: SafetyEvent };

interface SafetyVerdict {
  readonly command: SafeCommand;
  readonly events: readonly SafetyEvent[];
  readonly memory: SafetyMemory;
}

/** Slack for rounding, in metres and radians, so that a limited command passes again unchanged. */
const SLACK = 1e-9;

export function limitCommand(
  command: SafetyCommand,
  measured: MeasuredState,
  limits: SafetyLimits,
  nowMs: number,
  memory: SafetyMemory,
): SafetyVerdict {
  const hold = (cause: SafetyEvent): SafetyVerdict => ({ command: { kind: 'hold', cause }, events: [cause], memory });
  if (!isFinitePose(command.baseFromTool) || !isFinitePose(measured.baseFromTool)) return hold('not-finite');
  if (!Number.isFinite(command.rampMs) || command.rampMs < 0) return hold('not-finite');
  if (![measured.timeMs, ...measured.wrenchInTool].every(Number.isFinite)) return hold('not-finite');
  if (nowMs - measured.timeMs > limits.maxStateAgeMs) return hold('stale-state');
  const forceInTool: Vec3 = [measured.wrenchInTool[0], measured.wrenchInTool[1], measured.wrenchInTool[2]];
  if (length(forceInTool) > limits.stopForceN) return hold('stop-force');

  const events: SafetyEvent[] = [];
  const measuredPose = { ...measured.baseFromTool, orientation: unit(measured.baseFromTool.orientation) };
  const forceInBase = rotate(measuredPose.orientation, forceInTool);
  const positionM = limitPosition(command, measuredPose.positionM, forceInBase, limits, events);
  const orientation = limitOrientation(command, measuredPose.orientation, limits, memory.resetOrientation, events);

  const changesGripper = command.gripper !== memory.gripper;
  const tooSoon = changesGripper && nowMs - memory.gripperSinceMs < limits.gripperRefractoryMs;
  if (tooSoon) events.push('gripper-refractory');
  const gripper = tooSoon ? memory.gripper : command.gripper;
  const setPoint: SafetyCommand = { baseFromTool: { positionM, orientation }, gripper, rampMs: command.rampMs };
  return {
    command: { kind: 'move', setPoint },
    events,
    memory: changesGripper && !tooSoon ? { ...memory, gripper, gripperSinceMs: nowMs } : memory,
  };
}

/**
 * Applies contact, box, speed and lead. All four regions are convex and hold the measured point, so shortening keeps
 * them.
 */
function limitPosition(
  command: SafetyCommand,
  from: Vec3,
  forceInBase: Vec3,
  limits: SafetyLimits,
  events: SafetyEvent[],
): Vec3 {
  let to = command.baseFromTool.positionM;
  const force = length(forceInBase);
  const pushedBack = scale(forceInBase, force > 0 ? 1 / force : 0);
  const intoContact = (point: Vec3) => -dot(subtract(point, from), pushedBack);
  const contact = force > limits.softForceN;
  if (contact && intoContact(to) > SLACK) {
    to = add(to, scale(pushedBack, intoContact(to)));
    events.push('soft-force');
  }
  const boxed = clampToBox(to, from, limits);
  if (length(subtract(boxed, to)) > SLACK) {
    to = boxed;
    events.push('workspace');
    // The box removed the motion along the contact, so no motion is left that both allow.
    if (contact && intoContact(to) > SLACK) to = from;
  }
  const speedReachM = (limits.maxLinearMPerSec * command.rampMs) / 1000;
  if (length(subtract(to, from)) > speedReachM + SLACK) {
    to = shorten(from, to, speedReachM);
    events.push('linear-speed');
  }
  if (length(subtract(to, from)) > limits.maxSetPointLeadM + SLACK) {
    to = shorten(from, to, limits.maxSetPointLeadM);
    events.push('lead');
  }
  return to;
}

/** Clamps to the box, grown to a measured point that lies outside: inwards is always allowed, outwards never. */
function clampToBox(point: Vec3, measured: Vec3, limits: SafetyLimits): Vec3 {
  const axis = (index: 0 | 1 | 2) => {
    const low = Math.min(limits.workspaceLowM[index], measured[index]);
    const high = Math.max(limits.workspaceHighM[index], measured[index]);
    return Math.min(high, Math.max(low, point[index]));
  };
  return [axis(0), axis(1), axis(2)];
}

function limitOrientation(
  command: SafetyCommand,
  from: Quaternion,
  limits: SafetyLimits,
  reset: Quaternion,
  events: SafetyEvent[],
): Quaternion {
  let to = unit(command.baseFromTool.orientation);
  const resetAxis = toolAxis(reset);
  const tiltOf = (orientation: Quaternion) => angleOf(resetAxis, toolAxis(orientation));
  const maxTiltRad = Math.max(limits.maxTiltRad, tiltOf(from));
  if (tiltOf(to) > maxTiltRad + SLACK) {
    to = tiltBack(to, resetAxis, maxTiltRad);
    events.push('tilt');
  }
  const speedReachRad = (limits.maxAngularRadPerSec * command.rampMs) / 1000;
  if (turnBetween(from, to) > speedReachRad + SLACK) {
    to = turnTowards(from, to, speedReachRad);
    events.push('angular-speed');
  }
  if (turnBetween(from, to) > limits.maxSetPointLeadRad + SLACK) {
    to = turnTowards(from, to, limits.maxSetPointLeadRad);
    if (!events.includes('lead')) events.push('lead');
  }
  // A shortened turn may leave the cone on its way, so it is stopped where it leaves.
  if (tiltOf(to) > maxTiltRad + SLACK) {
    let inside = 0;
    let outside = 1;
    for (let round = 0; round < 40; round++) {
      const middle = (inside + outside) / 2;
      if (tiltOf(slerp(from, to, middle)) > maxTiltRad) outside = middle;
      else inside = middle;
    }
    to = slerp(from, to, inside);
    if (!events.includes('tilt')) events.push('tilt');
  }
  return to;
}

/**
 * Turns the tool's axis straight back into the cone of `maxRad` about `resetAxis`; the turn about the tool's own axis
 * stays.
 */
function tiltBack(orientation: Quaternion, resetAxis: Vec3, maxRad: number): Quaternion {
  const axis = toolAxis(orientation);
  const normal = cross(axis, resetAxis);
  const size = length(normal);
  // A tool that points straight the other way has no shortest way back, so any axis across will do.
  const hinge: Vec3 = size > 1e-9 ? scale(normal, 1 / size) : perpendicular(axis);
  const half = (angleOf(axis, resetAxis) - maxRad) / 2;
  const back: Quaternion = [...scale(hinge, Math.sin(half)), Math.cos(half)];
  return unit(multiply(back, orientation));
}

const isFinitePose = (pose: Pose) =>
  [...pose.positionM, ...pose.orientation].every(Number.isFinite) && Math.hypot(...pose.orientation) > 1e-6;

const dot = (a: Vec3, b: Vec3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const length = (a: Vec3) => Math.hypot(a[0], a[1], a[2]);
const perpendicular = (a: Vec3): Vec3 => {
  const across = cross(a, Math.abs(a[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]);
  return scale(across, 1 / length(across));
};
const shorten = (from: Vec3, to: Vec3, maxM: number): Vec3 => {
  const step = subtract(to, from);
  return add(from, scale(step, maxM / length(step)));
};
const angleOf = (a: Vec3, b: Vec3) => Math.atan2(length(cross(a, b)), dot(a, b));

/** Scales to unit length. A unit quaternion is returned as it is, so that limiting twice changes nothing. */
const unit = (q: Quaternion): Quaternion => {
  const size = Math.hypot(q[0], q[1], q[2], q[3]);
  return Math.abs(size - 1) < 1e-12 ? q : [q[0] / size, q[1] / size, q[2] / size, q[3] / size];
};
const multiply = (a: Quaternion, b: Quaternion): Quaternion => [
  a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
  a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
  a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3],
  a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
];
const rotate = (q: Quaternion, v: Vec3): Vec3 => {
  const axis: Vec3 = [q[0], q[1], q[2]];
  const twice = scale(cross(axis, v), 2);
  return add(add(v, scale(twice, q[3])), cross(axis, twice));
};
/** Returns the tool's z axis in the base frame. */
const toolAxis = (q: Quaternion) => rotate(unit(q), [0, 0, 1]);
const turnBetween = (a: Quaternion, b: Quaternion) => {
  const [x, y, z, w] = multiply([-a[0], -a[1], -a[2], a[3]], b);
  return 2 * Math.atan2(Math.hypot(x, y, z), Math.abs(w));
};
const turnTowards = (from: Quaternion, to: Quaternion, maxRad: number) =>
  slerp(from, to, maxRad / turnBetween(from, to));
function slerp(from: Quaternion, to: Quaternion, fraction: number): Quaternion {
  const cosine = from[0] * to[0] + from[1] * to[1] + from[2] * to[2] + from[3] * to[3];
  const sign = cosine < 0 ? -1 : 1;
  const angle = Math.acos(Math.min(1, Math.abs(cosine)));
  const sine = Math.sin(angle);
  const a = sine > 1e-9 ? Math.sin((1 - fraction) * angle) / sine : 1 - fraction;
  const b = (sign * (sine > 1e-9 ? Math.sin(fraction * angle) : fraction)) / (sine > 1e-9 ? sine : 1);
  return unit([a * from[0] + b * to[0], a * from[1] + b * to[1], a * from[2] + b * to[2], a * from[3] + b * to[3]]);
}
