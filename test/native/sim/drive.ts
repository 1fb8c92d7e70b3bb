/** Drives an episode on the bare physics at 10 Hz, for tests, by an expert's actions or an operator's HID reports. */
import type { Vec6 } from '../../../main/api/geometry.ts';
import { createRng } from '../../../main/api/rng.ts';
import { TASKS, type TaskId } from '../../../main/api/task.ts';
import { baseTwistFromPuck, DEFAULT_TELEOP_MAP } from '../../../main/api/teleop.ts';
import type { TaskOutcome } from '../../../native/device.ts';
import { createExpert } from '../../../native/sim/people/expert.ts';
import { createOperator } from '../../../native/sim/people/operator.ts';
import { twistInTool } from '../../../native/sim/physics/frames.ts';
import { PHYSICS_HZ } from '../../../native/sim/physics/model.ts';
import { type Physics, readReadings } from '../../../native/sim/physics/physics.ts';
import { type Truth, truthOf } from '../../../native/sim/physics/readings.ts';
import { SIM_TASKS } from '../../../native/sim/tasks/task-registry.ts';
import { type ActionFollower, createActionFollower } from './act.ts';

const PERIOD_SEC = 0.1;

export interface Drive {
  readonly outcome: TaskOutcome;
  readonly steps: number;
  readonly maxForceN: number;
}

export function axesOf(report: Uint8Array): Vec6 {
  const view = new DataView(report.buffer, report.byteOffset);
  const axis = (index: number) => view.getInt16(1 + 2 * index, true) / 350;
  return [axis(0), axis(1), axis(2), axis(3), axis(4), axis(5)];
}

/** Executes one action for one control period. */
export function act(physics: Physics, follower: ActionFollower, truth: Truth, action: ArrayLike<number>): void {
  physics.command(follower.setPoint(action, truth.baseFromTool));
  for (let step = 0; step < PERIOD_SEC * PHYSICS_HZ; step++) physics.step();
}

export function followerFor(task: TaskId, truth: Truth): ActionFollower {
  return createActionFollower(truth.baseFromTool, task === 'insert' ? 'close' : 'open');
}

export function drive(
  physics: Physics,
  task: TaskId,
  seed: number,
  nextAction: (truth: Truth) => ArrayLike<number>,
): Drive {
  const simTask = SIM_TASKS[task];
  simTask.arrange(physics, seed);
  let truth = truthOf(readReadings(physics));
  const follower = followerFor(task, truth);
  let maxForceN = 0;
  let steps = 0;
  for (; steps < TASKS[task].maxSteps; steps++) {
    const outcome = simTask.outcome(truth);
    if (outcome.success || outcome.failed) break;
    act(physics, follower, truth, nextAction(truth));
    truth = truthOf(readReadings(physics));
    maxForceN = Math.max(maxForceN, truth.contactForceN);
  }
  return { outcome: simTask.outcome(truth), steps, maxForceN };
}

export function driveExpert(physics: Physics, task: TaskId, seed: number): Drive {
  const expert = createExpert(task, createRng(seed).split('expert'));
  return drive(physics, task, seed, expert.nextAction);
}

export function driveOperator(physics: Physics, task: TaskId, seed: number): Drive {
  const operator = createOperator({ task, rng: createRng(seed).split('operator'), mode: 'demonstrate' });
  let begun = false;
  return drive(physics, task, seed, (truth) => {
    if (!begun) operator.begin(truth);
    begun = true;
    const [axes, buttons] = operator.tick(truth);
    const twist = baseTwistFromPuck(axesOf(axes!), DEFAULT_TELEOP_MAP);
    return [...twistInTool(truth.baseFromTool.orientation, twist), gripperOf(buttons)];
  });
}

/** Returns the gripper's action: button 0 closes, button 1 opens. */
export const gripperOf = (buttons: Uint8Array | undefined): number =>
  buttons === undefined || buttons[1] === 0 ? 0 : (buttons[1]! & 1) === 1 ? -1 : 1;
