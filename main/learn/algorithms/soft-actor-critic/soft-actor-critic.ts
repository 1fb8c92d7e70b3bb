/**
 * The whole training step of a soft actor-critic, as RLPD and HIL-SERL use it; `rlpd.ts` and `hil-serl.ts` say which
 * settings make which of them.
 *
 *   critic        y = r + γ · bootstrap · (min over Z of Q̄ᵢ(s′, a′) − α log π(a′|s′)),  a′ ~ π(s′)     L = mean (Qᵢ(s, a) − y)²
 *   gripper       double DQN on r less a penalty (`grasp-critic.ts`), where it is discrete
 *   actor         L = mean [ α log π(a|s) − mean over E of Qᵢ(s, a) ],  a ~ π(s)
 *   temperature   L = α (H − H*)
 *   target        Q̄ ← Q̄ + τ(Q − Q̄) after every critic update
 *
 * C critic updates, each on a batch of its own and on the result of the one before, then one of actor and temperature on the last
 * batch. What of the encoder is trained (proprioception, spatial embeddings) belongs to the critics and follows their losses only;
 * the actor sees it as it is, or through a dropout of its own, which neither critics nor gripper have (HIL-SERL).
 *
 * Letters: C critic updates in the step, B batch, D observation, F features, A action, E critics, Z of them in a target, S a dropout mask.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { type Adam, adam, polyak } from '../../../tensor/optimiser.ts';
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
import { choiceLoss, doubleQTarget, valueOfChoice } from '../../losses/reinforcement/double-q.ts';
import {
  entropyOf,
  softActorLoss,
  temperatureLoss,
  temperatureOf,
} from '../../losses/reinforcement/soft-actor-critic.ts';
import { monteCarloFloor, tdLoss, tdTarget } from '../../losses/reinforcement/td.ts';
import { ensembleOf } from '../../nets/ensemble.ts';
import { flatten, type Parameters, parameterCount, parametersFrom, parameterViews } from '../../nets/parameters.ts';
import { actionMaskNode, gaussianAt, type Sampled, sampleTanhGaussian } from '../../policies/tanh-gaussian.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { adamInputs, mapNodes, observationInput, partOf } from '../step-inputs.ts';
import { graspChoice, graspValues, gripperPenalty, measuredOpening } from './grasp-critic.ts';
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

interface CriticBatch {
  readonly observation: Node;
  readonly action: Node;
  readonly reward: Node;
  readonly bootstrap: Node;
  readonly nextObservation: Node;
  readonly nextNoise: Node;
}

interface Critic extends Adam {
  readonly target: Node;
}

/** What stays as it is through all critic updates of a step. */
interface Actor {
  readonly policy: Parameters;
  /** α */
  readonly temperature: Node;
}

/** Inputs that a step reads only with some settings are made when asked for, so that it has no others. */
function criticInputs(config: SoftActorCriticConfig, sizes: ObservationSizes, dropoutSize: number) {
  const [C, B, A] = [config.criticUpdates, config.batchSize, ACTION_SIZE];
  const all = {
    observation: observationInput('', [C, B], sizes),
    action: input('action', [C, B, A]),
    reward: input('reward', [C, B]),
    bootstrap: input('bootstrap', [C, B]),
    nextObservation: observationInput('next', [C, B], sizes),
    nextNoise: input('nextNoise', [C, B, A]),
  };
  const floor = config.mcFloor === 'off' ? undefined : input('returnFloor', [C, B]);
  const subset =
    config.targetCritics < config.critics ? input('subset', [C, config.targetCritics], 'int64') : undefined;
  const dropout = dropoutSize > 0 ? input('nextDropout', [C, B, dropoutSize]) : undefined;
  const corrections = input('criticCorrections', [C, 2]);
  return {
    batch: (update: number): CriticBatch => mapNodes(all, (node) => partOf(node, update)),
    floor: (update: number) => floor && partOf(floor, update),
    subset: (update: number) => subset && partOf(subset, update),
    dropout: (update: number) => dropout && partOf(dropout, update),
    corrections: (update: number) => partOf(corrections, update),
  };
}

/** The whole training step. The new value of an input `x` is `next.x`; metrics are `metric.…`, the critics' those of their last update. */
export function softActorCriticStep(config: SoftActorCriticConfig, sizes: ObservationSizes): Step {
  const nets = softActorCriticNets(config, sizes);
  const inputs = criticInputs(config, sizes, nets.encoder.dropoutSize);
  const actor = adamInputs('actor', parameterCount(nets.actorParameters));
  const actorViews = parameterViews(actor.parameters, nets.actorParameters);
  const temperature = adamInputs('temperature', 1);
  const at: Actor = {
    policy: parametersFrom(actorViews, nets.actorParameters),
    temperature: reshape(temperatureOf(temperature.parameters, config.temperature.form), []),
  };
  const count = parameterCount(nets.criticParameters);
  let critic: Critic = { ...adamInputs('critic', count), target: input('criticTarget', [count]) };
  let before = critic;
  const learningRate = input('learningRate', []);
  let metrics: Record<string, Node> = {};
  let nextLogProbability: Node | undefined;
  for (let update = 0; update < config.criticUpdates; update++) {
    const views = parameterViews(critic.parameters, nets.criticParameters);
    const found = criticLoss(nets, config, sizes, {
      ...{ actor: at, critic, views, batch: inputs.batch(update) },
      ...{ floor: inputs.floor(update), subset: inputs.subset(update), dropout: inputs.dropout(update) },
    });
    const options = { learningRate, corrections: inputs.corrections(update) };
    const next = adam(critic, flatten(grad(found.loss, views)), options);
    before = critic;
    critic = { ...next, target: polyak(critic.target, next.parameters, config.tau) };
    ({ metrics, nextLogProbability } = found);
  }

  const seen = config.order === 'sequential' ? critic : before;
  const corrections = input('actorCorrections', [2]);
  const improved = actorLoss(nets, config, at, seen.parameters, inputs.batch(config.criticUpdates - 1).observation);
  const nextActor = adam(actor, flatten(grad(improved.loss, actorViews)), { learningRate, corrections });
  const entropy =
    config.order === 'simultaneous' && nextLogProbability ? entropyOf(nextLogProbability) : improved.entropy;
  const used = sizes.actionMask.filter(Boolean).length;
  const price = temperatureLoss(at.temperature, entropy, used * config.targetEntropyPerDimension);
  const nextTemperature = adam(temperature, flatten(grad(price, [temperature.parameters])), {
    learningRate,
    corrections,
  });
  return defineStep({
    ...nextValues('actor', nextActor),
    ...nextValues('temperature', nextTemperature),
    ...nextValues('critic', critic),
    'next.criticTarget': critic.target,
    ...named({ ...metrics, ...improved.metrics, entropy, temperature: at.temperature, temperatureLoss: price }),
  });
}

