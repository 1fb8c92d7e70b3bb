/**
 * Which transitions an update learns from: offline the demo buffer; online half RL buffer, half demo buffer (RLPD, HIL-SERL),
 * and one of them alone while the other is empty. A learner that only imitates draws from the demo buffer in either stage, without
 * the steps in which a person did nothing.
 */
import type { TransitionBatch } from '../../../../data/learning/pool-types.ts';
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { Rng } from '../../../api/rng.ts';
import type { Stage } from '../../../api/run.ts';

export interface Mixture {
  readonly stage: Stage;
  /** Share of an online batch that comes from the demo buffer. */
  readonly demoShare: number;
  /** Imitation targets only. */
  readonly imitationOnly?: boolean;
}

/** Fills places `offset` … `offset + count − 1`. Returns how many of them come from the demo buffer. */
export function drawMixed(
  pool: TransitionPool,
  rng: Rng,
  { stage, demoShare, imitationOnly }: Mixture,
  count: number,
  batch: TransitionBatch,
  offset: number,
): number {
  if (imitationOnly) {
    pool.sampleBatch(rng, count, 'imitation', batch, offset);
    return count;
  }
  const demos = demoCount(pool, stage, demoShare, count);
  if (count > demos) pool.sampleBatch(rng, count - demos, 'rl', batch, offset);
  if (demos > 0) pool.sampleBatch(rng, demos, 'demo', batch, offset + count - demos);
  return demos;
}

function demoCount(pool: TransitionPool, stage: Stage, demoShare: number, count: number): number {
  if (stage === 'offline' || pool.size('rl') === 0) return count;
  return pool.size('demo') === 0 ? 0 : Math.round(count * demoShare);
}
