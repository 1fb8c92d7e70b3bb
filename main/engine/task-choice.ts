/** The task that is chosen, and the change to another one between episodes. */
import { TASKS, type TaskId } from '../api/task.ts';
import { sendRig } from './engine-status.ts';
import type { EngineParts, TaskChoice } from './engine-types.ts';
import { loadPolicyInUse, startIfDue } from './episode-flow.ts';
import { type Answer, done, refused } from './services.ts';

export function createTaskChoice(first: TaskId): TaskChoice {
  let current = TASKS[first];
  return {
    current: () => current,
    choose: (task) => {
      current = TASKS[task];
    },
  };
}

/**
 * Chooses a task. The arm is reset into it at once, with its settings and its policy. After Stop or a fault the arm
 * stays held, and Resume resets it into the task. Refused while an episode runs, and until the arm is ready.
 */
export async function chooseTask(parts: EngineParts, next: TaskId): Promise<Answer<undefined>> {
  const { options, task, loop, run, settings, success, policies, notices, messages, changes } = parts;
  if (next === task.current().id) return done(undefined);
  if (loop.phase() === 'running' || loop.episodeOpen())
    return refused('An episode is running, and it belongs to its task.', 'End it, then choose another task.');
  if (!options.headless && run.state() === 'not-started')
    return refused('The engine is still starting: the arm is not ready yet.', 'Wait a moment, then choose the task.');
  task.choose(next);
  const stored = settings.taskChosen(next);
  success.forget();
  for (const topic of ['policy', 'classifier', 'judge', 'start']) notices.over(topic);
  // The reset begins before anything is waited for, so that no episode starts in the old arrangement.
  if (loop.phase() !== 'hold') run.inBackground(run.resetToNext());
  sendRig(parts);
  options.classifiers?.taskChanged();
  messages.tell({ kind: 'classifier', state: success.state() });
  changes.tell();
  notices.sayRefusal('settings', 'warning', stored);
  await policies.taskChosen();
  const loaded = await loadPolicyInUse(parts);
  notices.sayRefusal('policy', 'error', loaded);
  changes.tell();
  startIfDue(parts);
  return done(undefined);
}
