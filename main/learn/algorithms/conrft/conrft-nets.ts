/**
 * The nets of ConRFT, and how they are applied to observations and actions (`conrft.ts` has the formulas).
 * Letters: B batch, D observation, A action, E critics, H hidden.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Node } from '../../../tensor/ir.ts';
import { mul } from '../../../tensor/tensor.ts';
import { type EnsembleSpec, ensemble, ensembleParameters } from '../../nets/ensemble.ts';
import { mlpParameters, project } from '../../nets/mlp.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../../nets/observer.ts';
import type { ParameterSpec, Parameters } from '../../nets/parameters.ts';
import { type ConsistencyPolicy, consistencyParameters, consistencyPolicy } from '../../policies/consistency.ts';
import { actionMaskNode } from '../../policies/normaliser.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { GRIPPER_STATES, graspNet } from '../grasp-critic.ts';
import { armMask, GRIPPER, gripperHead } from '../gripper.ts';
import type { CriticBatch } from '../step-inputs.ts';
import type { ConrftConfig } from './conrft-config.ts';
import type { GripperNets } from './conrft-gripper.ts';

export interface ConrftNets {
  readonly criticObserver: Observer;
  readonly actorObserver: Observer;
  readonly policy: ConsistencyPolicy;
  readonly critic: EnsembleSpec;
  /** `undefined` when the gripper is no choice of its own. */
  readonly gripper: GripperNets | undefined;
  readonly actorParameters: readonly ParameterSpec[];
  readonly criticParameters: readonly ParameterSpec[];
}

export function conrftNets(config: ConrftConfig, sizes: ObservationSizes): ConrftNets {
  const { proprioceptionFeatures: width, spatial } = config;
  const observer = (name: string): Observer => ({ name, features: width, spatial, ...sizes });
  const [actorObserver, criticObserver] = [observer('actor'), observer('critic')];
  const features = observerFeatures(criticObserver);
  const chooses = config.gripper === 'open-or-close' && sizes.actionMask[GRIPPER] === true;
  const policy = consistencyPolicy(features, chooses ? armMask(sizes.actionMask) : sizes.actionMask, config.hidden);
  const inputs = [
    { name: 'observation', size: features },
    { name: 'action', size: ACTION_SIZE },
  ];
  const critic = { name: 'critic', members: config.critics, inputs, hidden: config.hidden };
  const { hidden } = config;
  const gripper = chooses
    ? { head: gripperHead(features, hidden), grasp: graspNet(features, { hidden }, GRIPPER_STATES) }
    : undefined;
  return {
    criticObserver,
    actorObserver,
    policy,
    critic,
    gripper,
    actorParameters: [
      ...observerParameters(actorObserver),
      ...consistencyParameters(policy),
      ...(gripper ? mlpParameters(gripper.head) : []),
    ],
    criticParameters: [
      ...observerParameters(criticObserver),
      ...ensembleParameters(critic),
      ...(gripper ? mlpParameters(gripper.grasp) : []),
    ],
  };
}

/** Observation [B, D] → its share of the critics' first layer, [E, B, H]. */
export function criticShare(nets: ConrftNets, critic: Parameters, observation: Node): Node {
  return project(critic, nets.critic, 'observation', observe(critic, nets.criticObserver, observation));
}

/** Share [E, B, H], action [B, A] → values [E, B]. */
export function valuesOf(nets: ConrftNets, critic: Parameters, share: Node, action: Node): Node {
  const masked = mul(action, actionMaskNode(nets.policy.actionMask));
  return ensemble(critic, nets.critic, [share, project(critic, nets.critic, 'action', masked)]);
}

/** Observation [B, D] → its share of the actor's first layer, [B, H]. */
export function actorShare(nets: ConrftNets, actor: Parameters, observation: Node): Node {
  return project(actor, nets.policy.net, 'observation', observe(actor, nets.actorObserver, observation));
}

/** The nets at the parameters of one update, with that update's batch. */
export interface Evaluation {
  readonly nets: ConrftNets;
  readonly config: ConrftConfig;
  readonly sizes: ObservationSizes;
  readonly policy: Parameters;
  /** The critics'. */
  readonly parameters: Parameters;
  /** The critics' share of the batch's observations. */
  readonly share: Node;
  readonly batch: CriticBatch;
}
