/** One update of a learner: draws its batches from the buffers, learns, and measures. */
import type { TransitionBatch } from '../../../../data/learning/pool-types.ts';
import type { TransitionPool } from '../../../../data/learning/transition-pool.ts';
import type { Rng } from '../../../api/rng.ts';
import type { Stage } from '../../../api/run.ts';
import { TrainingError } from '../training-error.ts';
import type { Meter } from './meter.ts';
import type { TrainerParts } from './trainer-parts.ts';
import type { UpdateBudget } from './update-budget.ts';

/** Returns a function that makes one update; `blockUpdates` have been made in the unfinished block. */
export function createUpdates(parts: TrainerParts, budget: UpdateBudget, meter: Meter) {
  const { learner, pool, rng, settings, hasCritics } = parts;
  const { stage } = parts.trainer.spec;
  const batch = pool.createBatch(learner.batches * learner.batchSize, learner.chunk);
  const mixture: Mixture = {
    stage,
    demoShare: settings.demoShare,
    ...(learner.imitationOnly && { imitationOnly: true }),
  };
  /** RLPD's update-to-data ratio counts the critics' updates, each on its own batch. */
  const updateRates = (actorUpdatesPerStep: number) => ({
    actorUpdatesPerStep,
    ...(hasCritics && { criticUpdatesPerStep: actorUpdatesPerStep * learner.batches }),
  });
  return async (blockUpdates: number): Promise<void> => {
    let fromDemo = 0;
    for (let part = 0; part < learner.batches; part++)
      fromDemo += drawMixed(pool, rng, mixture, learner.batchSize, batch, part * learner.batchSize);
    const { corrections, demonstrations } = pool.drivenByPeople(batch);
    const metrics = await learner.update(batch);
    const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (broken)
      throw new TrainingError(
        `${broken[0]} became ${broken[1]} at update ${learner.updates()}`,
        'Training has diverged. Go back to an earlier policy and start a new run from it.',
      );
    meter.count(learner.updates(), {
      ...metrics,
      demoShare: fromDemo / batch.size,
      interventionShare: corrections / batch.size,
      demonstrationShare: demonstrations / batch.size,
      ...(stage === 'online' && updateRates(budget.actorUpdatesPerStep(blockUpdates))),
    });
  };
}

/** The buffers that a batch is drawn from. */
export interface Mixture {
  readonly stage: Stage;
  /** Share of an online batch that comes from the demo buffer. */
  readonly demoShare: number;
  /** True for a learner that draws imitation targets only, in either stage. */
  readonly imitationOnly?: boolean;
}

/**
 * Fills rows `offset` … `offset + count − 1` and returns how many of them come from the demo buffer. Offline all do. Online
 * `demoShare` of them do (RLPD, HIL-SERL: half), or all or none while one buffer is empty.
 */
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
