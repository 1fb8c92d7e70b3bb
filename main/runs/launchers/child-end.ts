/** Follows a child process to its end, and describes the end of a child that did not report it. */
import type { ChildProcess } from 'node:child_process';
import { followTail } from '../../api/processes/output-tail.ts';

export interface ChildEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The last lines of its error output. */
  readonly lastWords: string;
}

/** Resolves with how a child ended, also when it could not be started. Never rejects. */
export function endOf(child: ChildProcess, lastWordsCharacters = 2000): Promise<ChildEnd> {
  const lastWords = followTail(child.stderr, lastWordsCharacters);
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ code: undefined, signal: undefined, lastWords: message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined, lastWords: lastWords() }),
    );
  });
}

/** `what`: the process, as the subject of a sentence. `memory`: how to make it need less memory. */
export function endWords(what: string, { code, signal, lastWords }: ChildEnd, memory: string) {
  const said = lastWords.trim();
  const how = signal ?? (code === undefined ? 'not started' : `code ${code}`);
  const lacksMemory = signal === 'SIGKILL' || /out of memory|bad_alloc/i.test(said);
  const reason =
    signal === 'SIGKILL'
      ? 'it was killed, which a system does when memory runs out'
      : signal !== undefined
        ? 'it was stopped from outside, or crashed'
        : 'it did not say why';
  return {
    message: `${what} ended (${how}): ${said === '' ? reason : said}`,
    remedy: lacksMemory
      ? `Close other programs, or ${memory}, and start it again.`
      : 'Start it again, and report this message if it comes again.',
  };
}

/** Advice that makes a trainer need less memory. */
export const SMALLER_RUN = 'choose a smaller batchSize (`npx takeover finetune --settings`)';
