/**
 * Writes the results of T1–T11 as a table into `test/results/behaviour.md`: `npm run behaviour-table`.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Result, type ResultRow, readResults } from './results.ts';

export const PAGE = fileURLToPath(new URL('../../results/behaviour.md', import.meta.url));

const HEAD = `# The handbook's claims about losses, heads and recipes

Made by \`npm run behaviour-table\` from \`test/slow/behaviour/results.json\`, which \`npm run test:slow\` measures. Each claim is
shown on a toy task with five seeds, or ten where seeds differ widely. A bound holds in every seed unless it says that it is one
on average. A *control* has to come out on the bad side (or, without the difficulty, on the good one): it shows that the task can
be failed. The head of each test in \`test/slow/behaviour/\` says why a bound is where it is.`;

/** The whole page, with the table that `results` make. */
export const pageOf = (results: readonly Result[]): string => `${HEAD}\n\n${tableOf(results)}\n`;

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

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, pageOf(readResults()));
