/** Reads what a child process prints without keeping it all: whole lines go to a listener, the last ones stay for a message. */
import type { Readable } from 'node:stream';

const KEPT_LINES = 40;
/** A longer line is cut, so that a program that prints without an end takes no memory. */
const LONGEST_LINE = 500;
const TOLD_LINES = 6;
/** `[process:date/time:LEVEL:file(line)] ` before what Chromium has to say; it makes equal words look different. */
const CHROMIUM_STAMP = /^\[[\d:/.]+:[^\]]*\] */;

export interface OutputTail {
  /** Reads the stream to its end, and does not keep this process alive for it. */
  follow(stream: Readable | null | undefined, line?: (text: string) => void): void;
  /** The last different lines, one a line and indented; empty when nothing was printed. */
  told(): string;
}

export function createOutputTail(): OutputTail {
  const kept: string[] = [];
  const keep = (line: string) => {
    const text = line.replace(CHROMIUM_STAMP, '').trimEnd();
    if (text === '') return;
    // Chromium repeats itself: the same words count once.
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
      // The child is gone; what it had said is kept, and its exit is reported by itself.
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
