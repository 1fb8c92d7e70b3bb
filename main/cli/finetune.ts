/** `takeover finetune`: one stage of training on what the project holds, in the foreground. Ctrl+C keeps what was checkpointed. */
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { inWords } from '../api/error-words.ts';
import { observationKindSchema } from '../api/observation.ts';
import {
  algorithmSchema,
  backendSchema,
  DEFAULT_BACKEND,
  presetSchema,
  type RunSpec,
  type RunStatus,
  recipeSchema,
  stageSchema,
} from '../api/run.ts';
import { taskIdSchema } from '../api/task.ts';
import { recipeOf, recipes } from '../learn/recipes/recipe-registry.ts';
import { endWords, SMALLER_RUN } from '../runs/launchers/child-end.ts';
import { limitNow } from '../runs/launchers/granted-trainer.ts';
import { launchLocalTrainer } from '../runs/launchers/local-process.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { nothingToLearn } from '../runs/readiness.ts';
import { openRunRows } from '../runs/run-rows.ts';
import { ENCODER_HELP, encoderFor } from '../study/encoder-option.ts';
import { storedEpisodes } from '../study/stored-episodes.ts';
import { parseVerb, settingsSchema } from './arguments.ts';
import { wholeNumber } from './number-option.ts';
import { createProgress, printJson } from './output.ts';
import { checkSettings } from './settings-option.ts';
import { threadsAlone, threadsSchema } from './threads-option.ts';

const DEFAULT_ONLINE_STEPS = 5000;

