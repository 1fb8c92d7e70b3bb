/** The newest lines of a log, in memory, and the splitting of a byte stream into lines. Bounded in both directions. */

export interface LogTail {
  add(line: string): void;
  lines(): readonly string[];
}

export function createLogTail(limit = 80, longestLine = 2_000): LogTail {
  const kept: string[] = [];
  return {
    add: (line) => {
      kept.push(line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);
      if (kept.length > limit) kept.shift();
    },
    lines: () => [...kept],
  };
}

/** Calls `line` for each whole line fed to it; `end` gives the unfinished rest. */
export function createLineSplitter(line: (text: string) => void, longest = 1_000_000) {
  let rest = '';
  return {
    feed: (text: string) => {
      const parts = (rest + text).split(/\r?\n/);
      rest = (parts.pop() ?? '').slice(-longest);
      for (const part of parts) line(part);
    },
    end: () => {
      if (rest !== '') line(rest);
      rest = '';
    },
  };
}
