/** The recipes that a run may name, one line each, and how a run's spec becomes a configured algorithm. */
import type { MapShape } from '../../api/policy.ts';
import type { RecipeName, RunSpec } from '../../api/run.ts';
import { type ConfiguredAlgorithm, configureAlgorithm, mergedSettings } from '../algorithms/algorithm-registry.ts';
import { addTactile } from './add-tactile.ts';
import { bcBaseline } from './bc-baseline.ts';
import { highRate } from './high-rate.ts';
import { multiModal } from './multi-modal.ts';
import { preciseTrajectories } from './precise-trajectories.ts';
import type { Recipe } from './recipe.ts';
import { rlFineTune } from './rl-fine-tune.ts';

const RECIPES: Readonly<Partial<Record<RecipeName, Recipe>>> = {
  'bc-baseline': bcBaseline,
  'multi-modal': multiModal,
  'precise-trajectories': preciseTrajectories,
  'high-rate': highRate,
  'add-tactile': addTactile,
  'rl-fine-tune': rlFineTune,
};

export const recipes = (): readonly Recipe[] => Object.values(RECIPES);

export function recipeOf(name: RecipeName): Recipe {
  const found = RECIPES[name];
  if (!found) throw new RangeError(`There is no recipe \`${name}\`. There are: ${Object.keys(RECIPES).join(', ')}.`);
  return found;
}

/**
 * Configures the algorithm that a run names: its preset, then the settings of its recipe, then `changes`.
 * `maps` is the shape of the encoder's embedding.
 */
export function configureSpec(
  spec: Pick<RunSpec, 'algorithm' | 'preset' | 'recipe'>,
  changes: object = {},
  maps?: MapShape,
): ConfiguredAlgorithm {
  const recipe = spec.recipe && recipeOf(spec.recipe);
  if (recipe && recipe.algorithm !== spec.algorithm)
    throw new RangeError(
      `The recipe \`${recipe.name}\` is one of ${recipe.algorithm}, not of ${spec.algorithm}. Name that algorithm.`,
    );
  return configureAlgorithm(spec, recipe ? mergedSettings(recipe.settings, changes) : changes, maps);
}
