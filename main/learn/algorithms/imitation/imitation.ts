/**
 * Imitation with any policy head. Offline on the demonstrations it is behaviour cloning (SFT). Online it continues while a
 * person's corrections join the demo buffer, which is HG-DAgger (Kelly et al. 2019) with one network.
 *   L = Σ weight · loss(output of the head, the person's actions)      AdamW; a running average of the weights may act
 * Idle steps and steps past an episode's end are no targets. Dimensions that the task masks do not exist for the head.
 * With the gripper as a choice of its own (`open-or-close`), the head moves the arm alone, and a logistic head beside it
 * (`algorithms/gripper.ts`) learns the command in force by cross-entropy.
 * On an encoder that gives maps (`spatial`), the loss also trains spatial learned embeddings of them.
 * Differs from HG-DAgger: no ensemble and no estimate of risk; the person alone decides when to take over.
 * Differs from Diffusion Policy's code, in the preset `paper` (its net in `policies/diffusion.ts`): the running average's decay
 * is two updates ahead of theirs, and the learning rate one.
 * `imitation-touch.ts` teaches a policy a sense that it did not have. `imitation-config.ts` holds the settings,
 * `imitation-learner.ts` the weights and the random inputs.
 * Letters: B batch, D observation, E embedding, P proprioception, A action, K steps of a chunk, U used action dimensions.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import { grad } from '../../../tensor/grad.ts';
import type { Node } from '../../../tensor/ir.ts';
import { adam } from '../../../tensor/optimiser.ts';
import { defineStep, type Step } from '../../../tensor/step.ts';
import { abs, add, cast, concat, full, input, logicalNot, mul, ones, reshape, sub } from '../../../tensor/tensor.ts';
import { combineLosses } from '../../losses/combine.ts';
import { binaryCrossEntropy } from '../../losses/likelihood/binary-cross-entropy.ts';
import type { LossInputs } from '../../losses/loss-inputs.ts';
import { asFlags, maskedMean } from '../../losses/masked.ts';
import { mse } from '../../losses/regression.ts';
import { type MlpSpec, mlpParameters } from '../../nets/mlp.ts';
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
import { armMask, GRIPPER, gripperCommands, gripperHead, gripperLogits, opensIn, withGripper } from '../gripper.ts';
import {
  adamInputs,
  adamOutputs,
  metricOutputs,
  observationInput,
  parametersOf,
  weightInputs,
} from '../step-inputs.ts';
import type { ImitationConfig } from './imitation-config.ts';
import { baseObservation, noisedObservation, teacherLoss, touchGate, touchOf } from './imitation-touch.ts';

export interface ImitationNets {
  readonly observer: Observer;
  readonly space: ActionSpace;
  readonly head: Head;
  readonly gate: TactileGate | undefined;
  /** The head of a gripper that is a choice of its own. */
  readonly gripper: MlpSpec | undefined;
  /** Parameters of a policy without the gate. */
  readonly base: readonly ParameterSpec[];
  /** Parameters that gradients change: the base's, then the gate's. */
  readonly trained: readonly ParameterSpec[];
  /** Parameters that are computed from the data. */
  readonly fitted: readonly ParameterSpec[];
}

export function imitationNets(config: ImitationConfig, sizes: ObservationSizes): ImitationNets {
  const { proprioceptionFeatures, spatial } = config;
  const observer = { name: 'actor', features: proprioceptionFeatures, spatial, ...sizes };
  const chooses = config.gripper === 'open-or-close' && sizes.actionMask[GRIPPER] === true;
  const mask = chooses ? armMask(sizes.actionMask) : sizes.actionMask;
  const space = actionSpace(config.normaliser, mask, config.chunk.size);
  const features = observerFeatures(observer);
  const head = createHead(config.head, { space, features, hidden: config.hidden });
  const gate = touchGate(config.touch, sizes, features);
  const gripper = chooses ? gripperHead(features, config.hidden, config.chunk.size) : undefined;
  const base = [...observerParameters(observer), ...head.parameters, ...(gripper ? mlpParameters(gripper) : [])];
  return {
    observer,
    space,
    head,
    gate,
    gripper,
    base,
    trained: [...base, ...(gate ? tactileGateParameters(gate) : [])],
    fitted: normaliserParameters(config.normaliser, ACTION_SIZE),
  };
}

/** The policy's parameters in the order of its weight file. */
export const policyParameters = ({ trained, fitted }: ImitationNets): readonly ParameterSpec[] => [
  ...trained,
  ...fitted,
];

/** `observation` [B, D] → the head's features, [B, features]. */
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
  const actor = adamInputs('actor', parameterCount(nets.trained));
  const views = parameterViews(actor.parameters, nets.trained);
  const { loss, metrics } = imitationLoss(config, sizes, nets, views);
  const next = adam(actor, flatten(grad(loss, views)), {
    learningRate: ratesOf(config, nets),
    corrections: input('actorCorrections', [2]),
    weightDecay: config.optimiser.weightDecay,
    betas: config.optimiser.betas,
  });
  return defineStep({
    ...adamOutputs('actor', next),
    ...(config.average && { 'next.actorAverage': averaged(next.parameters) }),
    ...metricOutputs({ actorLoss: loss, ...metrics }),
  });
}

