/**
 * R1: behaviour cloning by squared error on chunks, with smoothness. Differs from the handbook: M = 1 of K = 8 instead
 * of 8 of 16, so that it plans at every tick; 2,000 updates instead of 20,000; all dimensions weigh the same.
 */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';
import { SMALL_HEAD, smoothMotion } from './imitation-settings.ts';
import type { Recipe } from './recipe.ts';

export const bcBaseline: Recipe = {
  name: 'bc-baseline',
  title: 'Baseline: regression',
  algorithm: 'imitation',
  preset: 'cell',
  settings: {
    ...SMALL_HEAD,
    head: { name: 'mse' },
    chunk: { size: 8, execute: 1, latencySteps: 0 },
    losses: [{ name: 'mse', weight: 1 }, smoothMotion('prediction')],
  } satisfies Partial<ImitationConfig>,
  metric: {
    measures: ['success', 'steps', 'jerk'],
    words: 'Success, and jerk against the same run without the smoothness term.',
  },
  why: 'What every other policy has to beat. Use it where there is one right answer; with two it takes the middle. It plans at every tick: what it does without looking, it does worse.',
};
