/**
 * Sends a signal to a child process. Right after a failed start, Node's `kill` reads a process number that was never set, and
 * the signal may reach any process: with 0 the whole group of this one. A child without a number therefore gets none.
 */

/** The part of Node's `ChildProcess` that is used. `pid` is undefined when the program could not be started. */
export interface SignalledChild {
  readonly pid?: number | undefined;
  kill(signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

/** Returns true when the signal was sent. */
export function signalChild(child: SignalledChild, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  return child.pid !== undefined && child.kill(signal);
}
