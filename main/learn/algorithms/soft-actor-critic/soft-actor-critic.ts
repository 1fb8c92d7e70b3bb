/**
 * The whole training step of a soft actor-critic. `rlpd.ts` and `hil-serl.ts` say which settings make which algorithm.
 *
 *   critic        y = r + γ · bootstrap · (min over Z of Q̄ᵢ(s′, a′) − α log π(a′|s′)),  a′ ~ π(s′);
 *                 L = mean (Qᵢ(s, a) − y)²;
 *   gripper       double DQN on r less a penalty (`grasp-critic.ts`), when it is discrete;
 *   actor         L = mean [ α log π(a|s) − mean over E of Qᵢ(s, a) ],  a ~ π(s);
 *   temperature   L = α (H − H*);
 *   target        Q̄ ← Q̄ + τ(Q − Q̄) after every critic update.
 *
 * A step makes C critic updates, each on its own batch. One update of actor and temperature follows on the last batch. The
 * trained part of the encoder (proprioception, spatial embeddings) belongs to the critics and follows their losses only. The
 * actor sees it as it is, or through a dropout of its own (HIL-SERL).
 *
 * Letters: C critic updates in the step, B batch, D observation, F features, A action; E critics, Z of them in a target;
 * S numbers of a dropout mask.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { adam, polyak } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import {
  abs,
  add,
  cast,
  gather,
  greater,
  input,
  max,
  mean,
  mul,
  reshape,
  stopGradient,
  sub,
  sum,
} from '../../../tensor/tensor.ts';
import {
  entropyOf,
  monteCarloFloor,
  softActorLoss,
  tdLoss,
  tdTarget,
  temperatureLoss,
  temperatureOf,
} from '../../losses/reinforcement/actor-critic.ts';
import { choiceLoss, doubleQTarget, valueOfChoice } from '../../losses/reinforcement/double-q.ts';
import { ensembleOf } from '../../nets/ensemble.ts';
import { flatten, type Parameters, parameterCount, parametersFrom, parameterViews } from '../../nets/parameters.ts';
import { actionMaskNode } from '../../policies/normaliser.ts';
import { gaussianAt, type Sampled, sampleTanhGaussian } from '../../policies/tanh-gaussian.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { graspChoice, graspValues, gripperPenalty, measuredOpening } from '../grasp-critic.ts';
import {
  adamInputs,
  adamOutputs,
  type CriticBatch,
  criticInputs,
  criticStateInputs,
  criticStateOutputs,
  metricOutputs,
  observationInput,
  parametersOf,
} from '../step-inputs.ts';
import type { SoftActorCriticConfig } from './soft-actor-critic-config.ts';
import { type SoftActorCriticNets, softActorCriticNets } from './soft-actor-critic-nets.ts';

/** Features [B, F], action [B, A] → values [E, B]. */
function valuesOf({ critic, head }: SoftActorCriticNets, parameters: Parameters, features: Node, action: Node): Node {
  const masked = mul(action, actionMaskNode(head.actionMask));
  return ensembleOf(parameters, critic, { observation: features, action: masked });
}

function drawAction({ head }: SoftActorCriticNets, policy: Parameters, features: Node, noise: Node): Sampled {
  return sampleTanhGaussian(head, gaussianAt(policy, head, stopGradient(features)), noise);
}

/** The critics' vector and the policy at one update. */
interface Evaluation {
  readonly nets: SoftActorCriticNets;
  readonly config: SoftActorCriticConfig;
  readonly sizes: ObservationSizes;
  readonly policy: Parameters;
  /** α */
  readonly temperature: Node;
}

/** The inputs of every critic update that only some settings need. */
function ownInputs({ criticUpdates: C, batchSize: B, critics, targetCritics: Z }: SoftActorCriticConfig, S: number) {
  return {
    /** int64 [Z]: the critics whose minimum makes the target; absent = all. */
    subset: Z < critics ? input('subset', [C, Z], 'int64') : undefined,
    /** [B, S]: mask of what the actor sees of the next observation. */
    nextDropout: S > 0 ? input('nextDropout', [C, B, S]) : undefined,
  };
}

