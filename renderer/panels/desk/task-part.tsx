/** The choice of the task: between episodes only, because an episode belongs to its task. */
import { taskIdSchema } from '../../../main/api/index.ts';
import { say, tell } from '../../engine/engine.ts';
import { useEngine } from '../../state/engine-store.ts';
import { Choice } from '../../ui/form.tsx';

const NOT_NOW = 'Not while an episode runs. Press “End and reset” below, or Stop (Escape), then choose the task.';

export function TaskPart() {
  const rig = useEngine((state) => state.rig);
  const running = useEngine((state) => state.status?.phase === 'running');
  return (
    <>
      {rig && rig.tasks.length > 1 ? (
        <div data-testid="task-choice">
          <Choice
            label="Task"
            value={taskIdSchema.safeParse(rig.task).data}
            options={rig.tasks.map(({ id, instruction }) => ({ value: id, label: id, title: instruction }))}
            blocked={running ? NOT_NOW : undefined}
            onBlocked={(why) => say('info', `Task: ${why}`, undefined, { topic: 'task.set' })}
            onChange={(task) => void tell('task.set', { task })}
          />
        </div>
      ) : null}
      <p className="instruction">{rig?.instruction ?? '–'}</p>
    </>
  );
}