/** The critics alone, as `Algorithm.criticStep` has it; where the gripper is discrete, of the arm's action without its DQN. */
export function softActorCriticValues(config: SoftActorCriticConfig, sizes: ObservationSizes, rows: number): Step {
  const nets = softActorCriticNets(config, sizes);
  const critic = input('critic', [parameterCount(nets.criticParameters)]);
  const parameters = parametersFrom(parameterViews(critic, nets.criticParameters), nets.criticParameters);
  const features = nets.encoder.observe(parameters, observationInput('', [rows], sizes));
  return defineStep({ values: valuesOf(nets, parameters, features, input('action', [rows, ACTION_SIZE])) });
}

const nextValues = (name: string, { parameters, mean, variance }: Adam) => ({
  [`next.${name}`]: parameters,
  [`next.${name}Mean`]: mean,
  [`next.${name}Variance`]: variance,
});

const named = (metrics: Record<string, Node>) =>
  Object.fromEntries(Object.entries(metrics).map(([name, node]) => [`metric.${name}`, node]));

/** Loss of everything in the critics' vector, at `views` of it. */
function criticLoss(
  nets: SoftActorCriticNets,
  config: SoftActorCriticConfig,
  sizes: ObservationSizes,
  at: {
    readonly actor: Actor;
    readonly critic: Critic;
    readonly views: readonly Node[];
    readonly batch: CriticBatch;
    readonly floor: Node | undefined;
    /** int64 [Z]: the members whose minimum makes the target; undefined = all. */
    readonly subset: Node | undefined;
    /** [B, S]: what the actor does not see of the next observation. */
    readonly dropout: Node | undefined;
  },
) {
  const { batch, actor } = at;
  const parameters = parametersFrom(at.views, nets.criticParameters);
  const slow = parametersFrom(parameterViews(at.critic.target, nets.criticParameters), nets.criticParameters);
  const features = nets.encoder.observe(parameters, batch.observation);
  const nextFeatures = nets.encoder.observe(parameters, batch.nextObservation);
  const seenNext = at.dropout ? nets.encoder.observe(parameters, batch.nextObservation, at.dropout) : nextFeatures;
  const slowFeatures = nets.encoder.observe(slow, batch.nextObservation);
  const next = drawAction(nets, actor.policy, seenNext, batch.nextNoise);
  const { subset } = at;
  // The subset's weights are picked, not its values: the others need not be evaluated.
  const chosen: Parameters = subset ? (name) => gather(slow(name), subset, 0) : slow;
  const nextValues = valuesOf(nets, chosen, slowFeatures, next.action);
  const entropy = { nextLogProb: next.logProbability, temperature: actor.temperature };
  const soft = config.backupEntropy ? entropy : undefined;
  const target = tdTarget(batch.reward, batch.bootstrap, nextValues, config.discount, soft);
  const floored = at.floor ? monteCarloFloor(target, at.floor) : target;
  const values = valuesOf(nets, parameters, features, batch.action);
  const td = tdLoss(values, floored);
  const metrics: Record<string, Node> = { criticLoss: td, qData: mean(values), qTarget: mean(floored) };
  if (at.floor) metrics['floorRate'] = mean(cast(greater(at.floor, target), 'float32'));
  const result = { loss: td, metrics, nextLogProbability: next.logProbability };
  if (!nets.grasp) return result;

  const penalty = gripperPenalty(batch.action, measuredOpening(batch.observation, sizes), config.gripperPenalty);
  const graspTarget = doubleQTarget(
    sub(batch.reward, penalty),
    batch.bootstrap,
    graspValues(parameters, nets.grasp, nextFeatures),
    graspValues(slow, nets.grasp, slowFeatures),
    config.discount,
  );
  const taken = valueOfChoice(graspValues(parameters, nets.grasp, features), graspChoice(batch.action));
  const grasp = choiceLoss(taken, graspTarget);
  return {
    ...result,
    loss: add(td, grasp),
    metrics: { ...metrics, graspLoss: grasp, graspQ: mean(taken), graspPenalty: mean(penalty) },
  };
}

/** Beyond it a dimension of an action counts as saturated: tanh reaches 1 nowhere. */
const SATURATED = 0.99;

/** Loss of the actor at the critics' vector given. */
function actorLoss(
  nets: SoftActorCriticNets,
  config: SoftActorCriticConfig,
  { policy, temperature }: Actor,
  critic: Node,
  observation: Node,
) {
  const parameters = parametersFrom(parameterViews(critic, nets.criticParameters), nets.criticParameters);
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
