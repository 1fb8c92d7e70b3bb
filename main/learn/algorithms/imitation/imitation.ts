/**
 * Imitation with any policy head: offline on the demonstrations it is behaviour cloning (SFT); online it goes on as a person's
 * corrections join the demo buffer, which is HG-DAgger (Kelly et al. 2019) with one network.
 *   L = Σ weight · loss(what the head offers, the person's actions)      AdamW; a running average of the weights may act
 * Idle steps and what lies past an episode's end are no targets; dimensions that the task masks do not exist for the head.
 * differs from HG-DAgger: no ensemble and no estimate of risk; the person alone decides when to take over.
 * A policy can also be taught a sense that it did not have (`imitation-touch.ts`).
 * Settings stand in `imitation-config.ts`, weights and noise in `imitation-learner.ts`.
 * Letters: B batch, K steps of a chunk, U used action dimensions.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { adam } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { add, concat, full, input, mul, ones, reshape, sub } from '../../../tensor/tensor.ts';
import { combineLosses } from '../../losses/combine.ts';
import type { LossInputs } from '../../losses/loss-inputs.ts';
import { mse } from '../../losses/regression.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../../nets/observer.ts';
import {
  flatten,
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../../nets/parameters.ts';
import { gateOpening, type TactileGate, tactileGateParameters, withTactile } from '../../nets/tactile-gate.ts';
import type { Head } from '../../policies/head.ts';
import { createHead } from '../../policies/heads.ts';
import {
  type ActionSpace,
  actionSpace,
  denormalise,
  normalise,
  normaliserParameters,
} from '../../policies/normaliser.ts';
import type { ObservationSizes } from '../algorithm.ts';
import { adamInputs, observationInput } from '../step-inputs.ts';
import type { ImitationConfig } from './imitation-config.ts';
import { baseObservation, noisedObservation, teacherLoss, touchGate, touchOf } from './imitation-touch.ts';

export interface ImitationNets {
  readonly observer: Observer;
  readonly space: ActionSpace;
  readonly head: Head;
  readonly gate: TactileGate | undefined;
  /** Those of a policy without the gate. */
  readonly base: readonly ParameterSpec[];
  /** Those that gradients move: the base's, then the gate's. */
  readonly trained: readonly ParameterSpec[];
  /** Those that the data sets. */
  readonly fitted: readonly ParameterSpec[];
}

export function imitationNets(config: ImitationConfig, sizes: ObservationSizes): ImitationNets {
  const observer = { name: 'actor', features: config.proprioceptionFeatures, ...sizes };
  const space = actionSpace(config.normaliser, sizes.actionMask, config.chunk.size);
  const features = observerFeatures(observer);
  const head = createHead(config.head, { space, features, hidden: config.hidden });
  const gate = touchGate(config.touch, sizes, features);
  const base = [...observerParameters(observer), ...head.parameters];
  return {
    ...{ observer, space, head, gate, base },
    trained: [...base, ...(gate ? tactileGateParameters(gate) : [])],
    fitted: normaliserParameters(config.normaliser, ACTION_SIZE),
  };
}

/** The policy's parameters in the order of its weight file. */
export const policyParameters = ({ trained, fitted }: ImitationNets): readonly ParameterSpec[] => [
  ...trained,
  ...fitted,
];

/** observation [B, D] → what the head takes, [B, features]. */
function featuresOf(
  { touch }: ImitationConfig,
  sizes: ObservationSizes,
  nets: Pick<ImitationNets, 'observer' | 'gate'>,
  parameters: Parameters,
  observation: Node,
): Node {
  const base = observe(parameters, nets.observer, baseObservation(touch, sizes, observation));
  return nets.gate ? withTactile(parameters, nets.gate, base, touchOf(sizes, observation)) : base;
}

