/**
 * The gripper of ConRFT as a choice of its own: the losses of its head and of its critic (`conrft.ts` has the formulas), and
 * how it acts. Actions hold the command in force, ±1 at every step. The critic's target is floored as the arm's.
 * Letters: B batch, D observation, F features, A action.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Node } from '../../../tensor/ir.ts';
import { abs, add, concat, mean, mul, neg, reshape, sub, sum } from '../../../tensor/tensor.ts';
import { binaryCrossEntropy } from '../../losses/likelihood/binary-cross-entropy.ts';
import { maskedMean } from '../../losses/masked.ts';
import { monteCarloFloor } from '../../losses/reinforcement/actor-critic.ts';
import { calQl } from '../../losses/reinforcement/cal-ql.ts';
import { choiceLoss, choiceTarget, valueOfChoice } from '../../losses/reinforcement/double-q.ts';
import type { MlpSpec } from '../../nets/mlp.ts';
import { type Observer, observe } from '../../nets/observer.ts';
import type { Parameters } from '../../nets/parameters.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { graspValues, gripperPenalty, measuredOpening } from '../grasp-critic.ts';
import { gripperCommands, gripperLogits, openProbability, opensIn, withGripper } from '../gripper.ts';
import type { CriticBatch } from '../step-inputs.ts';

/** The head and the critic of a gripper that is a choice of its own. */
export interface GripperNets {
  readonly head: MlpSpec;
  readonly grasp: MlpSpec;
}

interface Nets {
  readonly gripper: GripperNets | undefined;
  readonly actorObserver: Observer;
  readonly criticObserver: Observer;
}

/** The nets at the parameters of one update, with that update's batch. */
interface GripperEvaluation {
  readonly nets: Nets;
  readonly config: { readonly discount: number; readonly gripperPenalty: number; readonly gripperEta: number };
  readonly sizes: ObservationSizes;
  readonly policy: Parameters;
  /** The critics'. */
  readonly parameters: Parameters;
  readonly batch: CriticBatch;
}

/** Actions [B, A] → 1 where the command in force is to open, [B, 1]. */
const opens = (action: Node): Node => opensIn(reshape(action, [action.shape[0]!, 1, ACTION_SIZE]));

/** Probabilities or flags of opening [B, 1] → those of both choices, [B, 2]: closed, open. */
const bothChoices = (open: Node): Node => concat([sub(1, open), open], 1);

/** Observation [B, D] → logits of opening, [B, 1]. */
function logitsOf({ actorObserver }: Nets, { head }: GripperNets, actor: Parameters, seen: Node): Node {
  return gripperLogits(actor, head, observe(actor, actorObserver, seen));
}

/** Inputs of the critic besides the batch. */
interface CriticInputs {
  /** The parameters of Q̄_g. */
  readonly slow: Parameters;
  /** [B]; the target is at least this. */
  readonly floor: Node | undefined;
  readonly alpha: Node;
  /** [B]; absent when the stage has no Cal-QL term. */
  readonly monteCarloReturn: Node | undefined;
}

/** TD + α · CalQL over both choices. Returns `undefined` when the gripper is no choice of its own. */
export function gripperCriticLoss(at: GripperEvaluation, { slow, floor, alpha, monteCarloReturn }: CriticInputs) {
  const { nets, config, sizes, policy, parameters, batch } = at;
  const { gripper, criticObserver } = nets;
  if (!gripper) return undefined;
  const valuesAt = (critic: Parameters, observation: Node) =>
    graspValues(critic, gripper.grasp, observe(critic, criticObserver, observation));
  const nextOpens = openFlags(logitsOf(nets, gripper, policy, batch.nextObservation));
  const next = valueOfChoice(valuesAt(slow, batch.nextObservation), bothChoices(nextOpens));
  const penalty = gripperPenalty(batch.action, measuredOpening(batch.observation, sizes), config.gripperPenalty);
  const target = choiceTarget(sub(batch.reward, penalty), batch.bootstrap, next, config.discount);
  const floored = floor ? monteCarloFloor(target, floor) : target;
  const values = valuesAt(parameters, batch.observation);
  const choice = bothChoices(opens(batch.action));
  const [taken, other] = [valueOfChoice(values, choice), valueOfChoice(values, sub(1, choice))];
  const td = choiceLoss(taken, floored);
  const [B] = taken.shape as readonly [number];
  const conservative =
    monteCarloReturn && calQl(reshape(taken, [1, B]), reshape(other, [1, B, 1]), monteCarloReturn).loss;
  const loss = conservative ? add(td, mul(conservative, alpha)) : td;
  return { loss, metrics: { graspLoss: td, graspQ: mean(taken), graspPenalty: mean(penalty) } };
}

/** Logits [B, 1] → 1 where the head opens. */
const openFlags = (logits: Node): Node => mul(add(gripperCommands(logits), 1), 0.5);

/** `weight` [B]: of each sample in the imitation. Returns `undefined` when the gripper is no choice of its own. */
export function gripperActorLoss(
  at: GripperEvaluation,
  { beta, eta, weight }: Record<'beta' | 'eta' | 'weight', Node>,
) {
  const { nets, config, policy, parameters, batch } = at;
  const { gripper, criticObserver } = nets;
  if (!gripper) return undefined;
  const logits = logitsOf(nets, gripper, policy, batch.observation);
  const wanted = opens(batch.action);
  const imitation = binaryCrossEntropy(logits, wanted, reshape(weight, wanted.shape));
  const values = graspValues(parameters, gripper.grasp, observe(parameters, criticObserver, batch.observation));
  const expected = mean(sum(mul(bothChoices(openProbability(logits)), values), 1));
  const wrong = reshape(abs(sub(openFlags(logits), wanted)), weight.shape);
  return {
    loss: add(mul(imitation, beta), mul(mul(neg(expected), eta), config.gripperEta)),
    metrics: { gripperLoss: imitation, gripperQ: expected, gripperError: maskedMean(wrong, weight) },
  };
}

/** The action [1, A] that is executed, from the arm's. */
export function withChosenGripper(nets: Nets, actor: Parameters, seen: Node, arm: Node): Node {
  return nets.gripper ? withGripper(arm, gripperCommands(logitsOf(nets, nets.gripper, actor, seen))) : arm;
}
