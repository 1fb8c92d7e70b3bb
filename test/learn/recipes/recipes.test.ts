/** Every recipe is usable as it stands: its settings parse whole, its losses fit its head, its policy's graph can be built. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipeSchema } from '../../../main/api/run.ts';
import { imitationStep } from '../../../main/learn/algorithms/imitation.ts';
import { parseImitationConfig } from '../../../main/learn/algorithms/imitation-config.ts';
import { configureAlgorithm } from '../../../main/learn/algorithms/registry.ts';
import { recipeOf, recipes } from '../../../main/learn/recipes/registry.ts';
import { TOY_SIZES } from '../policies/toy-batch.ts';

const specOf = ({ algorithm, preset, name }: ReturnType<typeof recipeOf>) => ({ algorithm, preset, recipe: name });

for (const recipe of recipes()) {
  test(`${recipe.name} can be trained and acted with`, () => {
    assert.equal(recipeOf(recipeSchema.parse(recipe.name)), recipe);
    const algorithm = configureAlgorithm(specOf(recipe));
    const step = algorithm.policyStep(TOY_SIZES);
    assert.ok('action' in step.outputs || 'actions' in step.outputs);
    const stray = Object.keys(recipe.settings).filter((name) => !(name in algorithm.settings));
    assert.deepEqual(stray, [], 'settings that the algorithm does not know');
    if (recipe.algorithm === 'imitation') {
      const { outputs } = imitationStep(parseImitationConfig(algorithm.settings), TOY_SIZES);
      assert.ok('metric.actorLoss' in outputs);
    }
  });
}

test('a recipe gives way to settings that are named, and refuses another algorithm', () => {
  const recipe = recipeOf('bc-baseline');
  const changed = configureAlgorithm(specOf(recipe), { chunk: { execute: 3 }, offlineSteps: 7 });
  assert.equal(changed.settings.offlineSteps, 7);
  assert.deepEqual(changed.policyHead.chunk, { size: 8, execute: 3, latencySteps: 0 });
  assert.throws(
    () => configureAlgorithm({ ...specOf(recipe), algorithm: 'conrft' }),
    /one of imitation, not of conrft/,
  );
});
