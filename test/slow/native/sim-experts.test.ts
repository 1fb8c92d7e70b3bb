/** Success rates of the scripted expert and operator over many fresh seeds; minutes, so not part of the quick check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { episodeSeed } from '../../../main/api/task.ts';
import { loadMujoco } from '../../../native/sim/physics/mujoco.ts';
import { createPhysics } from '../../../native/sim/physics/physics.ts';
import { SIM_TASKS } from '../../../native/sim/tasks/task-registry.ts';
import { driveExpert, driveOperator } from '../../native/sim/drive.ts';

const EPISODES = 50;

for (const task of ['insert', 'pick-insert', 'lift'] as const)
  test(`the expert solves ${task}`, async (t) => {
    const physics = createPhysics(await loadMujoco(), { object: SIM_TASKS[task].object });
    let successes = 0;
    let steps = 0;
    for (let index = 0; index < EPISODES; index++) {
      const drive = driveExpert(physics, task, episodeSeed('training', 20_000 + index));
      successes += Number(drive.outcome.success);
      steps += drive.steps;
    }
    physics.dispose();
    t.diagnostic(`${successes} of ${EPISODES}, ${(steps / EPISODES).toFixed(1)} steps`);
    assert.ok(successes >= 0.95 * EPISODES);
  });

test('the operator alone inserts', async (t) => {
  const physics = createPhysics(await loadMujoco(), { object: 'peg' });
  let successes = 0;
  let steps = 0;
  for (let index = 0; index < EPISODES; index++) {
    const drive = driveOperator(physics, 'insert', episodeSeed('training', 30_000 + index));
    successes += Number(drive.outcome.success);
    steps += drive.steps;
  }
  physics.dispose();
  t.diagnostic(`${successes} of ${EPISODES}, ${(steps / EPISODES).toFixed(1)} steps`);
  assert.ok(successes >= 0.93 * EPISODES);
});
