/**
 * PPO (Schulman et al. 2017, arXiv 1707.06347; compared with CleanRL's code) for a policy that imitation has taught.
 *
 *   ratio    r = π(a|s) / π_old(a|s); log-probabilities are summed over the action, and a chunk's K·D numbers are one action;
 *   policy   −E min(r A, clip(r, 1 ± ε) A)          A, R from a generalised advantage estimate, A normalised per rollout;
 *   value    ½ E (V(s) − R)²;
 *   L        policy + c_v · value − c_e · entropy + β · KL(π‖π_ref) + λ · Σᵢ max(0, gᵢ(s, μ(s)))².
 *
 * π is a Gaussian with a state-independent deviation, not squashed; the task clips its actions. π_ref is the policy
 * that the run began with. The KL is exact, on the rollout's states and on demonstrations' states if given. Differs
 * from the paper: advantages are normalised per rollout; gradients are clipped; the critic learns alone at first,
 * because the advantages of a fresh critic are noise and pull an imitated policy apart.
 *
 * Differs from CleanRL:
 * - A time-out bootstraps (theirs counts as an end).
 * - Initial weights are Xavier (theirs orthogonal). Values are not clipped, because the evidence for it is weak.
 * - Adam's ε is 1e-8 (theirs 1e-5), and the learning rate stays (theirs falls to 0).
 * - Observations and rewards are not normalised by running statistics; a run scales rewards by a constant.
 * - A clip fraction above `maxClipFraction` makes the policy wait. Theirs can end an update by the KL of its last minibatch.
 *
 * On an encoder that gives maps (`spatial`), policy and critic each have spatial learned embeddings of their own.
 *
 * `ppo-steps.ts` builds a run's graphs from this loss; `ppo-learner.ts` holds weights and schedules.
 * Letters: M minibatch, D observation, A action, I constraints, S demonstrations' states in a minibatch.
 */

