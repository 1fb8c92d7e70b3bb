/**
 * The life of one training run: reads what was recorded, makes blocks of updates, publishes policies, checkpoints.
 * All random numbers come from one stream whose state is checkpointed. A run that was killed therefore repeats its recorded
 * blocks with the same losses and continues. `trainer-process.ts` carries the messages.
 */
import type { GrantLimit } from '../../../api/processes/trainer-messages.ts';
import type { Metrics } from '../../algorithms/algorithm.ts';
import { type BlockRecord, repairBlocks } from '../run-folder.ts';
import { TrainingError } from '../training-error.ts';
import { createBlocks } from './blocks.ts';
import { createMeter } from './meter.ts';
import type { TrainerParts } from './trainer-parts.ts';
import { createUpdateBudget } from './update-budget.ts';
import { createUpkeep } from './upkeep.ts';

const POLL_MS = 250;
/** Longest block of a run that paces itself. Between blocks it looks for new episodes. */
const PACED_BLOCK = 200;

/** A finished block whose answer the launcher may ask for again, because it may have missed it. */
interface AnsweredBlock {
  readonly block: BlockRecord;
  readonly metrics: Metrics;
}

export type Trainer = ReturnType<typeof createTrainer>;

export function createTrainer(parts: TrainerParts) {
  const { clock, learner, pool, report } = parts;
  const meter = createMeter(clock, parts.trainer.runId, parts.runs);
  const budget = createUpdateBudget(parts);
  const blocks = createBlocks(parts, budget, meter);
  const upkeep = createUpkeep(parts, { budget, meter, blocks });
  let stopping = false;
  let repeatable: AnsweredBlock | undefined;

  /** Lets messages in and does what is due. Returns false when the run is to stop. */
  const pause = async (publishing: boolean): Promise<boolean> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    upkeep.whenDue(publishing);
    return !stopping;
  };
  const answer = ({ block, metrics }: AnsweredBlock) => {
    const { policy, manifestPath } = upkeep.publish();
    const { index, throughEpisodeId = 0, updates } = block;
    report({ kind: 'block', index, throughEpisodeId, updates, policy, manifestPath, metrics });
    upkeep.report();
  };

  return {
    /** Continues from the checkpoint, and repeats the blocks that were recorded after it. */
    restore: async (): Promise<void> => {
      upkeep.restore();
      for (const block of repairBlocks(parts.files.blocks)) {
        await blocks.read(block.newestSequence);
        if (block.index < blocks.finished()) {
          repeatable = { block, metrics: {} };
          continue;
        }
        // Steps that were read before training could start have earned nothing, and earn nothing now.
        if (block.stepsServed !== undefined) budget.restore(block.stepsServed);
        repeatable = { block, metrics: await blocks.work(block, () => pause(false)) };
        upkeep.checkpoint();
        if (stopping) return;
      }
    },

    progress: upkeep.report,

    /** Works on one granted block. A grant that is already recorded is answered from the record. */
    grant: async ({ throughEpisodeId, throughSequence }: GrantLimit, updates: number | undefined): Promise<void> => {
      const again = repeatable;
      repeatable = undefined;
      if (again?.block.throughEpisodeId === throughEpisodeId && again.block.requested === updates) return answer(again);
      await blocks.read(throughSequence);
      const earned = budget.owed();
      const block = blocks.begin(Math.max(0, updates ?? earned), { throughEpisodeId, updates });
      if (block.updates > 0 && pool.size('demo') + pool.size('rl') === 0)
        throw new TrainingError('there is nothing to learn from', 'Record demonstrations, then start a new run.');
      const metrics = await blocks.work(block, () => pause(false));
      upkeep.checkpoint();
      if (!stopping) answer({ block, metrics });
    },

    /** Follows the store until the run is stopped, or has made the updates asked for. */
    pace: async (): Promise<void> => {
      while (!stopping && !budget.done()) {
        await blocks.read();
        const updates = Math.min(PACED_BLOCK, budget.owed());
        if (updates > 0 && pool.size('demo') > 0) await blocks.work(blocks.begin(updates), () => pause(true));
        else {
          await pause(learner.updates() > 0);
          await clock.sleepUntilMs(clock.nowMs() + POLL_MS);
        }
      }
    },

    /** Ends the current block at its next update. */
    stop: () => {
      stopping = true;
    },
    checkpoint: upkeep.checkpoint,
    publish: upkeep.publish,
    updates: () => learner.updates(),
  };
}
