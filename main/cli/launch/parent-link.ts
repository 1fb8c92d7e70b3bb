/**
 * For an engine that was started by the shell: stops when asked over the IPC channel, and when the channel closes,
 * which is how it learns that the shell is gone. An engine started from a terminal has no channel, and this does
 * nothing.
 */

/** The part of `process` this needs. */
export interface LinkedProcess {
  readonly connected?: boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'disconnect', listener: () => void): unknown;
  disconnect?(): void;
}

/** Calls `stop` at most once. Returns what lets go of the channel, so that the process can end. */
export function followParent(process: LinkedProcess, stop: (why: 'asked' | 'parent-gone') => void): () => void {
  if (process.connected !== true) return () => {};
  let over = false;
  const once = (why: 'asked' | 'parent-gone') => {
    if (over) return;
    over = true;
    stop(why);
  };
  const onMessage = (message: unknown) => {
    if (typeof message === 'object' && message !== null && Reflect.get(message, 'kind') === 'stop') once('asked');
  };
  const onDisconnect = () => once('parent-gone');
  process.on('message', onMessage);
  process.on('disconnect', onDisconnect);
  return () => {
    over = true;
    process.off('message', onMessage);
    process.off('disconnect', onDisconnect);
    if (process.connected === true) process.disconnect?.();
  };
}
