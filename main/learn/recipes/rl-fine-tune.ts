/**
 * R6: reinforcement on top of imitation. What acts begins as the imitated policy, a KL term to it holds the policy on its own states and
 * on the demonstrations', β follows the KL, and leaving a limit has a price. The same as settings of PPO on tasks that come as
 * `algorithms/environment.ts`, and as a recipe of a project's run, where it learns from the newest episodes.
 */
import { PPO, type PpoConfig } from '../../../test/learn/ppo-rollouts-config.ts';
import type { PpoRunConfig } from '../algorithms/ppo/ppo-config.ts';
import type { Recipe } from './recipe.ts';

export const RL_FINE_TUNE: PpoConfig = {
  ...PPO,
  learningRate: 1e-3,
  epochs: 10,
  minibatches: 16,
  targetKl: 0,
  initialStd: 0.3,
  discount: 0.95, // time-outs bootstrap: at 0.99 success after the time limit is worth nearly as much as within it
  reference: { beta: 0.03, onDemonstrations: true, targetKl: 0.3 },
  penalty: 10, // λ
};

export const rlFineTune: Recipe = {
  name: 'rl-fine-tune',
  title: 'RL on top of imitation',
  algorithm: 'ppo',
  preset: 'cell',
  settings: {
    reference: { beta: 0.03, targetKl: 0.3 },
    penalty: 10, // λ
  } satisfies Partial<PpoRunConfig>,
  metric: {
    measures: ['success', 'steps'],
    words: 'Success and steps against the imitated policy that the online stage began with, on the same seeds.',
  },
  why: 'Where demonstrations solve the task but not well enough and reward says what is better. It learns from its own newest episodes alone, so it needs many more of them than what learns from all that was stored; a person’s corrections only say where to stay near the demonstrations.',
};
