/**
 * The critics' loss of ConRFT: temporal difference and Cal-QL (`conrft.ts` has the formulas).
 * Letters: C critic updates in the step, B batch, A action, E critics, H hidden, N Cal-QL actions per source.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Node } from '../../../tensor/ir.ts';
import {
  add,
  cast,
  concat,
  expand,
  greater,
  input,
  max,
  mean,
  mul,
  reshape,
  stopGradient,
} from '../../../tensor/tensor.ts';
import { monteCarloFloor, tdLoss, tdTarget } from '../../losses/reinforcement/actor-critic.ts';
import { calQl } from '../../losses/reinforcement/cal-ql.ts';
import type { Parameters } from '../../nets/parameters.ts';
import { clipAction, sample } from '../../policies/consistency.ts';
import { parametersOf } from '../step-inputs.ts';
import type { ConrftConfig } from './conrft-config.ts';
import { gripperCriticLoss } from './conrft-gripper.ts';
import { actorShare, criticShare, type Evaluation, valuesOf } from './conrft-nets.ts';

/** Absent when the stage has no Cal-QL term. */
type CalQlInputs = Record<'monteCarloReturn' | 'randomActions' | 'hereNoise' | 'thereNoise', Node | undefined>;

/** Monte-Carlo returns [C, B], random actions and noise [C, B·N, A]; each is absent unless `wanted`. */
export function calQlInputs({ batchSize: B, calQlActions: N }: ConrftConfig, C: number, wanted: boolean): CalQlInputs {
  const actions = (name: string) => (wanted ? input(name, [C, B * N, ACTION_SIZE]) : undefined);
  return {
    monteCarloReturn: wanted ? input('monteCarloReturn', [C, B]) : undefined,
    randomActions: actions('randomActions'),
    hereNoise: actions('hereNoise'),
    thereNoise: actions('thereNoise'),
  };
}

/** TD + α · CalQL, which is left out where its inputs are. `slow` holds the flat parameters of Q̄. */
export function criticLoss(at: Evaluation, slow: Node, floor: Node | undefined, own: CalQlInputs & { alpha: Node }) {
  const { nets, parameters, share, batch } = at;
  const values = valuesOf(nets, parameters, share, batch.action);
  const target = targetOf(at, parametersOf(slow, nets.criticParameters));
  const floored = floor ? monteCarloFloor(target, floor) : target;
  const td = tdLoss(values, floored);
  const conservative = calQlTerm(at, values, own);
  const arm = conservative ? add(td, mul(conservative.loss, own.alpha)) : td;
  const gripper = gripperCriticLoss(at, {
    ...{ floor, alpha: own.alpha, monteCarloReturn: own.monteCarloReturn },
    slow: parametersOf(slow, nets.criticParameters),
  });
  return {
    loss: gripper ? add(arm, gripper.loss) : arm,
    qMax: max(values),
    metrics: {
      criticLoss: td,
      qData: mean(values),
      qTarget: mean(floored),
      ...(floor && { floorRate: mean(cast(greater(floor, target), 'float32')) }),
      ...(conservative && { calQlBoundRate: conservative.boundRate, calQlGap: conservative.loss }),
      ...gripper?.metrics,
    },
  };
}

/** The target y before the floor, [B]. */
function targetOf({ nets, config, policy, batch }: Evaluation, slow: Parameters): Node {
  const share = actorShare(nets, policy, batch.nextObservation);
  const nextAction = clipAction(sample(policy, nets.policy, share, batch.nextNoise));
  const nextValues = valuesOf(nets, slow, criticShare(nets, slow, batch.nextObservation), nextAction);
  return tdTarget(batch.reward, batch.bootstrap, nextValues, config.discount);
}

/** Cal-QL at 3 N actions per sample: random ones, and those of π(s) and π(s′). All are evaluated at s, as in the released code. */
function calQlTerm({ nets, config, policy, parameters, share, batch }: Evaluation, values: Node, own: CalQlInputs) {
  const { monteCarloReturn, randomActions, hereNoise, thereNoise } = own;
  if (!monteCarloReturn || !randomActions || !hereNoise || !thereNoise) return undefined;
  const [B, N] = [config.batchSize, config.calQlActions];
  const proposals = (observation: Node, noise: Node) => {
    const repeated = repeatRows(actorShare(nets, policy, observation), N);
    return stopGradient(clipAction(sample(policy, nets.policy, repeated, noise)));
  };
  const sources = [
    randomActions,
    proposals(batch.observation, hereNoise),
    proposals(batch.nextObservation, thereNoise),
  ].map((actions) => reshape(actions, [B, N, ACTION_SIZE]));
  const actions = reshape(concat(sources, 1), [B * 3 * N, ACTION_SIZE]);
  const others = valuesOf(nets, parameters, repeatRows(share, 3 * N), actions);
  return calQl(values, reshape(others, [config.critics, B, 3 * N]), monteCarloReturn);
}

/** [..., B, H] → [..., B·N, H]: each row N times. */
function repeatRows(share: Node, count: number): Node {
  const [batch, width] = share.shape.slice(-2) as [number, number];
  const leading = share.shape.slice(0, -2);
  const wide = expand(reshape(share, [...leading, batch, 1, width]), [...leading, batch, count, width]);
  return reshape(wide, [...leading, batch * count, width]);
}
