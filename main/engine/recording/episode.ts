/**
 * How an episode ends. Pure. It ends at a tick's edge only, so that its last step is whole. The first of these that
 * applies counts: a person's verdict, the simulator's verdict, Stop or a fault, a classifier's verdict, the time
 * limit. Stop comes before the classifier, because a person who stops the arm doubts what it does. A time-out is a
 * truncation, never a termination.
 */

import type { TaskOutcome } from '../../../native/device.ts';
import type { Judge, Outcome } from '../../api/episode.ts';
import type { TaskSpec } from '../../api/task.ts';

/** Requests that people made of the running episode since the last edge. */
export interface Requests {
  readonly verdict: 'success' | 'failure' | undefined;
  readonly stopped: 'human' | 'engine' | undefined;
  readonly reset: boolean;
  readonly discard: boolean;
}

export const NO_REQUESTS: Requests = { verdict: undefined, stopped: undefined, reset: false, discard: false };

export interface StepEnd {
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly end: { readonly outcome: Outcome; readonly judge: Judge } | undefined;
}

/** Judges the step that has just been completed; `steps` includes it. */
export function judgeStep(
  task: TaskSpec,
  steps: number,
  simulated: TaskOutcome | undefined,
  requests: Requests,
  /** True when a reward classifier and the state guard agree on success. */
  detected = false,
): StepEnd {
  const goesOn: StepEnd = { reward: task.rewardPerStep, terminated: false, truncated: false, end: undefined };
  const cut = (outcome: Outcome, judge: Judge) => ({ ...goesOn, truncated: true, end: { outcome, judge } });
  const terminal = (outcome: 'success' | 'failure', judge: Judge) => {
    const reward = outcome === 'success' ? task.rewardAtSuccess : task.rewardPerStep;
    return { reward, terminated: true, truncated: false, end: { outcome, judge } };
  };
  if (requests.verdict) return terminal(requests.verdict, 'human');
  if (simulated?.success) return terminal('success', 'simulator');
  if (simulated?.failed) return terminal('failure', 'simulator');
  if (requests.stopped) return cut('aborted', requests.stopped);
  if (requests.discard) return cut('aborted', 'human');
  if (detected) return terminal('success', 'classifier');
  if (steps >= task.maxSteps) return cut('truncated', 'time-limit');
  if (requests.reset) return cut('truncated', 'human');
  return goesOn;
}
