/**
 * What must not go silent while the arm may move: the robot's state, and the window that holds the controls. A puck's own
 * silence is its driver's affair (it reads as zero after 100 ms). Pure over the times it is told; the control loop asks at
 * every tick's edge and at every effect time.
 */
export interface WatchdogLimits {
  /** Robot state older than this means hold. */
  readonly maxStateAgeMs: number;
  /** A controlling window silent for longer than this means hold. */
  readonly maxHeartbeatAgeMs: number;
}

/** While the person at the window drives: her hand is what went silent. (Her puck reads as zero after 100 ms already.) */
export const DRIVING_HEARTBEAT_AGE_MS = 500;
/** While a policy drives under her eyes: longer, so that a page that stalls in drawing does not stop every episode. */
export const WATCHING_HEARTBEAT_AGE_MS = 2000;
/** The same in a simulated cell, where nobody can be hurt and the first pictures without a GPU may take seconds. */
export const WATCHING_SIMULATION_AGE_MS = 10_000;

/** How long a controlling window may be silent. In simulation a busy computer must not end an episode; her puck reads as zero long before. */
export function maxHeartbeatAge(simulated: boolean, humanDrives: boolean): number {
  if (simulated) return WATCHING_SIMULATION_AGE_MS;
  return humanDrives ? DRIVING_HEARTBEAT_AGE_MS : WATCHING_HEARTBEAT_AGE_MS;
}

export interface Watched {
  readonly stateTimeMs: number;
  /** Newest proof of life of the window that holds the controls; undefined while no window does. */
  readonly heartbeatMs: number | undefined;
}

export type Alarm =
  | { readonly kind: 'state-stale'; readonly ageMs: number }
  | { readonly kind: 'window-lost'; readonly silentMs: number };

export function watch(watched: Watched, limits: WatchdogLimits, nowMs: number): Alarm | undefined {
  const ageMs = nowMs - watched.stateTimeMs;
  if (!(ageMs <= limits.maxStateAgeMs)) return { kind: 'state-stale', ageMs };
  if (watched.heartbeatMs === undefined) return undefined;
  const silentMs = nowMs - watched.heartbeatMs;
  return silentMs > limits.maxHeartbeatAgeMs ? { kind: 'window-lost', silentMs } : undefined;
}
