/** Tasks of the cell, and the four disjoint ranges of seeds that keep evaluation honest. */
import { z } from 'zod';
import type { ActionMask } from './action.ts';

export const taskIdSchema = z.enum(['insert', 'pick-insert', 'lift']);
export type TaskId = z.infer<typeof taskIdSchema>;

export interface TaskSpec {
  readonly id: TaskId;
  /** The task in words, for a person or a language-conditioned model. */
  readonly instruction: string;
  /** Control periods before a time-out (a truncation, never a termination). */
  readonly maxSteps: number;
  readonly actionMask: ActionMask;
  readonly rewardPerStep: number;
  readonly rewardAtSuccess: number;
}

/**
 * The rewards that episodes record. A failure's last step costs as much as any other step. Learning makes it cost the rest
 * of an endless episode, so that failing is never better than going on (`neverSucceeding` in `data/rules.ts`).
 */
const rewards = { rewardPerStep: -0.05, rewardAtSuccess: 10 } as const;
const arm = [true, true, true, true, true, true] as const;

export const TASKS: Readonly<Record<TaskId, TaskSpec>> = {
  insert: {
    id: 'insert',
    instruction: 'insert the yellow peg into the blue socket',
    maxSteps: 100,
    actionMask: [...arm, false],
    ...rewards,
  },
  'pick-insert': {
    id: 'pick-insert',
    instruction: 'pick up the yellow peg and insert it into the blue socket',
    maxSteps: 250,
    actionMask: [...arm, true],
    ...rewards,
  },
  lift: {
    id: 'lift',
    instruction: 'lift the yellow block',
    // The way down alone is 370 mm: the scripted expert takes 84 steps, a person 95.
    maxSteps: 200,
    actionMask: [...arm, true],
    ...rewards,
  },
};

/**
 * First seed and number of seeds of each range. The ranges do not overlap. Grasps, socket poses and operator noise
 * follow from the seed.
 */
export const SEED_RANGES = {
  encoder: { first: 1_000_000, count: 1_000_000 },
  training: { first: 10_000_000, count: 10_000_000 },
  selection: { first: 30_000_000, count: 1_000_000 },
  report: { first: 40_000_000, count: 1_000_000 },
} as const;
export type SeedRange = keyof typeof SEED_RANGES;

/** Returns the seed of episode `index` in a range. `runSeed` selects the run's part of the range. */
export function episodeSeed(range: SeedRange, index: number, runSeed = 0): number {
  const { first, count } = SEED_RANGES[range];
  const offset = (runSeed * 10_007 + index) % count;
  return first + offset;
}
