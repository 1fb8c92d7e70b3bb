/**
 * Starts a trainer as a child process at the lowest priority. It may be killed at any time, because its checkpoints are
 * atomic.
 */
import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { signalChild } from '../../api/processes/signal-child.ts';
import { type FromTrainer, fromTrainerSchema } from '../../api/processes/trainer-messages.ts';
import { endOf } from './child-end.ts';
import type { RunLauncher } from './launcher.ts';

const ENTRY = fileURLToPath(new URL('../../learn/run/trainer-process.ts', import.meta.url));
const LAST_WORDS_CHARACTERS = 4000;

export const launchLocalTrainer: RunLauncher = (config) => {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  // The settings go through a pipe, because the arguments of a process are limited in size. 'close' reports a trainer
  // that died before it read them, with its last lines.
  child.stdin?.on('error', () => {});
  child.stdin?.end(JSON.stringify(config));
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, constants.priority.PRIORITY_LOW);
    } catch {
      // The child lowers its own priority too. A system that forbids both runs the trainer at normal priority.
    }
  }
  const listeners = new Set<(message: FromTrainer) => void>();
  child.on('message', (raw) => {
    const parsed = fromTrainerSchema.safeParse(raw);
    const message: FromTrainer = parsed.success
      ? parsed.data
      : {
          kind: 'failed',
          message: `the trainer sent what cannot be read: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''}`,
          remedy: 'Start a new run. Report this message if it comes again.',
        };
    for (const listener of [...listeners]) listener(message);
    if (!parsed.success) signalChild(child, 'SIGKILL');
  });
  const ended = endOf(child, LAST_WORDS_CHARACTERS);
  return {
    send: (message) => {
      // A channel that is closing reports through 'close', with the last words.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ended,
    kill: () => signalChild(child, 'SIGKILL'),
  };
};
