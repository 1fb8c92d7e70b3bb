/** The imitation recipes on the same 20 demonstrations, one training seed: success alone, steps, planning time. */
import { join } from 'node:path';
import { z } from 'zod';
import { takeover } from './takeover-command.ts';

const RECIPES = ['bc-baseline', 'multi-modal', 'precise-trajectories', 'high-rate'];

const trainedSchema = z.object({ checkpoint: z.string().min(1) });
const evaluatedSchema = z.object({
  successes: z.number(),
  episodes: z.number(),
  ci95: z.tuple([z.number(), z.number()]),
  meanSteps: z.number(),
  rmsJerk: z.number().optional(),
  planning: z.object({ medianMs: z.number() }).optional(),
});

export async function run(quick: boolean) {
  const folder = join(import.meta.dirname, '../../.takeover', quick ? 'recipes-quick' : 'recipes');
  await takeover('demo', '--episodes', quick ? '2' : '20', '--data', folder);
  const rows: string[] = [];
  for (const recipe of quick ? RECIPES.slice(0, 1) : RECIPES) {
    const steps = quick ? ['--steps', '20'] : [];
    const trained = await takeover('finetune', '--recipe', recipe, ...steps, '--data', folder);
    const { checkpoint } = trainedSchema.parse(trained);
    const judged = [
      'evaluate',
      '--policy',
      checkpoint,
      '--episodes',
      quick ? '1' : '100',
      '--noise',
      '0',
      '--data',
      folder,
    ];
    const result = evaluatedSchema.parse(await takeover(...judged));
    const interval = result.ci95.map((bound) => (100 * bound).toFixed(0)).join('–');
    const measures = [
      `${result.successes} of ${result.episodes} (${interval} %)`,
      result.meanSteps.toFixed(1),
      result.rmsJerk?.toFixed(4) ?? '–',
      result.planning ? `${result.planning.medianMs.toFixed(2)} ms` : '–',
    ];
    rows.push(`| \`${recipe}\` | ${measures.join(' | ')} |`);
  }
  const header = ['| recipe | solved alone | steps | rms jerk | one plan |', '| --- | --- | --- | --- | --- |'];
  const note =
    'Task `insert` from pixels, 20 scripted demonstrations, one training seed, selection seeds, no acting noise. ' +
    'Neighbours whose intervals overlap are not told apart. Reward and the end of an episode come from the simulator.';
  return { name: 'recipes', note, table: [...header, ...rows].join('\n') };
}
