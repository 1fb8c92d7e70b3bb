/**
 * ConRFT: reinforced fine-tuning of a consistency policy on top of a frozen encoder (Chen et al. 2025, arXiv 2502.05450;
 * released code cccedric/conrft). Stage 1, Cal-ConRFT, is offline on the demo buffer; stage 2, HIL-ConRFT, is online on
 * batches half from the RL buffer and half from the demo buffer, which holds demonstrations and interventions.
 *
 *   critic   y = r + γ · bootstrap · minᵢ Q̄ᵢ(s′, a′),  a′ ~ π(s′)        L = mean (Qᵢ(s, a) − y)²  +  α · CalQL
 *   actor    L = β · BC + η · QLoss        BC: reconstruct a from a + σz at random σ        QLoss = −mean Qᵢ(s, π(s))
 *   target   Q̄ ← Q̄ + τ(Q − Q̄) after every critic update
 *
 * Deviations, in every preset:
 * - the critic sees the frozen encoder's embedding and the proprioception, as the actor does (theirs has its own ResNet);
 * - each critic has its own last layer (theirs share one by mistake); no ½ on the squared error (the paper has it);
 * - a time-out bootstraps (theirs ends the episode); a masked action dimension is absent from nets' inputs, outputs and losses;
 * - idle human steps are no imitation target.
 * In the preset `cell` also: a Monte-Carlo floor under the target; the Cal-QL term online too, fading; η = 0 until the critics have been
 * trained for a while; a person's steps alone are imitated; a running average of the policy acts; no separate encoder of the proprioception.
 *
 * Settings and presets stand in `conrft-config.ts`. What draws the noise and holds the weights is `conrft-learner.ts`.
 *
 * Letters: C critic updates in the step, B batch, D observation, A action, E critics, H hidden, N Cal-QL actions per source.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Stage } from '../../../api/run.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { type Adam, adam, polyak } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import {
  abs,
  add,
  cast,
  concat,
  expand,
  greater,
  greaterEqual,
  input,
  max,
  maximum,
  mean,
  mul,
  reshape,
  stopGradient,
  sum,
} from '../../../tensor/tensor.ts';
import { consistencyLoss, maskedError, weightedMean } from '../../losses/generative/consistency.ts';
import { calQl } from '../../losses/reinforcement/cal-ql.ts';
import { qLoss } from '../../losses/reinforcement/q-loss.ts';
import { monteCarloFloor, tdLoss, tdTarget } from '../../losses/reinforcement/td.ts';
import { type EnsembleSpec, ensemble, ensembleParameters, projectEnsemble } from '../../nets/ensemble.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../../nets/observer.ts';
import {
  flatten,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../nets/parameters.ts';
import {
  type ConsistencyHead,
  clipAction,
  consistencyHead,
  consistencyParameters,
  denoise,
  maskOf,
  projectObservation,
  SIGMA_DATA,
  sample,
} from '../../policies/consistency.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { adamInputs, mapNodes, observationInput, partOf } from '../step-inputs.ts';
import type { ConrftConfig } from './conrft-config.ts';

export interface ConrftNets {
  readonly observer: Observer;
  readonly actorObserver: Observer;
  readonly head: ConsistencyHead;
  readonly critic: EnsembleSpec;
  readonly actorParameters: readonly ParameterSpec[];
  readonly criticParameters: readonly ParameterSpec[];
}

export function conrftNets(config: ConrftConfig, sizes: ObservationSizes): ConrftNets {
  const observer = (name: string): Observer => ({ name, features: config.proprioceptionFeatures, ...sizes });
  const [actorObserver, criticObserver] = [observer('actor'), observer('critic')];
  const features = observerFeatures(criticObserver);
  const head = consistencyHead(features, sizes.actionMask, config.hidden);
  const inputs = [
    { name: 'observation', size: features },
    { name: 'action', size: ACTION_SIZE },
  ];
  const critic = { name: 'critic', members: config.critics, inputs, hidden: config.hidden };
  return {
    observer: criticObserver,
    actorObserver,
    head,
    critic,
    actorParameters: [...observerParameters(actorObserver), ...consistencyParameters(head)],
    criticParameters: [...observerParameters(criticObserver), ...ensembleParameters(critic)],
  };
}

/** Observation [B, D] → its share of the critics' first layer, [E, B, H]. */
function criticShare(nets: ConrftNets, parameters: Parameters, observation: Node): Node {
  return projectEnsemble(parameters, nets.critic, 'observation', observe(parameters, nets.observer, observation));
}

/** Share [E, B, H], action [B, A] → values [E, B]. */
function valuesOf(nets: ConrftNets, parameters: Parameters, share: Node, action: Node): Node {
  const masked = mul(action, maskOf(nets.head));
  return ensemble(parameters, nets.critic, [share, projectEnsemble(parameters, nets.critic, 'action', masked)]);
}

