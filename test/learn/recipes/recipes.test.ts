/** Every recipe is usable as it stands: its settings parse whole, its losses fit its head, its policy's graph can be built. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../../../main/api/observation.ts';
import { recipeSchema } from '../../../main/api/run.ts';
import { imitationStep } from '../../../main/learn/algorithms/imitation/imitation.ts';
import { parseImitationConfig } from '../../../main/learn/algorithms/imitation/imitation-config.ts';
import { configureSpec } from '../../../main/learn/recipes/configure-spec.ts';
import { recipeOf, recipes } from '../../../main/learn/recipes/recipe-registry.ts';
import { TOY_SIZES } from '../policies/toy-batch.ts';

/** A proprioception with touch in it, for the recipe that adds it. */
const SIZES = { ...TOY_SIZES, proprioception: PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK };

const specOf = ({ algorithm, preset, name }: ReturnType<typeof recipeOf>) => ({ algorithm, preset, recipe: name });

for (const recipe of recipes()) {
  test(`${recipe.name} can be trained and acted with`, () => {
    assert.equal(recipeOf(recipeSchema.parse(recipe.name)), recipe);
    const algorithm = configureSpec(specOf(recipe));
    const step = algorithm.policyStep(SIZES);
    assert.ok('action' in step.outputs || 'actions' in step.outputs);
    const stray = Object.keys(recipe.settings).filter((name) => !(name in algorithm.settings));
    assert.deepEqual(stray, [], 'settings that the algorithm does not know');
    if (recipe.algorithm === 'imitation') {
      const { outputs } = imitationStep(parseImitationConfig(algorithm.settings), SIZES);
      assert.ok('metric.actorLoss' in outputs);
    }
  });
}

test('a recipe gives way to settings that are named, and refuses another algorithm', () => {
  const recipe = recipeOf('bc-baseline');
  const changed = configureSpec(specOf(recipe), { chunk: { execute: 3 }, offlineSteps: 7 });
  assert.equal(changed.settings.offlineSteps, 7);
  assert.deepEqual(changed.policyHead.chunk, { size: 8, execute: 3, latencySteps: 0 });
  assert.throws(() => configureSpec({ ...specOf(recipe), algorithm: 'conrft' }), /one of imitation, not of conrft/);
});
