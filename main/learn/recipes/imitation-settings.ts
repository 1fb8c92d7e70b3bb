/**
 * What the imitation recipes R1 to R4 share: settings for a small head on frozen features, and for velocities as actions.
 * differs from the handbook: chunks of 8 instead of 16, for insertions that are 30 steps long; 2,000 updates instead of 20,000
 * and 50,000, for twenty demonstrations, which are 600 transitions: under a minute of training. How many of a chunk's actions are
 * executed is each recipe's own.
 */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';

type Term = ImitationConfig['losses'][number];

export const SMALL_HEAD = {
  hidden: [128, 128],
  normaliser: 'none', // as the preset `cell`: actions are within [−1, 1] as they are
  // 1e-3 falling to 0: the handbook's choice for small heads on frozen features
  optimiser: { learningRate: 1e-3, betas: [0.9, 0.999], weightDecay: 1e-6, warmupUpdates: 100, decay: 'cosine' },
  average: { power: 0.75, max: 0.9999 },
  offlineSteps: 2000,
  actingNoiseStd: 0,
} as const satisfies Partial<ImitationConfig>;

/** With Diffusion Policy's momentum. */
export const DENOISER = {
  ...SMALL_HEAD,
  optimiser: { ...SMALL_HEAD.optimiser, betas: [0.95, 0.999] },
} as const satisfies Partial<ImitationConfig>;

/**
 * The handbook's weights for acceleration 1e-2 and jerk 1e-3 of positions; our actions are velocities, so each is a difference
 * of one order less.
 */
export function smoothMotion(on: NonNullable<Term['on']>, weight = 1): Term {
  return { name: 'smoothness', weight, on, options: { velocity: 1e-2, acceleration: 1e-3, jerk: 0 } };
}
