/**
 * The options of `finetune` and `hil` that say how to learn. A recipe gives algorithm and preset where they are not
 * given.
 */
import { z } from 'zod';
import { UsageError } from '../../api/error-words.ts';
import type { MapShape } from '../../api/policy.ts';
import { algorithmSchema, presetSchema, type RunSpec, recipeSchema } from '../../api/run.ts';
import { recipeOf, recipes } from '../../learn/recipes/recipe-registry.ts';
import { option } from './parse-verb.ts';
import { ENCODER } from './shared.ts';

const recipeNames = recipes().map(({ name }) => name);

/** An object in JSON. The algorithm judges its content, see `checkSettings`. */
const settingsObject = z
  .string()
  .default('{}')
  .transform((text, context) => {
    try {
      return z.record(z.string(), z.json()).parse(JSON.parse(text));
    } catch {
      context.addIssue({ code: 'custom', message: `expected an object in JSON, got ${text}` });
      return z.NEVER;
    }
  });

export const LEARNING = {
  algorithm: option('conrft, cal-ql, rlpd, hil-serl, imitation or ppo (default conrft)', algorithmSchema.optional()),
  preset: option(
    'cell, paper or released-code, as far as the algorithm has it (default cell)',
    presetSchema.optional(),
  ),
  recipe: option(`algorithm, preset and settings at once: ${recipeNames.join(', ')}`, recipeSchema.optional()),
  settings: option('settings that differ from the preset, as JSON: \'{"online": {"beta": 1}}\'', settingsObject),
  encoder: ENCODER,
};

interface LearningChoice {
  readonly algorithm?: RunSpec['algorithm'] | undefined;
  readonly preset?: RunSpec['preset'] | undefined;
  readonly recipe?: RunSpec['recipe'] | undefined;
}

export function learningOf(options: LearningChoice): Pick<RunSpec, 'algorithm' | 'preset' | 'recipe'> {
  const recipe = options.recipe && recipeOf(options.recipe);
  return {
    algorithm: options.algorithm ?? recipe?.algorithm ?? 'conrft',
    preset: options.preset ?? recipe?.preset ?? 'cell',
    ...(recipe && { recipe: recipe.name }),
  };
}

/**
 * Throws a `UsageError` when the algorithm does not take the settings, before anything is recorded or started. `maps` is the
 * shape of the encoder's embedding.
 */
export async function checkSettings(
  { algorithm, preset, recipe, settings }: Pick<RunSpec, 'algorithm' | 'preset' | 'settings'> & LearningChoice,
  maps: MapShape | undefined,
): Promise<void> {
  const { configureSpec } = await import('../../learn/recipes/configure-spec.ts');
  const { SettingsError } = await import('../../learn/algorithms/algorithm-registry.ts');
  try {
    configureSpec({ algorithm, preset, ...(recipe && { recipe }) }, settings, maps);
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}
