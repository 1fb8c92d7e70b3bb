/**
 * Writes a bench's results into `test/results/`, as a table that names its command. No number there is typed by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../results');

type Row = readonly [what: string, value: string];

/** Nested objects become rows named `outer.inner`; empty lists and unknown values are left out. */
export function rowsOf(measured: Readonly<Record<string, unknown>>, prefix = ''): readonly Row[] {
  return Object.entries(measured).flatMap(([key, value]): readonly Row[] => {
    const what = `${prefix}${key}`;
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return [];
    if (typeof value === 'number') return [[what, String(Number(value.toFixed(3)))]];
    if (Array.isArray(value)) return [[what, value.map(String).join('; ')]];
    if (typeof value === 'object') return rowsOf(Object.fromEntries(Object.entries(value)), `${what}.`);
    return [[what, String(value)]];
  });
}

/** Everything above the table: title, command, and how to read it. */
const headOf = (what: string, command: string, note: string): readonly string[] => [
  `# ${what[0]?.toUpperCase()}${what.slice(1)}`,
  '',
  `Made by \`${command}\`.${note === '' ? '' : ` ${note}`}`,
  '',
];

/** Writes `table`, Markdown, into `test/results/`. Returns the path. `file`: its name without ending. */
export function keepTable(file: string, command: string, what: string, table: string, note = ''): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${file}.md`);
  writeFileSync(path, [...headOf(what, command, note), table, ''].join('\n'));
  return path;
}

/** Writes the measured values as rows. Returns the path of the file. `file`: its name without ending. */
export function keepResult(
  file: string,
  command: string,
  what: string,
  measured: Readonly<Record<string, unknown>>,
): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const table = rowsOf(measured).map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`);
  return keepTable(file, command, what, ['| what | value |', '| --- | --- |', ...table].join('\n'));
}
