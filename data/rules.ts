/**
 * The rules of the two buffers and of verdicts, for writer, readers, learning and exports. Every transition of a policy
 * episode goes to the RL buffer, and human-driven ones go to the demo buffer too. The mixed tick of a takeover goes to
 * the RL buffer only. Demonstrations go to the demo buffer only.
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

/** Returns reward and ending of an episode's last transition under a verdict. The verdict wins over the record. */
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

/** Counts the stretches that the policy did not drive. A demonstration has no takeovers. */
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