import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { type Adam, adam, clipByNorm } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { add, constant, expand, input, mean, mul, reshape } from '../../../tensor/tensor.ts';
import { hingePenalty } from '../../losses/hinge-penalty.ts';
import { type Gaussian, gaussianEntropy, gaussianKl, gaussianLogProb } from '../../losses/likelihood/gaussian.ts';
import { clippedSurrogate, valueLoss } from '../../losses/reinforcement/ppo.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../../nets/mlp.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../../nets/observer.ts';
import {
  flatten,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../nets/parameters.ts';
import { mapsSize } from '../../nets/spatial-embedding.ts';
import { adamInputs, adamOutputs, metricOutputs, parametersOf } from '../step-inputs.ts';
import type { PpoConfig } from './ppo-config.ts';

export interface PpoSizes {
  readonly observation: number;
  readonly action: number;
}

/** A net, and the part of it that reads the observation. */
interface ObservingNet {
  readonly observer: Observer;
  readonly net: MlpSpec;
}

export interface PpoNets {
  readonly actor: ObservingNet;
  readonly critic: ObservingNet;
  /** The policy alone: the net of its mean, and its deviation. */
  readonly actorParameters: readonly ParameterSpec[];
  /** Policy and critic, in one vector. */
  readonly parameters: readonly ParameterSpec[];
}

/** gᵢ(s, a) > 0 where constraint i is violated: observation [M, D], mean action [M, A] → [M, I], in units of the limit. */
export type Constraint = (observation: Node, action: Node) => Node;

const LOG_STD = 'actor.logStd';

export function ppoNets(
  { hidden, layerNorm, spatial }: Pick<PpoConfig, 'hidden' | 'layerNorm' | 'spatial'>,
  sizes: PpoSizes,
): PpoNets {
  const embedding = spatial ? mapsSize(spatial) : 0;
  const observing = (name: string, output: number): ObservingNet => {
    const observer = { name, embedding, proprioception: sizes.observation - embedding, features: 0, spatial };
    const inputs = [{ name: 'observation', size: observerFeatures(observer) }];
    return { observer, net: { name, hidden, layerNorm, output, inputs } };
  };
  const parametersOfNet = ({ observer, net }: ObservingNet) => [...observerParameters(observer), ...mlpParameters(net)];
  const [actor, critic] = [observing('actor', sizes.action), observing('critic', 1)];
  const deviation: ParameterSpec = { name: LOG_STD, shape: [1, sizes.action], initial: 'zeros' };
  const actorParameters = [...parametersOfNet(actor), deviation];
  return { actor, critic, actorParameters, parameters: [...actorParameters, ...parametersOfNet(critic)] };
}

/** Observations [M, D] → the net's output [M, O]. */
function outputOf(parameters: Parameters, { observer, net }: ObservingNet, observation: Node): Node {
  return mlp(parameters, net, [project(parameters, net, 'observation', observe(parameters, observer, observation))]);
}

/** π(·|s) at observations [M, D]. */
export function policyAt(parameters: Parameters, nets: PpoNets, observation: Node): Gaussian {
  const mean = outputOf(parameters, nets.actor, observation);
  return { mean, logStd: expand(parameters(LOG_STD), mean.shape) };
}

/** V(s) [M] */
export function valueAt(parameters: Parameters, nets: PpoNets, observation: Node): Node {
  return reshape(outputOf(parameters, nets.critic, observation), [observation.shape[0]!]);
}

interface PpoStepSizes extends PpoSizes {
  /** M */
  readonly minibatch: number;
  /** S; 0 = no demonstrations. */
  readonly demonstrations: number;
}

/** The settings that a step reads. */
export type PpoStepConfig = Pick<
  PpoConfig,
  'clipRatio' | 'valueCoefficient' | 'entropyCoefficient' | 'maxGradientNorm' | 'penalty'
>;

interface PpoStepOptions {
  readonly constraint?: Constraint | undefined;
  /** Log-probability of actions [M, A] → [M]; by default the Gaussian's density, which holds for actions before any clipping. */
  readonly logProb?: (action: Node, policy: Gaussian) => Node;
  /** By default Adam on the whole vector. */
  readonly optimise?: (state: Adam, gradient: Node, policyWeight: Node) => Adam;
}

/** One update: loss, gradient, clipping by norm, Adam. */
export function ppoStep(
  nets: PpoNets,
  config: PpoStepConfig,
  sizes: PpoStepSizes,
  { constraint, logProb: logProbOf = gaussianLogProb, optimise = adamOnAll }: PpoStepOptions = {},
): Step {
  const [M, D, A, S] = [sizes.minibatch, sizes.observation, sizes.action, sizes.demonstrations];
  const state = adamInputs('parameters', parameterCount(nets.parameters));
  const views = parameterViews(state.parameters, nets.parameters);
  const parameters = parametersFrom(views, nets.parameters);

  const observation = input('observation', [M, D]);
  const policy = policyAt(parameters, nets, observation);
  const logProb = logProbOf(input('action', [M, A]), policy);
  const surrogate = clippedSurrogate(logProb, input('logProb', [M]), input('advantage', [M]), config.clipRatio);
  const value = valueLoss(valueAt(parameters, nets, observation), input('returns', [M]));
  const entropy = mean(gaussianEntropy(policy.logStd));
  const kl = referenceKl(nets, parameters, policy, observation, S > 0 ? input('demonstration', [S, D]) : undefined);
  const penalty = constraint ? hingePenalty(constraint(observation, policy.mean), config.penalty) : constant(0);

  const policyTerms = [mul(entropy, -config.entropyCoefficient), mul(kl, input('beta', [])), penalty].reduce(
    (total, term) => add(total, term),
    surrogate.loss,
  );
  const policyWeight = input('policyWeight', []);
  const loss = add(mul(policyTerms, policyWeight), mul(value, config.valueCoefficient));
  const gradient = clipByNorm(flatten(grad(loss, views)), config.maxGradientNorm);
  const { loss: policyLoss, clipFraction, approximateKl } = surrogate;
  return defineStep({
    ...adamOutputs('parameters', optimise(state, gradient, policyWeight)),
    ...metricOutputs({
      ...{ policyLoss, valueLoss: value, entropy, clipFraction, approximateKl },
      ...{ referenceKl: kl, penalty },
    }),
  });
}

const adamOnAll = (state: Adam, gradient: Node): Adam =>
  adam(state, gradient, { learningRate: input('learningRate', []), corrections: input('corrections', [2]) });

/** KL(π‖π_ref), the mean over the rollout's states; with demonstrations, half of it is over theirs. */
function referenceKl(
  nets: PpoNets,
  parameters: Parameters,
  policy: Gaussian,
  observation: Node,
  demonstration: Node | undefined,
): Node {
  const { actorParameters } = nets;
  const reference = parametersOf(input('reference', [parameterCount(actorParameters)]), actorParameters);
  const here = mean(gaussianKl(policy, policyAt(reference, nets, observation)));
  if (!demonstration) return here;
  const there = gaussianKl(policyAt(parameters, nets, demonstration), policyAt(reference, nets, demonstration));
  return mul(add(here, mean(there)), 0.5);
}

/** Sets a fresh policy's deviation in its flat weights, whose initial value is 1. */
export function setInitialStd(weights: Float32Array, nets: PpoNets, sizes: PpoSizes, std: number): void {
  const end = parameterCount(nets.actorParameters);
  weights.fill(Math.log(std), end - sizes.action, end);
}
