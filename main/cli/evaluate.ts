/** `takeover evaluate`: measures a policy alone, on seeds that nothing was trained or chosen on, with the interval. */
import { z } from 'zod';
import { madeFromInWords } from '../api/policy.ts';
import { taskIdSchema } from '../api/task.ts';
import { CONDITIONS } from '../engine/headless-rig.ts';
import type { RecipeMeasures } from '../study/recipe-measures.ts';
import { option, parseVerb } from './options/parse-verb.ts';
import { ENCODER, POLICY_NOISE } from './options/shared.ts';
import { evaluatedEpisodes, nonEmptyText } from './options/values.ts';
import { percent, printJson, progressBar } from './output.ts';

const OPTIONS = {
  policy: option('starter, or a policy of this project such as run-2/1200', nonEmptyText, 'starter'),
  episodes: option('how many', evaluatedEpisodes(100_000), 50),
  range: option(
    'selection or report: which seeds; choose on selection, quote report',
    z.enum(['selection', 'report']),
    'selection',
  ),
  noise: POLICY_NOISE,
  conditions: option(
    'usual, or light, colour, camera: other than the encoder was made for',
    z.enum(CONDITIONS),
    'usual',
  ),
  encoder: ENCODER,
  task: option('insert, pick-insert or lift (default: what the policy is for)', taskIdSchema.optional()),
};

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('evaluate', OPTIONS, rest);
  if (!options) return 0;
  const { evaluatePolicy } = await import('../study/evaluation.ts');
  const progress = progressBar('evaluate', options.json);
  const { policy, noise, evaluation, recipe, madeFrom } = await evaluatePolicy(
    { ...options, projectFolder: options.data },
    (done, { successes }) => progress.update(done, options.episodes, `${successes} solved`),
  );
  progress.end();
  if (options.json) {
    printJson({ policy, ...evaluation, ...recipe?.measures });
    return 0;
  }
  const [low, high] = evaluation.ci95;
  console.log(
    `${policy}: ${evaluation.successes} of ${evaluation.episodes} on the ${options.range} seeds without help = ${percent(evaluation.successRate)} ` +
      `(95\u202f% interval ${percent(low)} to ${percent(high)}), ${evaluation.meanSteps.toFixed(1)} steps where it succeeded, acting noise ${noise}. ` +
      `Reward and the end of an episode come from the simulator.`,
  );
  if (madeFrom) console.log(`${policy}: ${madeFromInWords(madeFrom)}.`);
  if (recipe) console.log(`${recipe.recipe.title}: ${inWords(recipe.measures)}${recipe.recipe.metric.words}`);
  return 0;
}

function inWords({ rmsJerk, planning }: RecipeMeasures): string {
  const motion = rmsJerk === undefined ? '' : `rms jerk ${rmsJerk.toFixed(3)} per tick². `;
  if (!planning) return motion;
  return `${motion}planning ${planning.medianMs.toFixed(2)} ms, 99 % within ${planning.p99Ms.toFixed(2)} ms. `;
}
