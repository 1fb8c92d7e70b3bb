/** R4: flow matching over chunks with five Euler steps, and smoothness on the action that the velocity implies. */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';
import { DENOISER, smoothMotion } from './imitation-settings.ts';
import type { Recipe } from './recipe.ts';

export const highRate: Recipe = {
  name: 'high-rate',
  title: 'High rate: flow matching',
  algorithm: 'imitation',
  preset: 'cell',
  settings: {
    ...DENOISER,
    head: { name: 'flow', method: 'euler', steps: 5, times: 'uniform' },
    chunk: { size: 8, execute: 4, latencySteps: 0 },
    losses: [{ name: 'flow-matching', weight: 1 }, smoothMotion('denoised')],
  } satisfies Partial<ImitationConfig>,
  metric: {
    measures: ['success', 'steps', 'jerk', 'planning'],
    words: 'Success, and the 99th percentile of planning, which must stay below the time that a chunk lasts.',
  },
  why: 'Use it where actions are wanted often: five evaluations make a chunk. What diffusion does, in half the time.',
};
