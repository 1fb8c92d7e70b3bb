/**
 * Settings that the imitation recipes R1 to R4 share: a small head on frozen features, and velocities as actions.
 * Differs from the handbook: chunks of 8 instead of 16, because insertions are 30 steps long. 2,000 updates instead of
 * 20,000 and 50,000, because twenty demonstrations are 600 transitions; that is under a minute of training. Each recipe
 * chooses how many actions of a chunk are executed.
 */
import type { ImitationConfig } from '../algorithms/imitation/imitation-config.ts';

type Term = ImitationConfig['losses'][number];

export const SMALL_HEAD = {
  hidden: [128, 128],
  normaliser: 'none', // Actions are within [−1, 1], as in the preset `cell`
  // The rate falls from 1e-3 to 0: the handbook's choice for small heads on frozen features.
  optimiser: { learningRate: 1e-3, betas: [0.9, 0.999], weightDecay: 1e-6, warmupUpdates: 100, decay: 'cosine' },
  average: { power: 0.75, max: 0.9999 },
  offlineSteps: 2000,
  actingNoiseStd: 0,
} as const satisfies Partial<ImitationConfig>;

/** `SMALL_HEAD` with Diffusion Policy's momentum. */
export const DENOISER = {
  ...SMALL_HEAD,
  optimiser: { ...SMALL_HEAD.optimiser, betas: [0.95, 0.999] },
} as const satisfies Partial<ImitationConfig>;

/**
 * The handbook weighs acceleration 1e-2 and jerk 1e-3 of positions. Our actions are velocities, so each is a difference of one
 * order less.
 */
export function smoothMotion(on: NonNullable<Term['on']>, weight = 1): Term {
  return { name: 'smoothness', weight, on, options: { velocity: 1e-2, acceleration: 1e-3, jerk: 0 } };
}
