/** `takeover evaluate`: a policy alone, on seeds that nothing was trained or chosen on, with the interval. Records nothing. */
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { taskIdSchema } from '../api/task.ts';
import { evaluate } from '../runs/evaluation.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { parseVerb } from './arguments.ts';
import { createProgress, percent, printJson } from './output.ts';
import { episodeOf, openSession } from './session.ts';

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
      task: { type: 'string', help: 'insert, pick-insert or lift (default: what the policy was trained for)' },
    },
    {
      policy: z.string().min(1).default('starter'),
      episodes: z.coerce.number().int().min(1).max(100_000).default(50),
      range: z.enum(['selection', 'report']).default('selection'),
      noise: z.coerce.number().min(0).max(0.5).optional(),
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
  });
  const used = await session.rig.engine.usePolicy(policy.name, policy.manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  const progress = createProgress('evaluate', systemClock, options.json && process.stderr.isTTY !== true);
  const result = await evaluate(
    async (seed) => episodeOf(await session.rig.episode(seed, 'alone')),
    options.range,
    options.episodes,
    (done, soFar) => progress.update(done, options.episodes, `${soFar.successes} solved`),
  );
  progress.end();
  if (options.json) printJson({ policy: policy.name, ...result });
  else
    console.log(
      `${policy.name}: ${result.successes} of ${result.episodes} on the ${options.range} seeds without help = ${percent(result.successRate)} ` +
        `(95\u202f% interval ${percent(result.ci95[0])} to ${percent(result.ci95[1])}), ${result.meanSteps.toFixed(1)} steps where it succeeded, acting noise ${noise}. ` +
        `Reward and the end of an episode come from the simulator.`,
    );
  return 0;
}
