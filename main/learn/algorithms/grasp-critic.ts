/**
 * HIL-SERL's critic of the gripper: a DQN beside the continuous critics values the choices of the gripper. It learns from the
 * reward less a penalty on needless use. The continuous nets see the other dimensions. The penalty of 0.02 applies when the
 * executed command closes an open gripper or opens one that is not open. The opening measured before the step decides.
 * HIL-SERL chooses among the commands close, stay and open, greedily, and explores only through people. ConRFT chooses
 * between the commands in force, closed and open (`algorithms/gripper.ts`).
 * Differs from the released code: its net has one more linear layer, which adds nothing that it could express. Over n > 1 steps
 * only the first step's penalty counts. Letters: B batch, A action, F features, K choices.
 */
import { PROPRIOCEPTION_SIZE, proprioceptionOffset } from '../../api/observation.ts';
import type { Node } from '../../tensor/ir.ts';
import {
  cast,
  concat,
  constant,
  greater,
  less,
  logicalAnd,
  logicalOr,
  matmul,
  mul,
  reshape,
  slice,
  sub,
} from '../../tensor/tensor.ts';
import { greedyChoice } from '../losses/reinforcement/double-q.ts';
import { type HiddenLayers, type MlpSpec, mlp, project } from '../nets/mlp.ts';
import type { Parameters } from '../nets/parameters.ts';
import type { ObservationSizes } from './algorithm.ts';
import { GRIPPER } from './gripper.ts';

/** Commands beyond this value close or open the gripper (`main/api/action.ts`). */
const COMMAND = 0.5;
/** The gripper counts as open above this share of its full opening; released code. */
const OPEN_ABOVE = 0.9;
/** HIL-SERL's choices: close, stay, open. */
export const GRIPPER_COMMANDS = [-1, 0, 1] as const;
/** The choices when actions hold the command in force: closed, open. */
export const GRIPPER_STATES = [-1, 1] as const;
type Choices = typeof GRIPPER_COMMANDS | typeof GRIPPER_STATES;

export function graspNet(features: number, layers: HiddenLayers, choices: Choices): MlpSpec {
  const inputs = [{ name: 'observation', size: features }];
  return { name: 'grasp', inputs, output: choices.length, ...layers, hidden: layers.hidden.slice(0, 1) };
}

/** Observation features [B, F] → values [B, K]. */
export function graspValues(parameters: Parameters, net: MlpSpec, features: Node): Node {
  return mlp(parameters, net, [project(parameters, net, 'observation', features)]);
}

const command = (action: Node) => slice(action, 1, GRIPPER, GRIPPER + 1);

/** Executed action [B, A] → choice among `GRIPPER_COMMANDS`, [B, 3], one-hot. */
export function graspChoice(action: Node): Node {
  const [close, open] = [less(command(action), -COMMAND), greater(command(action), COMMAND)];
  const flags = [close, open].map((flag) => cast(flag, 'float32')) as [Node, Node]; // Two flags
  return concat([flags[0], sub(sub(1, flags[0]), flags[1]), flags[1]], 1);
}

/** Values [B, 3] of `GRIPPER_COMMANDS` → the greedy command [B, 1]. */
export function graspCommand(values: Node): Node {
  return matmul(greedyChoice(values), constant(GRIPPER_COMMANDS, [GRIPPER_COMMANDS.length, 1]));
}

/** Observation [B, D] → the newest measured opening [B, 1], 1 = open. */
export function measuredOpening(observation: Node, sizes: ObservationSizes): Node {
  const offset = proprioceptionOffset('gripper');
  const newest = sizes.embedding + sizes.proprioception - PROPRIOCEPTION_SIZE;
  if (newest < sizes.embedding)
    throw new RangeError(
      `a proprioception of ${sizes.proprioception} numbers has no gripper opening; expected instants of ${PROPRIOCEPTION_SIZE}. Mask the gripper, or give the whole proprioception.`,
    );
  return slice(observation, 1, newest + offset, newest + offset + 1);
}

/** `action` [B, A], `opening` [B, 1] before it → the amount subtracted from the reward, [B]. */
export function gripperPenalty(action: Node, opening: Node, penalty: number): Node {
  const closesOpen = logicalAnd(less(command(action), -COMMAND), greater(opening, OPEN_ABOVE));
  const opensClosed = logicalAnd(greater(command(action), COMMAND), less(opening, OPEN_ABOVE));
  return reshape(mul(cast(logicalOr(closesOpen, opensClosed), 'float32'), penalty), [action.shape[0]!]);
}
