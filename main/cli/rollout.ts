/** `takeover rollout`: runs episodes headless, recorded like any others. */
import { z } from 'zod';
import { observationKindSchema } from '../api/observation.ts';
import { option, parseVerb } from './options/parse-verb.ts';
import { ENCODER, POLICY_NOISE, TASK } from './options/shared.ts';
import { nonEmptyText, recordedEpisodes } from './options/values.ts';
import { percent, printJson, progressBar } from './output.ts';

const OPTIONS = {
  policy: option('starter, scripted, or a policy of this project such as run-2/1200', nonEmptyText, 'starter'),
  operator: option('none or scripted: who corrects the policy', z.enum(['none', 'scripted']), 'none'),
  episodes: option('how many', recordedEpisodes(100_000), 10),
  task: TASK,
  observation: option(
    'pixels, state or blind (default: what the policy was trained with)',
    observationKindSchema.optional(),
  ),
  'success-by': option(
    'simulator, or classifier: the newest of this project ends episodes as a success',
    z.enum(['simulator', 'classifier']),
    'simulator',
  ),
  encoder: ENCODER,
  noise: POLICY_NOISE,
};

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('rollout', OPTIONS, rest);
  if (!options) return 0;
  const { rollOut } = await import('../study/rollout.ts');
  const progress = progressBar('rollout', options.json);
  const result = await rollOut(
    { ...options, projectFolder: options.data, successBy: options['success-by'] },
    (done, successes) => progress.update(done, options.episodes, `${successes} solved`),
  );
  progress.end();
  if (options.json) printJson(result);
  else
    console.log(
      `${result.successes} of ${result.episodes} episodes solved, ${percent(result.interventionRate)} of the steps by the operator; ` +
        `${result.transitions} transitions (${result.rlTransitions} to the RL buffer, ${result.demoTransitions} to the demo buffer); ` +
        `${result.realTimeFactor.toFixed(1)}\u202f\u00d7 real time`,
    );
  return 0;
}
