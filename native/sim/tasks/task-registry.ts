/** Tasks of the cell, by name. */
import type { TaskId } from '../../../main/api/task.ts';
import { insertTask } from './insert.ts';
import { liftTask } from './lift.ts';
import { pickInsertTask } from './pick-insert.ts';
import type { SimTask } from './task.ts';

export const SIM_TASKS: Readonly<Record<TaskId, SimTask>> = {
  insert: insertTask,
  'pick-insert': pickInsertTask,
  lift: liftTask,
};