/** PPO reinforces only by what its own policies did: what is stored of others teaches it as demonstrations do. */
const CLONING =
  'clones the demonstrations, and reinforces nothing: that needs new episodes of its own policies. `npx takeover hil --recipe rl-fine-tune` goes on to them.';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'finetune',
    {
      algorithm: { type: 'string', help: 'conrft, cal-ql, rlpd, hil-serl, imitation or ppo (default conrft)' },
      preset: { type: 'string', help: 'cell, paper or released-code, as far as the algorithm has it (default cell)' },
      recipe: {
        type: 'string',
        help: `algorithm, preset and settings at once: ${recipes()
          .map(({ name }) => name)
          .join(', ')}`,
      },
      settings: { type: 'string', help: 'settings that differ from the preset, as JSON: \'{"online": {"beta": 1}}\'' },
      encoder: { type: 'string', help: ENCODER_HELP },
      stage: {
        type: 'string',
        help: 'offline or online (default offline); online from a policy without critics, such as an imitated one, they are new',
      },
      steps: {
        type: 'string',
        help: `actor updates (default: the preset's offline number, or ${DEFAULT_ONLINE_STEPS} online)`,
      },
      from: { type: 'string', help: 'policy to start from, such as starter or run-1/1000 (default: fresh weights)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      observation: { type: 'string', help: 'pixels, state or blind (default pixels)' },
      backend: {
        type: 'string',
        help: `what computes it: ${backendSchema.options.join(', ')} (default ${DEFAULT_BACKEND})`,
      },
      threads: { type: 'string', help: `threads that learn (here ${threadsAlone()}); beside a robot that moves, 1` },
    },
    {
      algorithm: algorithmSchema.optional(),
      preset: presetSchema.optional(),
      recipe: recipeSchema.optional(),
      settings: settingsSchema,
      encoder: z.string().min(1).optional(),
      stage: stageSchema.default('offline'),
      steps: wholeNumber(1, Number.POSITIVE_INFINITY, 'a run makes at least one update').optional(),
      from: z.string().min(1).optional(),
      task: taskIdSchema.default('insert'),
      observation: observationKindSchema.default('pixels'),
      backend: backendSchema.optional(),
      threads: threadsSchema.default(threadsAlone()),
    },
    rest,
  );
  if (!options) return 0;
  const recipe = options.recipe && recipeOf(options.recipe);
  const steps = options.steps ?? (options.stage === 'online' ? DEFAULT_ONLINE_STEPS : undefined);
  const spec: RunSpec = {
    algorithm: options.algorithm ?? recipe?.algorithm ?? 'conrft',
    preset: options.preset ?? recipe?.preset ?? 'cell',
    ...(recipe && { recipe: recipe.name }),
    stage: options.stage,
    task: options.task,
    observation: options.observation,
    seed: options.seed,
    ...(Object.keys(options.settings).length === 0 ? {} : { settings: options.settings }),
    ...(options.backend === undefined ? {} : { backend: options.backend }),
    ...(steps === undefined ? {} : { steps }),
    ...(options.from === undefined ? {} : { startFrom: options.from }),
  };
  const encoderManifestPath = encoderFor(options.observation, options.encoder);
  checkSettings(spec, encoderManifestPath);
  const limit = await limitNow(options.data);
  if (limit.throughEpisodeId === 0)
    throw new Error(
      `${options.data} holds no finished episodes: there is nothing to learn from. Record some: \`npx takeover demo\`.`,
    );
  const lack = nothingToLearn(spec, await storedEpisodes(options.data));
  if (lack) throw new Error(`${lack.message} ${lack.remedy}`);
  if (spec.algorithm === 'ppo' && spec.stage === 'offline')
    console.error(`takeover finetune: the offline stage of ppo ${CLONING}`);
  await using rows = openRunRows(options.data, encoderManifestPath);
  if (spec.startFrom !== undefined) {
    const misfit = await rows.misfit(spec, findPolicy(options.data, spec.startFrom).manifestPath);
    if (misfit !== undefined)
      throw new Error(`${spec.startFrom} does not fit: ${misfit}. Name another policy with --from, or leave it out.`);
  }
  const runId = await rows.createRun(spec);
  const startMs = systemClock.nowMs();
  const progress = createProgress(`run ${runId}`, systemClock, options.json && process.stderr.isTTY !== true);
  const trainer = launchLocalTrainer({
    projectFolder: options.data,
    runId,
    spec,
    threads: options.threads,
    pace: 'granted',
    encoderManifestPath,
  });
  let status: RunStatus | undefined;
  let failure: string | undefined;
  let policy: string | undefined;
  let reinforced = false;
  trainer.onMessage((message) => {
    switch (message.kind) {
      case 'progress':
        status = message.status;
        progress.update(status.step, status.steps ?? status.step, `updates, ${status.updatesPerSec.toFixed(1)}/s`);
        return;
      case 'block':
        policy = message.policy;
        reinforced = 'ownSteps' in message.metrics;
        return trainer.send({ kind: 'finish' });
      case 'failed':
        failure = inWords(message);
        return;
      case 'published':
      case 'finished':
        return;
      default:
        return message satisfies never;
    }
  });
  const cancel = () => trainer.send({ kind: 'cancel' });
  process.once('SIGINT', cancel);
  trainer.send({ kind: 'grant', ...limit, updates: steps });
  const end = await trainer.ended;
  process.removeListener('SIGINT', cancel);
  progress.end();
  if (failure !== undefined) throw new Error(failure);
  if (end.code !== 0) {
    const { message, remedy } = endWords('the trainer', end, SMALLER_RUN);
    throw new Error(`${message}. ${remedy}`);
  }
  if (spec.algorithm === 'ppo' && spec.stage === 'online' && policy !== undefined && !reinforced)
    console.error(`takeover finetune: no episode here is one of its own policies, so ppo ${CLONING}`);
  const wallSec = (systemClock.nowMs() - startMs) / 1000;
  const result = {
    run: runId,
    checkpoint: policy ?? '',
    steps: status?.step ?? 0,
    updatesPerSec: status?.updatesPerSec ?? 0,
    wallSec,
  };
  if (options.json) printJson(result);
  else
    console.log(
      `run ${runId}: ${result.steps} actor updates in ${wallSec.toFixed(1)} s; the policy is ${result.checkpoint || 'not published: the run was cancelled'}`,
    );
  return 0;
}
