/**
 * R5: adds a sense of touch to a policy that was made without it, and that shall forget nothing. Differs from the
 * handbook: there is no separate imitation term for replayed old demonstrations, and no batch half old and half new.
 * One term covers all demonstrations of the project, and the teacher acts on noised states of the same batch. M = 4 of
 * K = 8 instead of 8 of 16; 2,000 updates instead of 10,000. As there, the base learns at a tenth of the rate.
 */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';
import { SMALL_HEAD } from './imitation-settings.ts';
import type { Recipe } from './recipe.ts';

export const addTactile: Recipe = {
  name: 'add-tactile',
  title: 'Add touch without forgetting',
  algorithm: 'imitation',
  preset: 'cell',
  settings: {
    ...SMALL_HEAD,
    head: { name: 'mse' },
    chunk: { size: 8, execute: 4, latencySteps: 0 },
    losses: [{ name: 'mse', weight: 1 }],
    touch: 'gated',
    teacher: { weight: 1, stateNoise: 0.1 },
    baseRate: 0.1,
  } satisfies Partial<ImitationConfig>,
  metric: {
    measures: ['success', 'steps'],
    words:
      'Success against that of the policy it started from; in the run, the metric `gate` says how far touch is let in.',
  },
  why: 'Starts from a regression policy that was trained with `touch` hidden. Its first step acts as that policy to the last bit.',
};
