/**
 * Blocks of updates. A block is recorded before its first update, with the newest event that it may read. A run that was killed
 * can then repeat it with the same losses.
 */
import type { Metrics } from '../../algorithms/algorithm.ts';
import type { CheckpointHeader } from '../checkpoint.ts';
import { appendBlock, type BlockRecord } from '../run-folder.ts';
import { expectFinite } from '../training-error.ts';
import type { Meter } from './meter.ts';
import type { TrainerParts } from './trainer-parts.ts';
import type { UpdateBudget } from './update-budget.ts';
import { createUpdates } from './updates.ts';

export type Blocks = ReturnType<typeof createBlocks>;

export function createBlocks(parts: TrainerParts, budget: UpdateBudget, meter: Meter) {
  const { learner, pool, source, files } = parts;
  const { stage } = parts.trainer.spec;
  const makeUpdate = createUpdates(parts, budget, meter);
  /** Blocks that are finished, and updates made in the unfinished one. */
  let blocks = 0;
  let blockUpdates = 0;
  let newestSequence = 0;

  const finish = (block: BlockRecord) => {
    blocks = block.index + 1;
    blockUpdates = 0;
    budget.spend(block.updates);
  };

  return {
    finished: () => blocks,
    unfinishedUpdates: () => blockUpdates,
    newestSequence: () => newestSequence,
    restore: (header: Pick<CheckpointHeader, 'blocks' | 'blockUpdates'>) => {
      ({ blocks, blockUpdates } = header);
    },

    /** Reads what was recorded up to the event `limit`, or everything. */
    read: async (limit?: number) => {
      newestSequence = source.load(limit).newestSequence;
      await parts.embedMissing();
      expectFinite(pool);
      if (learner.updates() === 0 && pool.size('imitation') > 0) learner.fit?.(pool.actionsOf('imitation'));
    },

    begin: (updates: number, grant?: { throughEpisodeId: number; updates: number | undefined }): BlockRecord => {
      const block: BlockRecord = {
        index: blocks,
        ...(grant && { throughEpisodeId: grant.throughEpisodeId }),
        ...(grant?.updates !== undefined && { requested: grant.updates }),
        newestSequence,
        rlTransitions: pool.size('rl'),
        demoTransitions: pool.size('demo'),
        stepsServed: budget.stepsServed(),
        updates,
      };
      appendBlock(files.blocks, block);
      return block;
    },

    /** Makes the remaining updates of a recorded block. `between` runs after every update and returns false to stop. */
    work: async (block: BlockRecord, between: () => Promise<boolean>): Promise<Metrics> => {
      meter.beginBlock(blockUpdates > 0);
      const { onPolicy } = learner;
      if (onPolicy && stage === 'online' && blockUpdates < block.updates)
        await onPolicy.useSteps(parts.onPolicySteps(onPolicy.episodes));
      while (blockUpdates < block.updates) {
        await makeUpdate(blockUpdates);
        blockUpdates++;
        if (!(await between()) && blockUpdates < block.updates) return meter.endBlock();
      }
      finish(block);
      return meter.endBlock();
    },
  };
}
