/**
 * `takeover compare`: every method of the comparison in the cell, several seeds each; a table at the end.
 * Sessions that the results file has with this budget and with today's settings are not run again; an interrupted one goes on where it was.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import type { ComparisonBudget } from '../study/comparison/comparison-key.ts';
import { measure } from '../study/comparison/comparison-session.ts';
import { METHODS, type MethodName, methodNames } from '../study/comparison/methods.ts';
import { PAIRED_HEADER, pairedRows } from '../study/comparison/paired-differences.ts';
import { runJobs } from '../study/comparison/parallel-sessions.ts';
import { appendResult, comparisonTable, isDone, readResults, TABLE_HEADER } from '../study/comparison/results.ts';
import { parseVerb } from './arguments.ts';
import { evaluatedEpisodesSchema, noiseSchema, seedSchema, wholeNumber } from './options.ts';
import { createProgress, markdownTable, printJson, table } from './output.ts';

const ENTRY = fileURLToPath(new URL('./takeover.ts', import.meta.url));

/** Values with commas between them. */
const listOf = <Item>(item: z.ZodType<Item, string>) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item));

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'compare',
    {
      methods: { type: 'string', help: `some of ${methodNames.join(',')} (default: all)` },
      seeds: { type: 'string', help: 'seeds, with commas (default 0,1,2)' },
      demos: { type: 'string', help: 'demonstrations (default 20)' },
      episodes: { type: 'string', help: 'corrected episodes (default 40)' },
      round: { type: 'string', help: 'episodes per round (default 20)' },
      'selection-episodes': { type: 'string', help: 'episodes to choose a checkpoint by (default 20)' },
      'report-episodes': { type: 'string', help: 'episodes of each measurement (default 100)' },
      noise: { type: 'string', help: 'acting noise in evaluations (default 0)' },
      jobs: { type: 'string', help: 'sessions side by side (default 1)' },
      results: { type: 'string', help: 'file of finished sessions (default: comparison.jsonl in the project folder)' },
      'table-only': { type: 'boolean', help: 'print the table of what is there' },
      beside: { type: 'string', help: 'table of the differences of this method to the others, seed by seed' },
      markdown: { type: 'boolean', help: 'the table as Markdown' },
    },
    {
      methods: listOf(z.enum(methodNames)).default(() => [...methodNames]),
      seeds: listOf(seedSchema).default([0, 1, 2]),
      demos: wholeNumber(1, 200, 'a method with five times as many stays within the seeds of demonstrations').default(
        20,
      ),
      episodes: wholeNumber(1, 10_000, 'the seeds of a session end there').default(40),
      round: wholeNumber(1, 1000, 'a round ends with an evaluation').default(20),
      'selection-episodes': evaluatedEpisodesSchema(1000).default(20),
      'report-episodes': evaluatedEpisodesSchema(10_000).default(100),
      noise: noiseSchema.default(0),
      jobs: wholeNumber(1, 64, 'each is a process with a simulator and a trainer of its own').default(1),
      results: z.string().min(1).optional(),
      'table-only': z.boolean().default(false),
      beside: z.enum(methodNames).optional(),
      markdown: z.boolean().default(false),
    },
    rest,
  );
  if (!options) return 0;
  mkdirSync(options.data, { recursive: true });
  const path = options.results ?? join(options.data, 'comparison.jsonl');
  const budget: ComparisonBudget = {
    demos: options.demos,
    episodes: options.episodes,
    episodesPerRound: options.round,
    selectionEpisodes: options['selection-episodes'],
    reportEpisodes: options['report-episodes'],
    evaluationNoiseStd: options.noise,
  };

  const runOne = async (name: MethodName, seed: number): Promise<void> => {
    const progress = createProgress(
      `${name}, seed ${seed}`,
      systemClock,
      options.json && process.stderr.isTTY !== true,
    );
    const result = await measure(join(options.data, `${name}-${seed}`), name, seed, budget, {
      onProgress: (title, done, total, note) => progress.update(done, total, `${title} ${note}`),
      onRound: () => progress.end(),
    });
    progress.end();
    appendResult(path, result);
  };

  const before = readResults(path);
  const open = options['table-only']
    ? []
    : options.seeds
        .flatMap((seed) => options.methods.map((method) => ({ method, seed })))
        .filter(({ method, seed }) => !isDone(before, method, seed, budget));
  if (options.jobs === 1) for (const { method, seed } of open) await runOne(method, seed);
  else {
    const failed = await runJobs({
      entry: ENTRY,
      sessions: open,
      jobs: options.jobs,
      args: commonArguments(options, path),
      onDone: ({ method, seed }, left) => console.error(`${method}, seed ${seed}: over; ${left} to go`),
    });
    for (const { session, lastWords } of failed)
      console.error(`${session.method}, seed ${session.seed} did not finish: ${lastWords}`);
    if (failed.length > 0) return 1;
  }

  const { results, rows, sessions, leftOut } = comparisonTable(readResults(path), budget);
  if (leftOut.sessions > 0)
    console.error(
      `${path}: left out, because they were measured with other values of what is named: ${leftOut.words}.`,
    );
  const [header, shown] =
    options.beside === undefined ? [TABLE_HEADER, rows] : [PAIRED_HEADER, pairedRows(results, options.beside)];
  if (options.json) printJson({ results: path, sessions, rows: shown, leftOut: leftOut.sessions });
  else if (options.markdown) console.log(markdownTable([...header], shown));
  else if (options.beside !== undefined) {
    console.log(table([...header], shown));
    console.log(
      `\n${METHODS[options.beside].title} minus the method of the row: mean over seeds (95\u202f% interval of Student’s t).`,
    );
  } else {
    console.log(table([...TABLE_HEADER], rows));
    console.log(
      `\nAlone: success without help on ${options['report-episodes']} report seeds, acting noise ${options.noise}: mean over seeds (95\u202f% interval of all episodes; ` +
        `each seed). Steps of the successes. Reward and the end of an episode come from the simulator.`,
    );
  }
  return 0;
}

/** What every session of a comparison is called with. */
function commonArguments(
  options: Readonly<
    Record<'demos' | 'episodes' | 'round' | 'selection-episodes' | 'report-episodes' | 'noise', number> & {
      data: string;
    }
  >,
  results: string,
): string[] {
  const names = ['demos', 'episodes', 'round', 'selection-episodes', 'report-episodes', 'noise', 'data'] as const;
  return [...names.flatMap((name) => [`--${name}`, String(options[name])]), '--results', results];
}
