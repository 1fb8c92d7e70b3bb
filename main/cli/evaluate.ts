/** `takeover evaluate`: a policy alone, on seeds that nothing was trained or chosen on, with the interval. Records nothing. */
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { createRng } from '../api/rng.ts';
import { taskIdSchema } from '../api/task.ts';
import { CONDITIONS } from '../engine/headless-rig.ts';
import type { Measure, Recipe } from '../learn/recipes/recipe.ts';
import { recipeOf } from '../learn/recipes/recipe-registry.ts';
import { ENCODER_HELP } from '../runs/encoder-choice.ts';
import { findPolicy, type RegisteredPolicy } from '../runs/policy-registry.ts';
import { evaluate } from '../study/evaluation.ts';
import { type PlanningTime, planningTime } from '../study/planning-time.ts';
import { rmsJerk } from '../study/recipe-measures.ts';
import { episodeOf, openSession } from '../study/session.ts';
import { parseVerb } from './arguments.ts';
import { evaluatedEpisodesSchema, noiseSchema } from './options.ts';
import { createProgress, percent, printJson } from './output.ts';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'evaluate',
    {
      policy: { type: 'string', help: 'starter, or a policy of this project such as run-2/1200 (default starter)' },
      episodes: { type: 'string', help: 'how many (default 50)' },
      range: {
        type: 'string',
        help: 'selection or report: which seeds; choose on selection, quote report (default selection)',
      },
      noise: { type: 'string', help: 'standard deviation of acting noise (default: what the policy asks for)' },
      conditions: {
        type: 'string',
        help: 'usual, or light, colour, camera: other than the encoder was made for (default usual)',
      },
      encoder: { type: 'string', help: ENCODER_HELP },
      task: { type: 'string', help: 'insert, pick-insert or lift (default: what the policy was trained for)' },
    },
    {
      policy: z.string().min(1).default('starter'),
      episodes: evaluatedEpisodesSchema(100_000).default(50),
      range: z.enum(['selection', 'report']).default('selection'),
      noise: noiseSchema.optional(),
      conditions: z.enum(CONDITIONS).default('usual'),
      encoder: z.string().min(1).optional(),
      task: taskIdSchema.optional(),
    },
    rest,
  );
  if (!options) return 0;
  const policy = findPolicy(options.data, options.policy);
  const noise = options.noise ?? policy.manifest.actingNoiseStd;
  await using session = await openSession({
    projectFolder: options.data,
    task: options.task ?? policy.manifest.task,
    observation: policy.manifest.observation,
    record: false,
    policy: { kind: 'process' },
    actingNoiseStd: noise,
    conditions: options.conditions,
    encoder: options.encoder,
  });
  const recipe = policy.manifest.recipe && recipeOf(policy.manifest.recipe);
  const { engine } = session.rig;
  const used = await engine.usePolicy(policy.name, policy.manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  const progress = createProgress('evaluate', systemClock, options.json && process.stderr.isTTY !== true);
  const actions: (readonly number[])[][] = [];
  if (recipe?.metric.measures.includes('jerk'))
    engine.onMessage((message) => {
      if (message.kind === 'step') actions.at(-1)?.push(message.step.action);
    });
  const result = await evaluate(
    async (seed) => {
      actions.push([]);
      return episodeOf(await session.rig.episode(seed, 'alone'));
    },
    options.range,
    options.episodes,
    (done, soFar) => progress.update(done, options.episodes, `${soFar.successes} solved`),
  );
  progress.end();
  const extra = recipe && (await measured(recipe, actions, policy));
  if (options.json) printJson({ policy: policy.name, ...result, ...extra });
  else {
    console.log(
      `${policy.name}: ${result.successes} of ${result.episodes} on the ${options.range} seeds without help = ${percent(result.successRate)} ` +
        `(95\u202f% interval ${percent(result.ci95[0])} to ${percent(result.ci95[1])}), ${result.meanSteps.toFixed(1)} steps where it succeeded, acting noise ${noise}. ` +
        `Reward and the end of an episode come from the simulator.`,
    );
    if (recipe && extra) console.log(`${recipe.title}: ${inWords(extra)}${recipe.metric.words}`);
  }
  return 0;
}

interface RecipeMeasures {
  readonly recipe: string;
  readonly rmsJerk?: number;
  readonly planning?: PlanningTime;
}

/** What the recipe asks for beyond success and steps. */
async function measured(
  { name, metric }: Recipe,
  actions: readonly (readonly (readonly number[])[])[],
  { manifest, manifestPath }: RegisteredPolicy,
): Promise<RecipeMeasures> {
  const asked = (measure: Measure) => metric.measures.includes(measure);
  return {
    recipe: name,
    ...(asked('jerk') && { rmsJerk: rmsJerk(actions, manifest.actionMask) }),
    ...(asked('planning') && { planning: await planningTime(manifestPath, systemClock, createRng(0)) }),
  };
}

function inWords({ rmsJerk, planning }: RecipeMeasures): string {
  const parts = [
    ...(rmsJerk === undefined ? [] : [`rms jerk ${rmsJerk.toFixed(3)} per tick²`]),
    ...(planning ? [`planning ${planning.medianMs.toFixed(2)} ms, 99 % within ${planning.p99Ms.toFixed(2)} ms`] : []),
  ];
  return parts.map((part) => `${part}. `).join('');
}
