/**
 * The rules of the two buffers and of verdicts, in one place: writer, readers, learning and exports all ask here.
 * Every transition goes to the RL buffer; human-driven ones to the demo buffer too; demonstrations to the demo buffer only;
 * the mixed tick of a takeover to the RL buffer only.
 */
import type { Actor } from '../main/api/action.ts';
import type { Judge, Mode, Outcome } from '../main/api/episode.ts';
import { TASKS, type TaskId } from '../main/api/task.ts';

export interface Membership {
  readonly rl: boolean;
  readonly demo: boolean;
}

export function membership(mode: Mode, actor: Actor): Membership {
  if (mode === 'demonstrate') return { rl: false, demo: true };
  return { rl: true, demo: actor === 'human' };
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly judge: Judge;
}

/** Reward and ending of a transition. */
export interface Ending {
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
}

/** What readers see of an ended episode's last transition: the verdict decides, whatever was recorded in the heat of it. */
export function endingUnder(outcome: Outcome, task: TaskId, recorded: Ending): Ending {
  switch (outcome) {
    case 'success':
      return { reward: TASKS[task].rewardAtSuccess, terminated: true, truncated: false };
    case 'failure':
      return { reward: TASKS[task].rewardPerStep, terminated: true, truncated: false };
    case 'truncated':
    case 'aborted':
      return { reward: recorded.reward, terminated: false, truncated: true };
    default:
      return outcome satisfies never;
  }
}

/** Stretches in which control was not the policy's. In Demonstrate mode nothing was taken over. */
export function countTakeovers(mode: Mode, actors: Iterable<Actor>): number {
  if (mode === 'demonstrate') return 0;
  let takeovers = 0;
  let before: Actor = 'policy';
  for (const actor of actors) {
    if (actor !== 'policy' && before === 'policy') takeovers++;
    before = actor;
  }
  return takeovers;
}
