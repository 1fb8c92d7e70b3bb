/**
 * Ends a child process in any state: SIGTERM first, then SIGKILL when the child has not ended in time. A suspended
 * process does not handle SIGTERM, so callers wait here for the end.
 */
import type { Clock } from '../../api/clock.ts';
import { type SignalledChild, signalChild } from '../../api/processes/signal-child.ts';

/** The part of Node's `ChildProcess` that is used. */
interface EndableChild extends SignalledChild {
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  once(event: 'exit' | 'error', listener: () => void): unknown;
}

/** Time for a child to save its state. An engine that is asked to end has five seconds for all children. */
const END_GRACE_MS = 1500;
/** Time to wait after SIGKILL. A child that is still there is then left to the system. */
const GIVE_UP_MS = 1000;

/** Resolves when the child is gone, at the latest after `graceMs` and one second. Calling it twice is harmless. */
export async function endChild(child: EndableChild, clock: Clock, graceMs: number = END_GRACE_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = Promise.withResolvers<void>();
  child.once('exit', () => gone.resolve());
  // A child that could not be started or signalled emits no 'exit'.
  child.once('error', () => gone.resolve());
  if (graceMs > 0) signalChild(child, 'SIGTERM');
  const startMs = clock.nowMs();
  const cancelKill = clock.at(startMs + graceMs, () => signalChild(child, 'SIGKILL'));
  const cancelWait = clock.at(startMs + graceMs + GIVE_UP_MS, () => gone.resolve());
  await gone.promise;
  cancelKill();
  cancelWait();
}