/** Observation [B, D] → its share of the actor's first layer, [B, H]. */
export function actorShare(nets: ConrftNets, parameters: Parameters, observation: Node): Node {
  return projectObservation(parameters, nets.head, observe(parameters, nets.actorObserver, observation));
}

/** [..., B, H] → [..., B·N, H]: each row N times. */
function repeatRows(share: Node, count: number): Node {
  const [batch, width] = share.shape.slice(-2) as [number, number];
  const leading = share.shape.slice(0, -2);
  const wide = expand(reshape(share, [...leading, batch, 1, width]), [...leading, batch, count, width]);
  return reshape(wide, [...leading, batch * count, width]);
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

type Metrics = Record<string, Node>;

/** Inputs that a step reads only with some settings are made when asked for, so that it has no others. */
function criticInputs(config: ConrftConfig, stage: Stage, sizes: ObservationSizes) {
  const [C, B, A] = [config[stage].criticUpdates, config.batchSize, ACTION_SIZE];
  const all = {
    observation: observationInput('', [C, B], sizes),
    action: input('action', [C, B, A]),
    reward: input('reward', [C, B]),
    bootstrap: input('bootstrap', [C, B]),
    nextObservation: observationInput('next', [C, B], sizes),
    nextNoise: input('nextNoise', [C, B, A]),
  };
  const floor = config.mcFloor === 'off' ? undefined : input('returnFloor', [C, B]);
  const N = config.calQlActions;
  const conservative =
    config[stage].alpha > 0
      ? {
          monteCarloReturn: input('monteCarloReturn', [C, B]),
          randomActions: input('randomActions', [C, B * N, A]),
          hereNoise: input('hereNoise', [C, B * N, A]),
          thereNoise: input('thereNoise', [C, B * N, A]),
        }
      : undefined;
  const corrections = input('criticCorrections', [C, 2]);
  return {
    batch: (update: number): CriticBatch => mapNodes(all, (node) => partOf(node, update)),
    floor: (update: number) => floor && partOf(floor, update),
    conservative: (update: number) => conservative && mapNodes(conservative, (node) => partOf(node, update)),
    corrections: (update: number) => partOf(corrections, update),
  };
}

/**
 * The whole training step of a stage: C critic updates, and one actor update on the last one's batch, differentiated at the
 * parameters before that last one (as the released code does). The new value of an input `x` is `next.x`; metrics are `metric.…`.
 */
export function conrftStep(config: ConrftConfig, stage: Stage, sizes: ObservationSizes): Step {
  const nets = conrftNets(config, sizes);
  const settings = config[stage];
  const inputs = criticInputs(config, stage, sizes);
  const actor = adamInputs('actor', parameterCount(nets.actorParameters));
  const actorViews = parameterViews(actor.parameters, nets.actorParameters);
  const policy = parametersFrom(actorViews, nets.actorParameters);
  const count = parameterCount(nets.criticParameters);
  let critic: Critic = { ...adamInputs('critic', count), target: input('criticTarget', [count]) };
  const learningRate = input('learningRate', []);
  const alpha = input('alpha', []); // used where the stage has a Cal-QL term
  let outputs: Record<string, Node> = {};
  let metrics: Metrics = {};
  for (let update = 0; update < settings.criticUpdates; update++) {
    const batch = inputs.batch(update);
    const views = parameterViews(critic.parameters, nets.criticParameters);
    const parameters = parametersFrom(views, nets.criticParameters);
    const share = criticShare(nets, parameters, batch.observation);
    const values = valuesOf(nets, parameters, share, batch.action);
    const target = targetOf(nets, config, policy, critic.target, batch);
    const floor = inputs.floor(update);
    const floored = floor ? monteCarloFloor(target, floor) : target;
    const td = tdLoss(values, floored);
    const extra = inputs.conservative(update);
    const conservative = extra && calQlTerm(nets, config, { parameters, share, policy, batch, values }, extra);
    const loss = conservative ? add(td, mul(conservative.loss, alpha)) : td;
    metrics = { criticLoss: td, qData: mean(values), qTarget: mean(floored) };
    if (floor) metrics['floorRate'] = mean(cast(greater(floor, target), 'float32'));
    if (conservative) metrics['calQlBoundRate'] = conservative.boundRate;
    if (conservative) metrics['calQlGap'] = conservative.loss;
    if (update === settings.criticUpdates - 1) {
      const improved = actorUpdate(nets, config, { actorViews, policy, parameters, share, batch, learningRate }, actor);
      outputs = improved.outputs;
      metrics = { ...metrics, ...improved.metrics, qMax: maximum(max(values), improved.qMax) };
    }
    const options = { learningRate, corrections: inputs.corrections(update) };
    const next = adam(critic, flatten(grad(loss, views)), options);
    critic = { ...next, target: polyak(critic.target, next.parameters, config.tau) };
  }
  return defineStep({
    ...outputs,
    'next.critic': critic.parameters,
    'next.criticMean': critic.mean,
    'next.criticVariance': critic.variance,
    'next.criticTarget': critic.target,
    ...Object.fromEntries(Object.entries(metrics).map(([name, node]) => [`metric.${name}`, node])),
  });
}

/** The critics alone, as `Algorithm.criticStep` has it. */
export function conrftCriticStep(config: ConrftConfig, sizes: ObservationSizes, rows: number): Step {
  const nets = conrftNets(config, sizes);
  const critic = input('critic', [parameterCount(nets.criticParameters)]);
  const parameters = parametersFrom(parameterViews(critic, nets.criticParameters), nets.criticParameters);
  const share = criticShare(nets, parameters, observationInput('', [rows], sizes));
  return defineStep({ values: valuesOf(nets, parameters, share, input('action', [rows, ACTION_SIZE])) });
}

/** y before the floor, [B]. */
function targetOf(nets: ConrftNets, config: ConrftConfig, policy: Parameters, target: Node, batch: CriticBatch): Node {
  const slow = parametersFrom(parameterViews(target, nets.criticParameters), nets.criticParameters);
  const nextAction = clipAction(
    sample(policy, nets.head, actorShare(nets, policy, batch.nextObservation), batch.nextNoise),
  );
  const nextValues = valuesOf(nets, slow, criticShare(nets, slow, batch.nextObservation), nextAction);
  return tdTarget(batch.reward, batch.bootstrap, nextValues, config.discount);
}

/** Cal-QL at 3 N actions per sample. All are evaluated at s; those of π(s′) too, as in the released code. */
function calQlTerm(
  nets: ConrftNets,
  config: ConrftConfig,
  at: { parameters: Parameters; share: Node; policy: Parameters; batch: CriticBatch; values: Node },
  extra: Record<'monteCarloReturn' | 'randomActions' | 'hereNoise' | 'thereNoise', Node>,
) {
  const N = config.calQlActions;
  const proposals = (observation: Node, noise: Node) => {
    const share = repeatRows(actorShare(nets, at.policy, observation), N);
    return stopGradient(clipAction(sample(at.policy, nets.head, share, noise)));
  };
  const sources = [
    extra.randomActions,
    proposals(at.batch.observation, extra.hereNoise),
    proposals(at.batch.nextObservation, extra.thereNoise),
  ].map((actions) => reshape(actions, [config.batchSize, N, ACTION_SIZE]));
  const actions = reshape(concat(sources, 1), [config.batchSize * 3 * N, ACTION_SIZE]);
  const values = valuesOf(nets, at.parameters, repeatRows(at.share, 3 * N), actions);
  const grouped = reshape(values, [config.critics, config.batchSize, 3 * N]);
  return calQl(at.values, grouped, extra.monteCarloReturn);
}

/** β · BC + η · QLoss, and Adam. `share` is the critics' at the same observations and at the critics' current parameters. */
function actorUpdate(
  nets: ConrftNets,
  config: ConrftConfig,
  at: {
    actorViews: readonly Node[];
    policy: Parameters;
    parameters: Parameters;
    share: Node;
    batch: CriticBatch;
    learningRate: Node;
  },
  actor: Adam,
) {
  const [B, A] = [config.batchSize, ACTION_SIZE];
  const mask = nets.head.actionMask;
  const sigma = input('sigma', [B, 1]);
  const weight = input('imitationWeight', [B]);
  const share = actorShare(nets, at.policy, at.batch.observation);
  const noised = add(at.batch.action, mul(input('imitationNoise', [B, A]), sigma));
  const reconstructed = clipAction(denoise(at.policy, nets.head, share, noised, sigma));
  const bc = consistencyLoss(maskedError(reconstructed, at.batch.action, mask), sigma, weight, SIGMA_DATA);
  const raw = sample(at.policy, nets.head, share, input('actingNoise', [B, A]));
  const action = clipAction(raw);
  const values = valuesOf(nets, at.parameters, at.share, action);
  const loss = add(mul(bc, input('beta', [])), mul(qLoss(values), input('eta', [])));
  const options = { learningRate: at.learningRate, corrections: input('actorCorrections', [2]) };
  const next = adam(actor, flatten(grad(loss, at.actorViews)), options);
  const used = mask.filter(Boolean).length;
  return {
    outputs: {
      'next.actor': next.parameters,
      'next.actorMean': next.mean,
      'next.actorVariance': next.variance,
      ...(config.averageTau < 1 && {
        'next.actorAverage': polyak(input('actorAverage', next.parameters.shape), next.parameters, config.averageTau),
      }),
    },
    qMax: max(values),
    metrics: {
      actorLoss: loss,
      bcLoss: bc,
      qPolicy: mean(values),
      saturation: mul(sum(cast(greaterEqual(abs(raw), 1), 'float32')), 1 / (B * used)),
      actionError: weightedMean(maskedError(action, at.batch.action, mask), weight),
    },
  };
}
