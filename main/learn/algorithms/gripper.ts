/**
 * The gripper as a choice of its own beside a policy that moves the arm: a logistic head opens or closes it at every step. It
 * learns from commands in force (±1 at every step, `data/learning/gripper-in-force.ts`), because a person presses a button once
 * and a regression on such presses learns to do nothing.
 * Letters: B batch, F features, K steps of a chunk, A action.
 */
import { ACTION_NAMES } from '../../api/action.ts';
import type { Node } from '../../tensor/ir.ts';
import { cast, concat, greater, mul, reshape, sigmoid, slice, sub } from '../../tensor/tensor.ts';
import { type MlpSpec, mlp, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';

export const GRIPPER = ACTION_NAMES.indexOf('gripper');

/** The dimensions that the policy of the arm controls. */
export function armMask(actionMask: readonly boolean[]): boolean[] {
  return actionMask.map((used, index) => used && index !== GRIPPER);
}

export function gripperHead(features: number, hidden: readonly number[], steps = 1): MlpSpec {
  return { name: 'gripper', inputs: [{ name: 'observation', size: features }], hidden, output: steps };
}

/** Features [B, F] → logits of opening, [B, K]. */
export function gripperLogits(parameters: Parameters, head: MlpSpec, features: Node): Node {
  return mlp(parameters, head, [project(parameters, head, 'observation', features)]);
}

/** Logits [B, K] → commands as the policy gives them: 1 where opening is likelier, else −1. */
export function gripperCommands(logits: Node): Node {
  return sub(mul(cast(greater(logits, 0), 'float32'), 2), 1);
}

/** Probability of opening, [B, K]. */
export const openProbability = (logits: Node): Node => sigmoid(logits);

/** Actions [B, K, A] whose gripper is a command in force → 1 where it is open, [B, K]. */
export function opensIn(actions: Node): Node {
  const [B, K] = actions.shape as readonly [number, number, number];
  return cast(greater(reshape(slice(actions, 2, GRIPPER, GRIPPER + 1), [B, K]), 0), 'float32');
}

/** Replaces the last number of actions [..., A], which is the gripper's command, by commands [..., 1]. */
export function withGripper(actions: Node, commands: Node): Node {
  const axis = actions.shape.length - 1;
  return concat([slice(actions, axis, 0, GRIPPER), commands], axis);
}