/** The whole training step. The new value of an input `x` is `next.x`; the critics' metrics are those of their last update. */
export function softActorCriticStep(config: SoftActorCriticConfig, sizes: ObservationSizes): Step {
  const nets = softActorCriticNets(config, sizes);
  const inputsOf = criticInputs(config, sizes, ownInputs(config, nets.encoder.dropoutSize));
  const actor = adamInputs('actor', parameterCount(nets.actorParameters));
  const actorViews = parameterViews(actor.parameters, nets.actorParameters);
  const temperature = adamInputs('temperature', 1);
  const at: Evaluation = {
    nets,
    config,
    sizes,
    policy: parametersFrom(actorViews, nets.actorParameters),
    temperature: reshape(temperatureOf(temperature.parameters, config.temperature.form), []),
  };
  let critic = criticStateInputs(nets.criticParameters);
  let before = critic;
  const learningRate = input('learningRate', []);
  let metrics: Record<string, Node> = {};
  let nextLogProbability: Node | undefined;
  for (let update = 0; update < config.criticUpdates; update++) {
    const { batch, floor, corrections, own } = inputsOf(update);
    const views = parameterViews(critic.parameters, nets.criticParameters);
    const found = criticLoss(at, { views, slow: critic.target, batch, floor, ...own });
    const next = adam(critic, flatten(grad(found.loss, views)), { learningRate, corrections });
    before = critic;
    critic = { ...next, target: polyak(critic.target, next.parameters, config.tau) };
    ({ metrics, nextLogProbability } = found);
  }

  const seen = config.order === 'sequential' ? critic : before;
  const rates = { learningRate, corrections: input('actorCorrections', [2]) };
  const improved = actorLoss(at, seen.parameters, inputsOf(config.criticUpdates - 1).batch.observation);
  const nextActor = adam(actor, flatten(grad(improved.loss, actorViews)), rates);
  const entropy =
    config.order === 'simultaneous' && nextLogProbability ? entropyOf(nextLogProbability) : improved.entropy;
  const used = sizes.actionMask.filter(Boolean).length;
  const alphaLoss = temperatureLoss(at.temperature, entropy, used * config.targetEntropyPerDimension);
  const nextTemperature = adam(temperature, flatten(grad(alphaLoss, [temperature.parameters])), rates);
  return defineStep({
    ...adamOutputs('actor', nextActor),
    ...adamOutputs('temperature', nextTemperature),
    ...criticStateOutputs(critic),
    ...metricOutputs({
      ...metrics,
      ...improved.metrics,
      entropy,
      temperature: at.temperature,
      temperatureLoss: alphaLoss,
    }),
  });
}

interface CriticUpdate {
  /** Views of the critics' vector, by which the loss is differentiated. */
  readonly views: readonly Node[];
  /** The flat slow copy of the critics' vector. */
  readonly slow: Node;
  readonly batch: CriticBatch;
  readonly floor: Node | undefined;
  readonly subset: Node | undefined;
  readonly nextDropout: Node | undefined;
}

