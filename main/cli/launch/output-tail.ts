/**
 * Reads what a child process prints without keeping all of it. Whole lines go to a listener; the last lines are kept
 * for a message.
 */
import type { Readable } from 'node:stream';

const KEPT_LINES = 40;
/** Longer lines are cut, so that endless output takes no memory. */
const LONGEST_LINE = 500;
const TOLD_LINES = 6;
/**
 * Matches the stamp `[process:date/time:LEVEL:file(line)] ` before Chromium's messages. The stamp makes equal messages
 * look different.
 */
const CHROMIUM_STAMP = /^\[[\d:/.]+:[^\]]*\] */;

export interface OutputTail {
  /** Reads the stream to its end. Does not keep this process alive for it. */
  follow(stream: Readable | null | undefined, line?: (text: string) => void): void;
  /** Returns the last different lines, indented, one per line; empty when nothing was printed. */
  told(): string;
}

export function createOutputTail(): OutputTail {
  const kept: string[] = [];
  const keep = (line: string) => {
    const text = line.replace(CHROMIUM_STAMP, '').trimEnd();
    if (text === '') return;
    // Chromium repeats itself: equal lines count once.
    const before = kept.indexOf(text);
    if (before >= 0) kept.splice(before, 1);
    kept.push(text);
    if (kept.length > KEPT_LINES) kept.shift();
  };
  return {
    follow: (stream, line) => {
      if (!stream) return;
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split(/\r?\n/);
        rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
        for (const whole of lines) {
          keep(whole.slice(0, LONGEST_LINE));
          line?.(whole);
        }
      });
      stream.on('end', () => {
        keep(rest);
        rest = '';
      });
      // The child has ended. Its output is kept, and its exit is reported separately.
      stream.on('error', () => {});
      const unref: unknown = Reflect.get(stream, 'unref');
      if (typeof unref === 'function') unref.call(stream);
    },
    told: () =>
      kept
        .slice(-TOLD_LINES)
        .map((line) => `\n  ${line}`)
        .join(''),
  };
}
