/**
 * The output of the verbs: progress goes to standard error; tables and one JSON object in the last line to standard
 * output.
 */
import { type Clock, systemClock } from '../api/clock.ts';

const BAR_CHARACTERS = 28;
const REDRAW_MS = 200;
const LINE_EVERY_MS = 10_000;

export interface Progress {
  update(done: number, total: number, note: string): void;
  end(): void;
}

/** The progress of a verb. With `--json` it shows only on a terminal, where nothing reads it as output. */
export const progressBar = (title: string, json: boolean): Progress =>
  createProgress(title, systemClock, json && process.stderr.isTTY !== true);

/** A bar on a terminal, and a line every 10 s elsewhere. Silent when `quiet`. */
export function createProgress(title: string, clock: Clock, quiet: boolean): Progress {
  const terminal = process.stderr.isTTY === true;
  let nextMs = 0;
  let drawn = false;
  return {
    update: (done, total, note) => {
      if (quiet || (clock.nowMs() < nextMs && done < total)) return;
      nextMs = clock.nowMs() + (terminal ? REDRAW_MS : LINE_EVERY_MS);
      const fraction = total > 0 ? Math.min(1, done / total) : 0;
      const filled = Math.round(fraction * BAR_CHARACTERS);
      const text = `${title} ${'\u2588'.repeat(filled)}${'\u2591'.repeat(BAR_CHARACTERS - filled)} ${done}/${total} ${note}`;
      process.stderr.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`);
      drawn = true;
    },
    end: () => {
      if (drawn && terminal) process.stderr.write('\n');
      drawn = false;
    },
  };
}

/** Aligns columns by width. The caller formats numbers. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '\u2500'.repeat(width))), ...rows.map(line)].join('\n');
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value));
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
