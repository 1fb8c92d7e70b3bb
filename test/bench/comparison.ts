/** The tables of `takeover compare` from the sessions kept in `test/slow/comparison.jsonl`; nothing is run. */
import { join } from 'node:path';
import { taskIdSchema } from '../../main/api/task.ts';
import { markdownTable } from '../../main/cli/output.ts';
import type { ComparisonBudget } from '../../main/study/comparison/comparison-key.ts';
import { METHODS, type Method, methodNames } from '../../main/study/comparison/methods.ts';
import { comparisonTable, type MethodResult, readResults, TABLE_HEADER } from '../../main/study/comparison/results.ts';

const KEPT = 'test/slow/comparison.jsonl';

/** Returns a budget that is not that of a method with its own number of demonstrations or episodes. */
function budgetsOf(results: readonly MethodResult[]): ComparisonBudget[] {
  const common = methodNames.filter((name) => {
    const { demonstrations, offlineOnly }: Method = METHODS[name];
    return demonstrations === undefined && !offlineOnly;
  });
  const budgets = results
    .filter(({ method }) => common.some((name) => name === method))
    .map(({ task, demos, episodes, episodesPerRound, selectionEpisodes, reportEpisodes, evaluationNoiseStd }) => ({
      ...{ task, demos, episodes, episodesPerRound, selectionEpisodes, reportEpisodes, evaluationNoiseStd },
    }));
  return [...new Map(budgets.map((budget) => [JSON.stringify(budget), budget])).values()];
}

function commandOf({ task, demos, episodes, ...rest }: ComparisonBudget, methods: readonly string[]): string {
  const { episodesPerRound, selectionEpisodes, reportEpisodes, evaluationNoiseStd } = rest;
  return (
    `npx takeover compare --task ${task} --demos ${demos} --episodes ${episodes} --round ${episodesPerRound} ` +
    `--selection-episodes ${selectionEpisodes} --report-episodes ${reportEpisodes} --noise ${evaluationNoiseStd} ` +
    `--methods ${methods.join(',')} --results ${KEPT}`
  );
}

/** Returns a section per task and budget that has sessions with today's settings, each with its command. */
export function comparisonPage(results: readonly MethodResult[]): string {
  const sections = taskIdSchema.options.flatMap((task) =>
    budgetsOf(results.filter((result) => result.task === task)).flatMap((budget) => {
      const { results: taken, rows } = comparisonTable(results, budget);
      if (rows.length === 0) return [];
      const { demos, episodes } = budget;
      const methods = methodNames.filter((name) => taken.some(({ method }) => method === name));
      const title = `## ${task}: ${demos} demonstrations, ${episodes} corrected episodes`;
      return [[title, '', `\`${commandOf(budget, methods)}\``, '', markdownTable(TABLE_HEADER, rows)].join('\n')];
    }),
  );
  return sections.join('\n\n');
}

export function run(): { readonly name: string; readonly note: string; readonly table: string } {
  const table = comparisonPage(readResults(join(import.meta.dirname, '../..', KEPT)));
  if (table === '') throw new Error(`${KEPT} holds no session with today's settings, so there is no table.`);
  const note =
    'Each section names the command that measured it; sessions that are kept are not run again. Alone: success on the report seeds ' +
    'per training seed, without acting noise (HIL-SERL and RLPD draw their actions), with the ' +
    '95 % interval of all episodes, then each training seed. By hand: the mean share of steps that the scripted operator drove. ' +
    'Wall minutes are those of one of two sessions side by side. Robot minutes: simulated time in which the arm was in use while ' +
    'learning, demonstrations and corrected episodes; evaluations do not count. Successes per 10 robot minutes: of the final policy ' +
    'in the report, with the time of all report episodes, failures and time-outs included. Resets are not simulated. A dash: not ' +
    'recorded. Reward and the end of an episode come from the simulator.';
  return { name: 'comparison', note, table };
}
