/** Turns a run's spec into a configured algorithm. Apart from the registry, because it loads every algorithm. */
import type { MapShape } from '../../api/policy.ts';
import type { RunSpec } from '../../api/run.ts';
import { type ConfiguredAlgorithm, configureAlgorithm, mergedSettings } from '../algorithms/algorithm-registry.ts';
import { recipeOf } from './recipe-registry.ts';

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
