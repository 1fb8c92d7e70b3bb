/**
 * The results of T1–T11 as a table in `main/learn/README.md`, between its two markers.
 *   node test/slow/behaviour/table.ts            writes it
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Result, type ResultRow, readResults } from './results.ts';

export const README = fileURLToPath(new URL('../../../main/learn/README.md', import.meta.url));
const BEGIN = '<!-- behaviour table: begin (npm run behaviour-table) -->';
const END = '<!-- behaviour table: end -->';

/** The README's text with the table that `results` make. Throws where the markers are missing. */
export function withTable(text: string, results: readonly Result[]): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(
      `main/learn/README.md has no place for the table: put these two lines into it: ${BEGIN} and ${END}`,
    );
  return `${text.slice(0, begin + BEGIN.length)}\n\n${tableOf(results)}\n\n${text.slice(end)}`;
}

function tableOf(results: readonly Result[]): string {
  const rows = results.flatMap(({ id, claim, rows }) => [
    `| **${id}** | **${claim}** | | | |`,
    ...rows.map((row) => `| | ${row.label} | ${meanOf(row)} | ${spreadOf(row)} | ${boundOf(row)} |`),
  ]);
  return ['| | measured | mean (95 % of the mean) | of the seeds | asserted |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

const short = (value: number) => String(Number(value.toPrecision(3)));
const meanOf = ({ mean, low, high }: ResultRow) => `${short(mean)} (${short(low)} … ${short(high)})`;
const spreadOf = ({ values }: ResultRow) => `${short(Math.min(...values))} … ${short(Math.max(...values))}`;

function boundOf({ role, bound, holds }: ResultRow): string {
  switch (role) {
    case 'seen':
      return '';
    case 'claim':
      return `${bound}${holds ? '' : ' **missed**'}`;
    case 'control':
      return `control: ${bound}${holds ? '' : ' **missed**'}`;
    default:
      throw new Error(`no role ${role satisfies never}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(README, withTable(readFileSync(README, 'utf8'), readResults()));
