/**
 * R3: diffusion over chunks, denoised in ten steps, with averaged weights.
 * Differs from the handbook: M = 2 of K = 8 instead of 8 of 16; 2,000 updates instead of 50,000; the denoiser is an MLP.
 */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';
import { DENOISER } from './imitation-settings.ts';
import type { Recipe } from './recipe.ts';

export const preciseTrajectories: Recipe = {
  name: 'precise-trajectories',
  title: 'Precise trajectories: diffusion',
  algorithm: 'imitation',
  preset: 'cell',
  settings: {
    ...DENOISER,
    head: { name: 'diffusion', target: 'x0', trainingSteps: 100, samplingSteps: 10 },
    chunk: { size: 8, execute: 2, latencySteps: 0 },
    losses: [{ name: 'diffusion', weight: 1 }],
  } satisfies Partial<ImitationConfig>,
  metric: {
    measures: ['success', 'steps', 'planning'],
    words: 'Success against the number of sampling steps, and milliseconds per chunk.',
  },
  why: 'Use it where the shape of the motion matters and there are milliseconds to spare: one chunk costs ten evaluations.',
};
