/** Tests which components of an action count as being at their limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TASKS } from '../../main/api/task.ts';
import { hilSerl } from '../../main/learn/algorithms/soft-actor-critic/hil-serl.ts';
import { rlpd } from '../../main/learn/algorithms/soft-actor-critic/rlpd.ts';
import { saturationOf } from '../../main/policy/saturation.ts';

const [insert, lift] = [TASKS.insert.actionMask, TASKS.lift.actionMask];

test('saturation counts the dimensions that the task uses, and no gripper that only chooses', () => {
  const action = [1, -1, 0.99, 0, 0, 0, -1];
  assert.equal(saturationOf(action, { actionMask: insert }), 2 / 6);
  assert.equal(saturationOf(action, { actionMask: lift }), 3 / 7);
  assert.equal(saturationOf(action, { actionMask: lift, discreteGripper: true }), 2 / 6);
  assert.equal(saturationOf([0, 0, 0, 0, 0, 0, 1], { actionMask: lift, discreteGripper: true }), 0);
  assert.equal(saturationOf(action, { actionMask: insert.map(() => false) }), 0);
});

test('the policy of HIL-SERL says that its gripper chooses; RLPD’s moves it like any other dimension', () => {
  assert.equal(hilSerl.policyHead(hilSerl.presets.cell).discreteGripper, true);
  assert.equal(hilSerl.policyHead({ ...hilSerl.presets.cell, gripper: 'continuous' }).discreteGripper, undefined);
  assert.equal(rlpd.policyHead(rlpd.presets.cell).discreteGripper, undefined);
});
