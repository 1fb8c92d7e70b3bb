/** R2: a mixture over whole chunks, which keeps two right answers apart; smoothness on each component's mean. */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';
import { SMALL_HEAD, smoothMotion } from './imitation-settings.ts';
import type { Recipe } from './recipe.ts';

export const multiModal: Recipe = {
  name: 'multi-modal',
  title: 'Several ways to do it: mixture',
  algorithm: 'imitation',
  preset: 'cell',
  settings: {
    ...SMALL_HEAD,
    head: { name: 'gmm', components: 5, stdMin: 0.01, act: 'sample' },
    chunk: { size: 8, execute: 4, latencySteps: 0 },
    losses: [{ name: 'gmm-nll', weight: 1 }, smoothMotion('components')],
  } satisfies Partial<ImitationConfig>,
  metric: {
    measures: ['success', 'steps', 'jerk'],
    words:
      'Success; that more than one way is in use shows in the run\u2019s curve `componentsUsed`, and in the replays.',
  },
  why: 'Use it where people did the same thing in different ways, left or right of an obstacle: it chooses one and keeps to it for a chunk.',
};
