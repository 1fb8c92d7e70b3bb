/**
 * `takeover finetune`: one stage of training on what the project holds, in the foreground. Ctrl+C keeps what was
 * checkpointed.
 */
import { expectProject } from '../../data/database.ts';
import { backendSchema, DEFAULT_BACKEND, type RunSpec, stageSchema } from '../api/run.ts';
import { STARTER, starterNameFor } from '../models/assets.ts';
import { encoderFor, mapsOf } from '../runs/encoder-choice.ts';
import { checkSettings, LEARNING, learningOf } from './options/learning.ts';
import { option, parseVerb, type VerbOptions } from './options/parse-verb.ts';
import { OBSERVATION, TASK } from './options/shared.ts';
import { nonEmptyText, threadsAlone, threadsNumber, wholeNumber } from './options/values.ts';
import { printJson, progressBar } from './output.ts';

const DEFAULT_ONLINE_STEPS = 5000;

const OPTIONS = {
  ...LEARNING,
  stage: option(
    'offline or online (default offline); online from a policy without critics, such as an imitated one, they are new',
    stageSchema.default('offline'),
  ),
  steps: option(
    `actor updates (default: the preset's offline number, or ${DEFAULT_ONLINE_STEPS} online)`,
    wholeNumber(1, Number.POSITIVE_INFINITY, 'a run makes at least one update').optional(),
  ),
  from: option('policy to start from, such as starter or run-1/1000 (default: fresh weights)', nonEmptyText.optional()),
  task: TASK,
  observation: OBSERVATION,
  backend: option(
    `what computes it: ${backendSchema.options.join(', ')} (default ${DEFAULT_BACKEND})`,
    backendSchema.optional(),
  ),
  threads: option(
    `threads that learn (here ${threadsAlone()}); beside a robot that moves, 1`,
    threadsNumber.default(threadsAlone()),
  ),
};

function specOf(options: VerbOptions<typeof OPTIONS>): RunSpec {
  const { stage, task, observation, seed, settings, backend, from } = options;
  const steps = options.steps ?? (stage === 'online' ? DEFAULT_ONLINE_STEPS : undefined);
  return {
    ...{ ...learningOf(options), stage, task, observation, seed },
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(backend !== undefined && { backend }),
    ...(steps !== undefined && { steps }),
    ...(from !== undefined && { startFrom: from === STARTER ? starterNameFor(task) : from }),
  };
}

const warn = (text: string) => console.error(`takeover finetune: ${text}`);

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('finetune', OPTIONS, rest);
  if (!options) return 0;
  const spec = specOf(options);
  const { observation, encoder, data: projectFolder } = options;
  await checkSettings(spec, mapsOf(observation, encoder));
  expectProject(projectFolder);
  const { startForegroundRun } = await import('../runs/foreground-run.ts');
  const started = await startForegroundRun({
    projectFolder,
    spec,
    threads: options.threads,
    encoderManifestPath: encoderFor(observation, encoder, projectFolder),
    warn,
  });
  const progress = progressBar(`run ${started.id}`, options.json);
  process.once('SIGINT', started.cancel);
  const ended = started.result(({ step, steps, updatesPerSec }) =>
    progress.update(step, steps ?? step, `updates, ${updatesPerSec.toFixed(1)}/s`),
  );
  const { policy, warning, ...result } = await ended.finally(() => {
    process.removeListener('SIGINT', started.cancel);
    progress.end();
  });
  if (warning !== undefined) warn(warning);
  if (options.json) printJson({ run: started.id, checkpoint: policy?.name ?? '', ...result });
  else
    console.log(
      `run ${started.id}: ${result.steps} actor updates in ${result.wallSec.toFixed(1)} s; the policy is ${policy?.name ?? 'not published: the run was cancelled'}`,
    );
  return 0;
}
