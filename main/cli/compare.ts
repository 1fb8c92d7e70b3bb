/**
 * `takeover compare`: runs every method of the comparison on a task of the cell, several seeds each, and prints a table.
 * Sessions that the results file holds with this budget and today's settings are not run again. An interrupted session
 * is resumed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeProjectFolder } from '../../data/file-trouble.ts';
import type { ComparisonBudget } from '../study/comparison/comparison-key.ts';
import { METHODS, methodNames } from '../study/comparison/methods.ts';
import { flag, option, parseVerb, type VerbOptions } from './options/parse-verb.ts';
import { TASK } from './options/shared.ts';
import { evaluatedEpisodes, listOf, noiseNumber, nonEmptyText, seedNumber, wholeNumber } from './options/values.ts';
import { markdownTable, printJson, progressBar, table } from './output.ts';

const ENTRY = fileURLToPath(new URL('./takeover.ts', import.meta.url));

const OPTIONS = {
  task: TASK,
  methods: option(
    `some of ${methodNames.join(',')} (default: all)`,
    listOf(z.enum(methodNames)).default(() => [...methodNames]),
  ),
  seeds: option('seeds, with commas', listOf(seedNumber), [0, 1, 2]),
  demos: option(
    'demonstrations',
    wholeNumber(1, 200, 'a method with five times as many stays within the seeds of demonstrations'),
    20,
  ),
  episodes: option('corrected episodes', wholeNumber(1, 10_000, 'the seeds of a session end there'), 40),
  round: option('episodes per round', wholeNumber(1, 1000, 'a round ends with an evaluation'), 20),
  'selection-episodes': option('episodes to choose a checkpoint by', evaluatedEpisodes(1000), 20),
  'report-episodes': option('episodes of each measurement', evaluatedEpisodes(10_000), 100),
  noise: option('acting noise in evaluations', noiseNumber, 0),
  jobs: option(
    'sessions side by side',
    wholeNumber(1, 64, 'each is a process with a simulator and a trainer of its own'),
    1,
  ),
  results: option(
    'file of finished sessions (default: comparison.jsonl in the project folder)',
    nonEmptyText.optional(),
  ),
  'table-only': flag('print the table of what is there for the task'),
  beside: option('table of the differences of this method to the others, seed by seed', z.enum(methodNames).optional()),
  markdown: flag('the table as Markdown'),
};
type CompareOptions = VerbOptions<typeof OPTIONS>;

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('compare', OPTIONS, rest);
  if (!options) return 0;
  const resultsPath = options.results ?? join(options.data, 'comparison.jsonl');
  const budget: ComparisonBudget = {
    task: options.task,
    demos: options.demos,
    episodes: options.episodes,
    episodesPerRound: options.round,
    selectionEpisodes: options['selection-episodes'],
    reportEpisodes: options['report-episodes'],
    evaluationNoiseStd: options.noise,
  };
  if (options['table-only']) expectResults(resultsPath);
  else if (!(await runSessions(options, resultsPath, budget))) return 1;
  await printTable(options, resultsPath, budget);
  return 0;
}

function expectResults(path: string): void {
  if (existsSync(path)) return;
  throw new Error(
    `There is no results file ${path}. Name one with --data or --results, or run sessions without --table-only.`,
  );
}

/** Returns false when a session failed. */
async function runSessions(options: CompareOptions, resultsPath: string, budget: ComparisonBudget): Promise<boolean> {
  const { runInTurn, runSideBySide } = await import('../study/comparison/run-comparison.ts');
  const { data: projectFolder, methods, seeds, jobs, json } = options;
  const request = { projectFolder, resultsPath, methods, seeds, budget };
  makeProjectFolder(projectFolder);
  if (jobs === 1) {
    await runInTurn(request, ({ method, seed }) => {
      const progress = progressBar(`${budget.task}, ${method}, seed ${seed}`, json);
      return {
        onProgress: (title, done, total, note) => progress.update(done, total, `${title} ${note}`),
        onRound: progress.end,
        onEnd: progress.end,
      };
    });
    return true;
  }
  const failed = await runSideBySide(request, ENTRY, jobs, ({ method, seed }, left) =>
    console.error(`${method}, seed ${seed}: over; ${left} to go`),
  );
  for (const { session, lastWords } of failed)
    console.error(`${session.method}, seed ${session.seed} did not finish: ${lastWords}`);
  return failed.length === 0;
}

async function printTable(options: CompareOptions, resultsPath: string, budget: ComparisonBudget): Promise<void> {
  const { comparisonTable, readResults, TABLE_HEADER } = await import('../study/comparison/results.ts');
  const { PAIRED_HEADER, pairedRows } = await import('../study/comparison/paired-differences.ts');
  const { results, rows, sessions, leftOut } = comparisonTable(readResults(resultsPath), budget);
  if (leftOut.sessions > 0)
    console.error(
      `${resultsPath}: left out, because they were measured with other values of what is named: ${leftOut.words}.`,
    );
  const { beside, json, markdown } = options;
  const [header, shown] = beside === undefined ? [TABLE_HEADER, rows] : [PAIRED_HEADER, pairedRows(results, beside)];
  if (json)
    return printJson({ task: budget.task, results: resultsPath, sessions, rows: shown, leftOut: leftOut.sessions });
  if (markdown) return console.log(markdownTable(header, shown));
  console.log(table(header, shown));
  console.log(
    beside === undefined
      ? `\nAlone: success without help on ${budget.reportEpisodes} report seeds, acting noise ${budget.evaluationNoiseStd}: mean over seeds (95\u202f% interval of all episodes; ` +
          `each seed). Steps of the successes. Robot minutes: simulated time in which the arm was in use while learning, ` +
          `demonstrations included. Successes per 10 robot minutes: in the report, with the time of all its episodes. ` +
          `Resets are not simulated. Reward and the end of an episode come from the simulator.`
      : `\n${METHODS[beside].title} minus the method of the row: mean over seeds (95\u202f% interval of Student’s t).`,
  );
}
