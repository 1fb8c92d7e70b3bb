/**
 * Watches three signals while the arm may move: the robot's state, the window that holds the controls, and, unless
 * unattended, the last window that watches. A silent puck is handled by its driver, which reads as zero after 100 ms.
 * Pure over the times that it is given. The control loop asks at every tick's edge and at every effect time.
 */
interface WatchdogLimits {
  /** Robot state older than this means hold. */
  readonly maxStateAgeMs: number;
  /** The arm holds when the controlling window, or all windows together, are silent for longer than this. */
  readonly maxHeartbeatAgeMs: number;
}

/** Limit while the person at the window drives, whose hand has gone silent. */
const DRIVING_HEARTBEAT_AGE_MS = 500;
/** Limit while a policy drives: longer, so that a page that stalls in drawing does not stop every episode. */
const WATCHING_HEARTBEAT_AGE_MS = 2000;
/** Limit in a simulated cell, where nobody can be hurt and the first pictures without a GPU may take seconds. */
export const WATCHING_SIMULATION_AGE_MS = 10_000;

/**
 * Returns how long a controlling window may be silent. In simulation a busy computer must not end an episode; the puck
 * reads as zero long before.
 */
export function maxHeartbeatAge(simulated: boolean, humanDrives: boolean): number {
  if (simulated) return WATCHING_SIMULATION_AGE_MS;
  return humanDrives ? DRIVING_HEARTBEAT_AGE_MS : WATCHING_HEARTBEAT_AGE_MS;
}

export interface Watched {
  readonly stateTimeMs: number;
  /** Time of the newest heartbeat of the window that holds the controls; `undefined` while no window does. */
  readonly heartbeatMs: number | undefined;
  /** Time of the newest heartbeat of any window; `undefined` while none is open. */
  readonly watchedMs: number | undefined;
  /** True when the arm was allowed to move while no window watches. */
  readonly unattended: boolean;
}

export type Alarm =
  | { readonly kind: 'state-stale'; readonly ageMs: number }
  | { readonly kind: 'window-lost'; readonly silentMs: number }
  /** `silentMs` is infinite when no window is open. */
  | { readonly kind: 'unwatched'; readonly silentMs: number };

export function watch(watched: Watched, limits: WatchdogLimits, nowMs: number): Alarm | undefined {
  const ageMs = nowMs - watched.stateTimeMs;
  if (!(ageMs <= limits.maxStateAgeMs)) return { kind: 'state-stale', ageMs };
  const holderSilentMs = watched.heartbeatMs === undefined ? 0 : nowMs - watched.heartbeatMs;
  if (holderSilentMs > limits.maxHeartbeatAgeMs) return { kind: 'window-lost', silentMs: holderSilentMs };
  if (watched.unattended) return undefined;
  const silentMs = watched.watchedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - watched.watchedMs;
  return silentMs > limits.maxHeartbeatAgeMs ? { kind: 'unwatched', silentMs } : undefined;
}
