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

/**
 * Returns reward and ending of an episode's last transition under a verdict, as stores and exports hold it. The verdict wins
 * over the record. A failure's last step costs as much as any other; `neverSucceeding` says what learning makes of it.
 */
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

/**
 * The return of an episode that never succeeds: the cost of a step without end, r / (1 − γ). Learning gives it to every step
 * of an episode without success, as Cal-QL does for sparse rewards. A time-out reaches it by its bootstrap. A failure is
 * terminal and pays it as the reward of its last step. With the mere cost of that step, failing early would be worth more
 * than going on. At γ = 1 the sum has no limit; the cost of as many steps as the task allows stands for it.
 */
export function neverSucceeding(task: TaskId, discount: number): number {
  const { rewardPerStep, maxSteps } = TASKS[task];
  return discount < 1 ? rewardPerStep / (1 - discount) : rewardPerStep * maxSteps;
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
