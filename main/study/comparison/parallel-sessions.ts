/**
 * Sessions of a comparison side by side, each in a process of its own. They are stopped when this one is asked to stop; a session
 * that was cut off goes on where it was when it is asked for again.
 */
import { spawn } from 'node:child_process';

const LAST_WORDS_CHARACTERS = 500;
/** 128 + SIGTERM, as shells say it. */
const TERMINATED = 143;

export interface SessionKey {
  readonly method: string;
  readonly seed: number;
}

export interface JobOptions<Key extends SessionKey> {
  /** The program's command line, as a path. */
  readonly entry: string;
  /** Started in this order. */
  readonly sessions: readonly Key[];
  /** So many at once. */
  readonly jobs: number;
  /** Everything of `takeover compare` but method and seed. */
  readonly args: readonly string[];
  readonly onDone: (session: Key, left: number) => void;
}

/** Resolves with those that failed and what they said last; the others are in the results file. */
export async function runJobs<Key extends SessionKey>(
  options: JobOptions<Key>,
): Promise<readonly { readonly session: Key; readonly lastWords: string }[]> {
  const queue = [...options.sessions];
  const failed: { readonly session: Key; readonly lastWords: string }[] = [];
  let left = queue.length;
  const worker = async () => {
    for (let session = queue.shift(); session !== undefined; session = queue.shift()) {
      const { code, lastWords } = await runOne(session, options);
      left -= 1;
      if (code !== 0) failed.push({ session, lastWords });
      options.onDone(session, left);
    }
  };
  // without a listener the process would end without its `exit` event, and leave its children alone
  const terminate = () => process.exit(TERMINATED);
  process.once('SIGTERM', terminate);
  await Promise.all(Array.from({ length: options.jobs }, worker));
  process.off('SIGTERM', terminate);
  return failed;
}

function runOne({ method, seed }: SessionKey, { entry, args }: Pick<JobOptions<SessionKey>, 'entry' | 'args'>) {
  const own = ['compare', '--methods', method, '--seeds', String(seed), '--json', ...args];
  const child = spawn(process.execPath, [entry, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = () => {
    child.kill();
  };
  process.once('exit', stop);
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_CHARACTERS);
  });
  return new Promise<{ readonly code: number | undefined; readonly lastWords: string }>((resolve) => {
    child.on('error', (error) => resolve({ code: undefined, lastWords: error.message }));
    child.on('close', (code) => resolve({ code: code ?? undefined, lastWords: lastWords.trim() }));
  }).finally(() => process.off('exit', stop));
}
