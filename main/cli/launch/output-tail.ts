/**
 * Reads what a child process prints without keeping all of it. Whole lines go to a listener; the last lines are kept
 * for a message.
 */
import type { Readable } from 'node:stream';
import { createLineSplitter, createLineTail } from '../../api/processes/output-tail.ts';

const KEPT_LINES = 40;
/** Longer lines are cut, so that endless output takes no memory. */
const LONGEST_LINE = 500;
const TOLD_LINES = 6;
/**
 * Matches the stamp `[process:date/time:LEVEL:file(line)] ` before Chromium's messages. The stamp makes equal messages
 * look different.
 */
const CHROMIUM_STAMP = /^\[[\d:/.]+:[^\]]*\] */;

export function createOutputTail() {
  // Chromium repeats itself, so equal lines count once.
  const tail = createLineTail(KEPT_LINES, { distinct: true });
  const keep = (line: string) => {
    const text = line.slice(0, LONGEST_LINE).replace(CHROMIUM_STAMP, '').trimEnd();
    if (text !== '') tail.add(text);
  };
  return {
    /** Reads the stream to its end. Does not keep this process alive for it. */
    follow: (stream: Readable | null | undefined, line?: (text: string) => void) => {
      if (!stream) return;
      const splitter = createLineSplitter((text) => {
        keep(text);
        line?.(text);
      }, LONGEST_LINE);
      stream.setEncoding('utf8');
      stream.on('data', splitter.feed);
      stream.on('end', splitter.end);
      // The child has ended. Its output is kept, and its exit is reported separately.
      stream.on('error', () => {});
      const unref: unknown = Reflect.get(stream, 'unref');
      if (typeof unref === 'function') unref.call(stream);
    },
    /** Returns the last different lines, indented, one per line; empty when nothing was printed. */
    told: () =>
      tail
        .lines()
        .slice(-TOLD_LINES)
        .map((line) => `\n  ${line}`)
        .join(''),
  };
}
