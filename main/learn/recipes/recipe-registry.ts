/** The recipes that a run may name, one line each. */
import type { RecipeName } from '../../api/run.ts';
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
