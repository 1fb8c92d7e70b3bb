/**
 * The policy process as a child process: forked, reached over IPC, and killed if necessary. Its messages are passed on
 * unchecked.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../api/clock.ts';
import type { ToPolicyProcess } from '../../api/processes/policy-messages.ts';
import { endChild } from './end-child.ts';

/** The part of a child process that is used. A test replaces it with its own. */
export interface PolicyChild {
  send(message: ToPolicyProcess): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (why: string) => void): void;
  /** Kills the process at once in any state, because it keeps nothing that would be lost. Resolves when it is gone. */
  kill(): Promise<void>;
}

export function spawnPolicyProcess(): PolicyChild {
  const entry = fileURLToPath(new URL('../../policy/policy-process.ts', import.meta.url));
  const child: ChildProcess = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    send: (message) => {
      // A channel that is closing reports its error through 'exit'.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onExit: (listener) => {
      child.once('exit', (code, signal) => listener(signal ? `was ended by ${signal}` : `ended with code ${code}`));
      child.once('error', (error) => listener(`failed: ${error.message}`));
    },
    kill: () => endChild(child, systemClock, 0),
  };
}