/** Loss and metrics of a batch, at `views` of the trained parameters. */
function imitationLoss(
  config: ImitationConfig,
  sizes: ObservationSizes,
  nets: ImitationNets,
  views: readonly Node[],
): { readonly loss: Node; readonly metrics: Readonly<Record<string, Node>> } {
  const [B, K] = [config.batchSize, config.chunk.size];
  const fitted = nets.fitted.length > 0 ? input('normaliser', [parameterCount(nets.fitted)]) : undefined;
  const all = [...views, ...(fitted ? parameterViews(fitted, nets.fitted) : [])];
  const parameters = parametersFrom(all, policyParameters(nets));
  const observation = observationInput('', [B], sizes);
  const features = featuresOf(config, sizes, nets, parameters, observation);
  const actions = input('actionChunk', [B, K, ACTION_SIZE]);
  const target = normalise(nets.space, parameters, actions);
  const pad = input('chunkPad', [B, K]);
  const random = Object.fromEntries(
    nets.head.randomInputs.map(({ name, shape }) => [name, input(`chance.${name}`, [B, ...shape])]),
  );
  const { inputs, metrics } = nets.head.forward(parameters, features, target, random);
  const offered: LossInputs = { target, pad, ...inputs };
  const { loss: moved, terms } = combineLosses(config.losses, offered);
  const gripper = gripperLoss(nets, parameters, { features, actions, pad });
  const imitated = gripper ? add(moved, gripper.loss) : moved;
  const distillation = distillationLoss(config, sizes, nets, { parameters, observation, target, random });
  const error = actionError(offered);
  return {
    loss: distillation && config.teacher ? add(imitated, mul(distillation, config.teacher.weight)) : imitated,
    metrics: {
      ...(distillation && { distillation }),
      ...(nets.gate && { gate: reshape(gateOpening(parameters, nets.gate), []) }),
      ...(config.losses.length > 1 && terms), // A single term is the loss itself.
      ...metrics,
      ...(error && { actionError: error }),
      ...gripper?.metrics,
    },
  };
}

/** Cross-entropy of the gripper's head; `undefined` when the gripper is no choice of its own. */
function gripperLoss(
  { gripper }: ImitationNets,
  parameters: Parameters,
  { features, actions, pad }: Record<'features' | 'actions' | 'pad', Node>,
) {
  if (!gripper) return undefined;
  const logits = gripperLogits(parameters, gripper, features);
  const wanted = opensIn(actions);
  const weights = cast(logicalNot(asFlags(pad)), 'float32');
  const given = mul(add(gripperCommands(logits), 1), 0.5);
  const loss = binaryCrossEntropy(logits, wanted, weights);
  return { loss, metrics: { gripperLoss: loss, gripperError: maskedMean(abs(sub(given, wanted)), weights) } };
}

/** Distance between the policy and the teacher that it started from, on noised states; `undefined` without a teacher. */
function distillationLoss(
  config: ImitationConfig,
  sizes: ObservationSizes,
  nets: ImitationNets,
  at: { parameters: Parameters; observation: Node; target: Node; random: Readonly<Record<string, Node>> },
): Node | undefined {
  if (!config.teacher) return undefined;
  const states = noisedObservation(sizes, at.observation, config.teacher.stateNoise);
  const teacher = parametersOf(input('teacher', [parameterCount(nets.base)]), nets.base);
  const outputsOf = (parameters: Parameters, gate: TactileGate | undefined) => {
    const features = featuresOf(config, sizes, { observer: nets.observer, gate }, parameters, states);
    return nets.head.forward(parameters, features, at.target, at.random).inputs;
  };
  return teacherLoss(outputsOf(teacher, undefined), outputsOf(at.parameters, nets.gate));
}

/** The input `learningRate`, or one rate per parameter [P] when the base learns at a rate of its own. */
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

/** Mean squared error of the head's own guess, in its space; `undefined` for mixtures and bins, where it means nothing. */
function actionError({ prediction, mean, denoised, target, pad }: LossInputs): Node | undefined {
  const guess = prediction ?? mean ?? denoised;
  return guess && target && mse(guess, target, { pad });
}

/**
 * Inputs `embedding` [1, E] (absent when E is 0), `proprioception` [1, P], `noise` [1, n] if the head takes any, and
 * each weight by its name.
 */
export function imitationPolicyStep(config: ImitationConfig, sizes: ObservationSizes): Step {
  const nets = imitationNets(config, sizes);
  const parameters = weightInputs(policyParameters(nets));
  const features = featuresOf(config, sizes, nets, parameters, observationInput('', [1], sizes));
  const noise = nets.head.noiseSize > 0 ? input('noise', [1, nets.head.noiseSize]) : undefined;
  const arm = denormalise(nets.space, parameters, nets.head.act(parameters, features, noise));
  const actions = nets.gripper ? withChosenGripper(nets.gripper, parameters, features, arm) : arm;
  return defineStep(config.chunk.size === 1 ? { action: reshape(actions, [1, ACTION_SIZE]) } : { actions });
}

/** The arm's actions [1, K, A] with the command that the gripper's head gives in each. */
function withChosenGripper(gripper: MlpSpec, parameters: Parameters, features: Node, arm: Node): Node {
  const commands = gripperCommands(gripperLogits(parameters, gripper, features));
  return withGripper(arm, reshape(commands, [1, commands.shape[1]!, 1]));
}
