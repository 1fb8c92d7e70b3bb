/**
 * The end of a child process, whatever state it is in: it is asked with SIGTERM, and killed when it has not gone in time. A process that
 * was stopped does not hear SIGTERM, so whoever ends a child waits here instead of trusting it.
 */
import type { Clock } from '../api/clock.ts';

/** The part of Node's `ChildProcess` that is used. */
export interface EndableChild {
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  kill(signal: NodeJS.Signals): boolean;
  once(event: 'exit' | 'error', listener: () => void): unknown;
}

/** How long a child may take to put its things in order. An engine that is asked to end has five seconds for all of them. */
export const END_GRACE_MS = 1500;
/** A killed child is gone by then, or it is the system's to bury. */
const GIVE_UP_MS = 1000;

/** Resolves when the child is gone, at the latest after `graceMs` and one second. Calling it twice is harmless. */
export async function endChild(child: EndableChild, clock: Clock, graceMs: number = END_GRACE_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = Promise.withResolvers<void>();
  child.once('exit', () => gone.resolve());
  // One that could not be started, or not be signalled: there is no 'exit' to wait for.
  child.once('error', () => gone.resolve());
  if (graceMs > 0) child.kill('SIGTERM');
  const startMs = clock.nowMs();
  const cancelKill = clock.at(startMs + graceMs, () => child.kill('SIGKILL'));
  const cancelWait = clock.at(startMs + graceMs + GIVE_UP_MS, () => gone.resolve());
  await gone.promise;
  cancelKill();
  cancelWait();
}