/** Loss of everything in the critics' vector. */
function criticLoss(at: Evaluation, { views, slow: slowVector, batch, floor, subset, nextDropout }: CriticUpdate) {
  const { nets, config, policy, temperature } = at;
  const parameters = parametersFrom(views, nets.criticParameters);
  const slow = parametersOf(slowVector, nets.criticParameters);
  const features = nets.encoder.observe(parameters, batch.observation);
  const nextFeatures = nets.encoder.observe(parameters, batch.nextObservation);
  const seenNext = nextDropout ? nets.encoder.observe(parameters, batch.nextObservation, nextDropout) : nextFeatures;
  const slowFeatures = nets.encoder.observe(slow, batch.nextObservation);
  const next = drawAction(nets, policy, seenNext, batch.nextNoise);
  // The weights of the subset are gathered, not its values, so that the other critics need not be evaluated.
  const chosen: Parameters = subset ? (name) => gather(slow(name), subset, 0) : slow;
  const nextValues = valuesOf(nets, chosen, slowFeatures, next.action);
  const entropy = config.backupEntropy ? { nextLogProb: next.logProbability, temperature } : undefined;
  const target = tdTarget(batch.reward, batch.bootstrap, nextValues, config.discount, entropy);
  const floored = floor ? monteCarloFloor(target, floor) : target;
  const values = valuesOf(nets, parameters, features, batch.action);
  const td = tdLoss(values, floored);
  const grasp = graspLoss(at, batch, { parameters, slow, features, nextFeatures, slowFeatures });
  return {
    loss: grasp ? add(td, grasp.loss) : td,
    nextLogProbability: next.logProbability,
    metrics: {
      criticLoss: td,
      qData: mean(values),
      qTarget: mean(floored),
      ...(floor && { floorRate: mean(cast(greater(floor, target), 'float32')) }),
      ...grasp?.metrics,
    },
  };
}

/** Double DQN of the discrete gripper on the reward less the penalty; `undefined` when the gripper is continuous or unused. */
function graspLoss(
  { nets: { grasp }, config, sizes }: Evaluation,
  batch: CriticBatch,
  at: Record<'parameters' | 'slow', Parameters> & Record<'features' | 'nextFeatures' | 'slowFeatures', Node>,
) {
  if (!grasp) return undefined;
  const penalty = gripperPenalty(batch.action, measuredOpening(batch.observation, sizes), config.gripperPenalty);
  const target = doubleQTarget(
    sub(batch.reward, penalty),
    batch.bootstrap,
    graspValues(at.parameters, grasp, at.nextFeatures),
    graspValues(at.slow, grasp, at.slowFeatures),
    config.discount,
  );
  const taken = valueOfChoice(graspValues(at.parameters, grasp, at.features), graspChoice(batch.action));
  const loss = choiceLoss(taken, target);
  return { loss, metrics: { graspLoss: loss, graspQ: mean(taken), graspPenalty: mean(penalty) } };
}

/** A dimension of an action counts as saturated beyond this value, because tanh never reaches 1. */
const SATURATED = 0.99;

/** Loss of the actor at the given critics' vector. */
function actorLoss({ nets, config, policy, temperature }: Evaluation, critic: Node, observation: Node) {
  const parameters = parametersOf(critic, nets.criticParameters);
  const features = nets.encoder.observe(parameters, observation);
  const noise = input('actingNoise', [config.batchSize, ACTION_SIZE]);
  const { dropoutSize } = nets.encoder;
  const seen =
    dropoutSize > 0
      ? nets.encoder.observe(parameters, observation, input('actingDropout', [config.batchSize, dropoutSize]))
      : features;
  const { action, logProbability } = drawAction(nets, policy, seen, noise);
  const values = valuesOf(nets, parameters, features, action);
  const loss = softActorLoss(values, logProbability, temperature);
  const used = nets.head.actionMask.filter(Boolean).length;
  return {
    loss,
    entropy: entropyOf(logProbability),
    metrics: {
      actorLoss: loss,
      qPolicy: mean(values),
      qMax: max(values),
      saturation: mul(sum(cast(greater(abs(action), SATURATED), 'float32')), 1 / (config.batchSize * used)),
    },
  };
}

/** The critics alone, as `Algorithm.criticStep` describes; with a discrete gripper, those of the arm without the gripper's DQN. */
export function softActorCriticValues(config: SoftActorCriticConfig, sizes: ObservationSizes, rows: number): Step {
  const nets = softActorCriticNets(config, sizes);
  const parameters = parametersOf(input('critic', [parameterCount(nets.criticParameters)]), nets.criticParameters);
  const features = nets.encoder.observe(parameters, observationInput('', [rows], sizes));
  return defineStep({ values: valuesOf(nets, parameters, features, input('action', [rows, ACTION_SIZE])) });
}
