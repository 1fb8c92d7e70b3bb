/**
 * Keeps the end of what a child process prints, for the message about how it ended. Bounded, whatever the child
 * prints.
 */

/** The part of Node's `Readable` that is used. */
interface TextStream {
  setEncoding(encoding: 'utf8'): unknown;
  on(event: 'data', listener: (text: string) => void): unknown;
}

/** Reads a stream to its end. Returns a function that gives its newest `maxCharacters`. */
export function followTail(stream: TextStream | null | undefined, maxCharacters: number): () => string {
  let tail = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text) => {
    tail = (tail + text).slice(-maxCharacters);
  });
  return () => tail;
}

/** Keeps the newest `maxLines` lines. With `distinct`, a repeated line counts once. */
export function createLineTail(maxLines: number, { distinct = false } = {}) {
  const kept: string[] = [];
  return {
    add: (line: string): void => {
      const before = distinct ? kept.indexOf(line) : -1;
      if (before >= 0) kept.splice(before, 1);
      kept.push(line);
      if (kept.length > maxLines) kept.shift();
    },
    /** Returns the newest lines, oldest first. */
    lines: (): readonly string[] => [...kept],
  };
}

/** Calls `line` for each line of a stream of text. Keeps at most `maxCharacters` of a line that is not yet complete. */
export function createLineSplitter(line: (text: string) => void, maxCharacters: number) {
  let rest = '';
  return {
    feed: (text: string): void => {
      const lines = (rest + text).split(/\r?\n/);
      rest = (lines.pop() ?? '').slice(0, maxCharacters);
      for (const whole of lines) line(whole);
    },
    /** Gives the last line when it has no line break. Call it at the end of the stream. */
    end: (): void => {
      if (rest !== '') line(rest);
      rest = '';
    },
  };
}
