/**
 * Runs sessions of a comparison side by side, each in a process of its own. The processes are stopped when this one is
 * asked to stop. A session that was cut off is resumed when it is run again.
 */
import { spawn } from 'node:child_process';
import { signalChild } from '../../api/processes/signal-child.ts';
import { endOf } from '../../runs/launchers/child-end.ts';
import type { MethodName } from './methods.ts';

const LAST_WORDS_CHARACTERS = 500;
/** Exit status after SIGTERM, as shells report it: 128 + 15. */
const TERMINATED = 143;

export interface MethodSession {
  readonly method: MethodName;
  readonly seed: number;
}

interface ParallelOptions {
  /** Path of the program's command line. */
  readonly entry: string;
  /** The sessions, in the order in which they are started. */
  readonly sessions: readonly MethodSession[];
  /** Number of sessions that run at once. */
  readonly jobs: number;
  /** Arguments of `takeover compare` other than method and seed. */
  readonly args: readonly string[];
  readonly onDone: (session: MethodSession, left: number) => void;
}

/** Resolves with the sessions that failed. The others are in the results file. */
export async function runParallel(options: ParallelOptions) {
  const queue = [...options.sessions];
  const failed: { readonly session: MethodSession; readonly lastWords: string }[] = [];
  let left = queue.length;
  const worker = async () => {
    for (let session = queue.shift(); session !== undefined; session = queue.shift()) {
      const { code, lastWords } = await runOne(session, options);
      left -= 1;
      if (code !== 0) failed.push({ session, lastWords: lastWords.trim() });
      options.onDone(session, left);
    }
  };
  // Without a listener, SIGTERM would end the process without its `exit` event, and the children would go on.
  const terminate = () => process.exit(TERMINATED);
  process.once('SIGTERM', terminate);
  await Promise.all(Array.from({ length: options.jobs }, worker));
  process.off('SIGTERM', terminate);
  return failed;
}

function runOne({ method, seed }: MethodSession, { entry, args }: ParallelOptions) {
  const own = ['compare', '--methods', method, '--seeds', String(seed), '--json', ...args];
  const child = spawn(process.execPath, [entry, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = () => {
    signalChild(child, 'SIGTERM');
  };
  process.once('exit', stop);
  return endOf(child, LAST_WORDS_CHARACTERS).finally(() => process.off('exit', stop));
}
