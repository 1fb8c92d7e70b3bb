/** `takeover critic`: what a run's critics say of unaided episodes, beside the returns that these had. */
import { writeFileSync } from 'node:fs';
import { UsageError } from '../api/error-words.ts';
import type { CriticBin } from '../study/critic/critic-report.ts';
import type { CriticStudy } from '../study/critic/critic-study.ts';
import { signed } from '../study/statistics.ts';
import { option, parseVerb } from './options/parse-verb.ts';
import { ENCODER } from './options/shared.ts';
import { listOf, noiseNumber, nonEmptyText, wholeNumber } from './options/values.ts';
import { percent, printJson, progressBar, table } from './output.ts';

const OPTIONS = {
  run: option(
    'number of the run (default: the newest)',
    wholeNumber(1, Number.POSITIVE_INFINITY, 'runs are counted from 1').optional(),
  ),
  projects: option(
    'several project folders, with commas, instead of --data: the newest run of each',
    listOf(nonEmptyText).optional(),
  ),
  episodes: option(
    'new episodes of the newest policy alone, instead of those recorded',
    wholeNumber(0, 10_000, 'more returns do not change what their plot shows'),
    0,
  ),
  noise: option('acting noise in new episodes', noiseNumber, 0),
  encoder: ENCODER,
  svg: option('file for a plot of Q against the returns', nonEmptyText.optional()),
};

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('critic', OPTIONS, rest);
  if (!options) return 0;
  const { json, projects, run: runId, encoder, noise, svg, episodes: newEpisodes } = options;
  if (projects && runId !== undefined)
    throw new UsageError('--run: expected without --projects, whose newest runs are read');
  const { panelsOf, studyCritics } = await import('../study/critic/critic-study.ts');
  const { criticMethods } = await import('../study/critic/critic-methods.ts');
  const progress = progressBar('critic', json);
  const studies: CriticStudy[] = [];
  for (const projectFolder of projects ?? [options.data]) {
    const onEpisode = (done: number) => progress.update(done, newEpisodes, projectFolder);
    studies.push(await studyCritics({ projectFolder, runId, encoder, noise, newEpisodes, onEpisode }));
  }
  progress.end();
  const methods = criticMethods(studies.map(({ studied }) => studied));
  const methodOf = (at: number) =>
    methods.flatMap(({ name, own, studies: its }) => (its.includes(at) ? [name, ...own] : [])).join(', ');
  if (svg !== undefined) {
    const { criticPlot } = await import('../study/critic/critic-plot.ts');
    writeFileSync(svg, criticPlot(panelsOf(studies, methods)));
  }
  if (json) {
    const source = newEpisodes > 0 ? 'new' : 'recorded';
    const results = studies.map(({ run, project, step, policy, report }, at) => {
      const method = methodOf(at);
      return { run, project, method, step, policy, source, ...report };
    });
    printJson(projects ? { projects: results } : results[0]);
  } else console.log(inWords(studies, methodOf, newEpisodes));
  return 0;
}

function inWords(studies: readonly CriticStudy[], methodOf: (at: number) => string, newEpisodes: number): string {
  const rows = studies.map(({ run, step, report }, at) => [
    methodOf(at),
    `${run} (${step})`,
    `${report.episodes} (${report.failures?.episodes ?? 0})`,
    String(report.transitions),
    signed(report.bias),
    report.successes ? signed(report.successes.bias) : '–',
    report.failures ? signed(report.failures.bias) : '–',
    report.rmse.toFixed(2),
    report.correlation.toFixed(2),
    percent(report.overestimation),
  ]);
  const [first, ...others] = studies;
  const bins = first && others.length === 0 ? `\n\n${binTable(first.report.bins)}` : '';
  const source =
    newEpisodes > 0
      ? 'New episodes of the newest policy alone, on the selection seeds.'
      : 'Recorded episodes in which nobody helped: nearly all successes, by older policies. --episodes plays new ones.';
  return (
    `${table(HEADER, rows)}${bins}\n\n${source} Q is the least of the critics, bias is mean (Q − return). ` +
    'A time-out counts as never solved. Reward and the end of an episode come from the simulator.'
  );
}

const HEADER = [
  'method',
  'run (updates)',
  'episodes (failures)',
  'steps',
  'bias',
  'of successes',
  'of failures',
  'RMSE',
  'r',
  'too high',
];

const binTable = (bins: readonly CriticBin[]): string =>
  table(
    ['return', 'steps', 'mean Q', 'mean return', 'bias', 'RMSE'],
    bins.map(({ from, to, transitions, meanQ, meanReturn, bias, rmse }) => [
      `${from} to ${to}`,
      String(transitions),
      ...[meanQ, meanReturn, bias, rmse].map((value) => value.toFixed(2)),
    ]),
  );
