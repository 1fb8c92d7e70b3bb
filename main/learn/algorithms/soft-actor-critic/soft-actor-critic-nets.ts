/**
 * The nets of a soft actor-critic and the graph that acts: an encoder of the observation, the policy, an ensemble of
 * critics, and the DQN of a discrete gripper. The critics' vector is [encoder | gripper | ensemble], so that the part
 * which acting needs comes first; the actor has a vector of its own.
 * Letters: B batch, D observation, F features, A action, E embedding, P proprioception.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Node } from '../../../tensor/ir.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { input } from '../../../tensor/tensor.ts';
import { type EnsembleSpec, ensembleParameters } from '../../nets/ensemble.ts';
import { type MlpSpec, mlpParameters } from '../../nets/mlp.ts';
import { observe, observerFeatures, observerParameters } from '../../nets/observer.ts';
import type { ParameterSpec, Parameters } from '../../nets/parameters.ts';
import { dropoutSize } from '../../nets/spatial-embedding.ts';
import {
  gaussianAt,
  sampleTanhGaussian,
  type TanhGaussianHead,
  tanhGaussianHead,
} from '../../policies/tanh-gaussian.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { GRIPPER_COMMANDS, graspCommand, graspNet, graspValues } from '../grasp-critic.ts';
import { armMask, GRIPPER, withGripper } from '../gripper.ts';
import { observationInput, weightInputs } from '../step-inputs.ts';
import type { SoftActorCriticConfig } from './soft-actor-critic-config.ts';

interface Encoder {
  readonly features: number;
  readonly parameters: readonly ParameterSpec[];
  /** Observation [B, D] → [B, F]; `dropout` is a mask [B, S] as in `nets/spatial-embedding.ts`. */
  readonly observe: (parameters: Parameters, observation: Node, dropout?: Node) => Node;
  /** S: numbers in the mask of one observation; 0 = no dropout. */
  readonly dropoutSize: number;
}

export interface SoftActorCriticNets {
  readonly encoder: Encoder;
  readonly head: TanhGaussianHead;
  readonly critic: EnsembleSpec;
  /** The DQN of a discrete gripper; `undefined` when the task does not use the gripper or it is continuous. */
  readonly grasp: MlpSpec | undefined;
  readonly actorParameters: readonly ParameterSpec[];
  readonly criticParameters: readonly ParameterSpec[];
  /** The first of `criticParameters`, which acting needs as well. */
  readonly sharedParameters: readonly ParameterSpec[];
}

export function softActorCriticNets(config: SoftActorCriticConfig, sizes: ObservationSizes): SoftActorCriticNets {
  const encoder = encoderOf(config, sizes);
  const { hidden, activation } = config;
  const criticLayers = { hidden, activation, layerNorm: config.criticLayerNorm };
  const discrete = config.gripper === 'discrete' && sizes.actionMask[GRIPPER] === true;
  const mask = discrete ? armMask(sizes.actionMask) : sizes.actionMask;
  const actorLayers = { hidden, activation, layerNorm: config.actorLayerNorm };
  const head = tanhGaussianHead(encoder.features, mask, actorLayers, config.logStdRange);
  const inputs = [
    { name: 'observation', size: encoder.features },
    { name: 'action', size: ACTION_SIZE },
  ];
  const critic = { name: 'critic', members: config.critics, inputs, ...criticLayers };
  const grasp = discrete ? graspNet(encoder.features, criticLayers, GRIPPER_COMMANDS) : undefined;
  const sharedParameters = [...encoder.parameters, ...(grasp ? mlpParameters(grasp) : [])];
  return {
    encoder,
    head,
    critic,
    grasp,
    sharedParameters,
    actorParameters: mlpParameters(head.net),
    criticParameters: [...sharedParameters, ...ensembleParameters(critic)],
  };
}

function encoderOf(
  { proprioceptionFeatures, spatial, spatialDropout = 0 }: SoftActorCriticConfig,
  sizes: ObservationSizes,
): Encoder {
  const observer = { name: 'encoder', features: proprioceptionFeatures, spatial, ...sizes };
  return {
    features: observerFeatures(observer),
    parameters: observerParameters(observer),
    observe: (parameters, observation, dropout) => observe(parameters, observer, observation, dropout),
    dropoutSize: spatial && spatialDropout > 0 ? dropoutSize(spatial) : 0,
  };
}

/** The policy's parameters, in the order of its flat weights. */
export function policyParametersOf(nets: SoftActorCriticNets): readonly ParameterSpec[] {
  return [...nets.sharedParameters, ...nets.actorParameters];
}

/**
 * Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, A], and each weight by its name;
 * output `action` [1, A].
 */
export function softActorCriticPolicy(config: SoftActorCriticConfig, sizes: ObservationSizes): Step {
  const nets = softActorCriticNets(config, sizes);
  const parameters = weightInputs(policyParametersOf(nets));
  const features = nets.encoder.observe(parameters, observationInput('', [1], sizes));
  const gaussian = gaussianAt(parameters, nets.head, features);
  const { action } = sampleTanhGaussian(nets.head, gaussian, input('noise', [1, ACTION_SIZE]));
  if (!nets.grasp) return defineStep({ action });
  return defineStep({ action: withGripper(action, graspCommand(graspValues(parameters, nets.grasp, features))) });
}