/** One update. The new value of an input `x` is `next.x`; metrics are `metric.…`. */
export function imitationStep(config: ImitationConfig, sizes: ObservationSizes): Step {
  const nets = imitationNets(config, sizes);
  const [B, K] = [config.batchSize, config.chunk.size];
  const actor = adamInputs('actor', parameterCount(nets.trained));
  const views = parameterViews(actor.parameters, nets.trained);
  const fitted = nets.fitted.length > 0 ? input('normaliser', [parameterCount(nets.fitted)]) : undefined;
  const parameters = parametersFrom(
    [...views, ...(fitted ? parameterViews(fitted, nets.fitted) : [])],
    policyParameters(nets),
  );
  const observation = observationInput('', [B], sizes);
  const features = featuresOf(config, sizes, nets, parameters, observation);
  const target = normalise(nets.space, parameters, input('actionChunk', [B, K, ACTION_SIZE]));
  const pad = input('chunkPad', [B, K]);
  const chance = Object.fromEntries(
    nets.head.chance.map(({ name, shape }) => [name, input(`chance.${name}`, [B, ...shape])]),
  );
  const { inputs, metrics } = nets.head.offer(parameters, features, target, chance);
  const offered: LossInputs = { target, pad, ...inputs };
  const { loss: imitated, terms } = combineLosses(config.losses, offered);
  const taught = config.teacher && taughtBy(config, sizes, nets, { parameters, observation, target, chance });
  const loss = taught && config.teacher ? add(imitated, mul(taught, config.teacher.weight)) : imitated;
  const options = {
    learningRate: ratesOf(config, nets),
    corrections: input('actorCorrections', [2]),
    weightDecay: config.optimiser.weightDecay,
    betas: config.optimiser.betas,
  };
  const next = adam(actor, flatten(grad(loss, views)), options);
  const error = actionError(offered);
  return defineStep({
    'next.actor': next.parameters,
    'next.actorMean': next.mean,
    'next.actorVariance': next.variance,
    ...(config.average && { 'next.actorAverage': averaged(next.parameters) }),
    'metric.actorLoss': loss,
    ...(taught && { 'metric.distillation': taught }),
    ...(nets.gate && { 'metric.gate': reshape(gateOpening(parameters, nets.gate), []) }),
    // one term alone is the loss itself
    ...Object.fromEntries(
      Object.entries({ ...(config.losses.length > 1 && terms), ...metrics }).map(([name, node]) => [
        `metric.${name}`,
        node,
      ]),
    ),
    ...(error && { 'metric.actionError': error }),
  });
}

/** How far the policy is from the one that it started from, on noised states. */
function taughtBy(
  config: ImitationConfig,
  sizes: ObservationSizes,
  nets: ImitationNets,
  at: { parameters: Parameters; observation: Node; target: Node; chance: Readonly<Record<string, Node>> },
): Node {
  const states = noisedObservation(sizes, at.observation, config.teacher?.stateNoise ?? 0);
  const views = parameterViews(input('teacher', [parameterCount(nets.base)]), nets.base);
  const teacher = parametersFrom(views, nets.base);
  const asks = (parameters: Parameters, gate: TactileGate | undefined) => {
    const features = featuresOf(config, sizes, { observer: nets.observer, gate }, parameters, states);
    return nets.head.offer(parameters, features, at.target, at.chance).inputs;
  };
  return teacherLoss(asks(teacher, undefined), asks(at.parameters, nets.gate));
}

/** The input `learningRate`; [P] where the base has one of its own. */
function ratesOf({ baseRate }: ImitationConfig, { base, trained }: ImitationNets): Node {
  const rate = input('learningRate', []);
  const [slow, all] = [parameterCount(base), parameterCount(trained)];
  if (baseRate === 1 || slow === all) return rate;
  return mul(concat([full([slow], baseRate), ones([all - slow])], 0), rate);
}

function averaged(parameters: Node): Node {
  const previous = input('actorAverage', parameters.shape);
  return add(parameters, mul(sub(previous, parameters), input('averageDecay', [])));
}

/** Mean squared error of the head's own guess, in its space; of a mixture or of bins there is none that means anything. */
function actionError({ prediction, mean, denoised, target, pad }: LossInputs): Node | undefined {
  const guess = prediction ?? mean ?? denoised;
  return guess && target && mse(guess, target, { pad });
}

/** Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, n] where the head takes some, and each weight by its name. */
export function imitationPolicyStep(config: ImitationConfig, sizes: ObservationSizes): Step {
  const nets = imitationNets(config, sizes);
  const specs = policyParameters(nets);
  const parameters = parametersFrom(
    specs.map((spec) => input(spec.name, spec.shape)),
    specs,
  );
  const features = featuresOf(config, sizes, nets, parameters, observationInput('', [1], sizes));
  const noise = nets.head.noiseSize > 0 ? input('noise', [1, nets.head.noiseSize]) : undefined;
  const actions = denormalise(nets.space, parameters, nets.head.act(parameters, features, noise));
  return defineStep(config.chunk.size === 1 ? { action: reshape(actions, [1, ACTION_SIZE]) } : { actions });
}
