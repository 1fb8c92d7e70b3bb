/**
 * `takeover demo`: records demonstrations into the demo buffer. A scripted operator drives; with `--live` a person
 * does, in the window.
 */
import { flag, option, parseVerb } from './options/parse-verb.ts';
import { OBSERVATION, TASK } from './options/shared.ts';
import { recordedEpisodes } from './options/values.ts';
import { printJson, progressBar } from './output.ts';

const OPTIONS = {
  episodes: option('successful demonstrations to record', recordedEpisodes(10_000), 20),
  task: TASK,
  observation: OBSERVATION,
  live: flag('record by hand: opens the window in Demonstrate mode'),
};

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('demo', OPTIONS, rest);
  if (!options) return 0;
  const { data, task, observation, json, seed, episodes: count } = options;
  if (options.live) {
    const { serve } = await import('./serve.ts');
    return serve({ data, task, json, mode: 'demonstrate', window: true, port: 0 });
  }
  const { recordDemonstrations } = await import('../study/demonstrations.ts');
  const progress = progressBar('demonstrations', json);
  const result = await recordDemonstrations({ projectFolder: data, task, observation, seed, count }, (done) =>
    progress.update(done, count, ''),
  );
  progress.end();
  if (json) printJson(result);
  else
    console.log(
      `${result.demonstrations} demonstrations (${result.transitions} transitions) of ${result.attempts} attempts in ${result.wallSec.toFixed(1)} s`,
    );
  return 0;
}
