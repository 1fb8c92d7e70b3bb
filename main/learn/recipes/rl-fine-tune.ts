/**
 * R6: reinforcement on top of imitation. The policy begins as the imitated one. A KL term holds it near that one on its own
 * states and on the demonstrations'. β follows the KL, and mean actions beyond the limit have a price.
 */
import type { PpoConfig } from '../algorithms/ppo/ppo-config.ts';
import type { Recipe } from './recipe.ts';

export const rlFineTune: Recipe = {
  name: 'rl-fine-tune',
  title: 'RL on top of imitation',
  algorithm: 'ppo',
  preset: 'cell',
  settings: {
    reference: { beta: 0.03, targetKl: 0.3 },
    penalty: 10, // λ
  } satisfies Partial<PpoConfig>,
  metric: {
    measures: ['success', 'steps'],
    words: 'Success and steps against the imitated policy that the online stage began with, on the same seeds.',
  },
  why: 'Where demonstrations solve the task but not well enough and reward says what is better. It learns from its own newest episodes alone, so it needs many more of them than what learns from all that was stored; a person’s corrections only say where to stay near the demonstrations.',
};
