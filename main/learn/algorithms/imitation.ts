/**
 * Imitation with any policy head: offline on the demonstrations it is behaviour cloning (SFT); online it goes on as a person's
 * corrections join the demo buffer, which is HG-DAgger (Kelly et al. 2019) with one network.
 *   L = Σ weight · loss(what the head offers, the person's actions)      AdamW; a running average of the weights may act
 * Idle steps and what lies past an episode's end are no targets; dimensions that the task masks do not exist for the head.
 * differs from HG-DAgger: no ensemble and no estimate of risk; the person alone decides when to take over.
 * Settings stand in `imitation-config.ts`, weights and noise in `imitation-learner.ts`.
 * Letters: B batch, K steps of a chunk, U used action dimensions.
 */
import { ACTION_SIZE } from '../../api/action.ts';
import { grad } from '../graph/grad.ts';
import type { Node } from '../graph/ir.ts';
import { defineStep, type Step } from '../graph/step.ts';
import { add, input, mul, reshape, sub } from '../graph/tensor.ts';
import { combineLosses } from '../losses/combine.ts';
import type { LossInputs } from '../losses/loss-inputs.ts';
import { mse } from '../losses/mse.ts';
import { type Observer, observe, observerFeatures, observerParameters } from '../nets/observer.ts';
import { flatten, type ParameterSpec, parameterCount, parametersFrom, parameterViews } from '../nets/parameters.ts';
import { adam } from '../optim.ts';
import type { Head } from '../policies/head.ts';
import { createHead } from '../policies/heads.ts';
import { type ActionSpace, actionSpace, denormalise, normalise, normaliserParameters } from '../policies/normaliser.ts';
import type { ObservationSizes } from './algorithm.ts';
import type { ImitationConfig } from './imitation-config.ts';
import { adamInputs, observationInput } from './step-inputs.ts';

export interface ImitationNets {
  readonly observer: Observer;
  readonly space: ActionSpace;
  readonly head: Head;
  /** Those that gradients move. */
  readonly trained: readonly ParameterSpec[];
  /** Those that the data sets. */
  readonly fitted: readonly ParameterSpec[];
}

export function imitationNets(config: ImitationConfig, sizes: ObservationSizes): ImitationNets {
  const observer = { name: 'actor', features: config.proprioceptionFeatures, ...sizes };
  const space = actionSpace(config.normaliser, sizes.actionMask, config.chunk.size);
  const head = createHead(config.head, { space, features: observerFeatures(observer), hidden: config.hidden });
  return {
    observer,
    space,
    head,
    trained: [...observerParameters(observer), ...head.parameters],
    fitted: normaliserParameters(config.normaliser, ACTION_SIZE),
  };
}

/** The policy's parameters in the order of its weight file. */
export const policyParameters = ({ trained, fitted }: ImitationNets): readonly ParameterSpec[] => [
  ...trained,
  ...fitted,
];

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
  const features = observe(parameters, nets.observer, observationInput('', [B], sizes));
  const target = normalise(nets.space, parameters, input('actionChunk', [B, K, ACTION_SIZE]));
  const pad = input('chunkPad', [B, K]);
  const chance = Object.fromEntries(
    nets.head.chance.map(({ name, shape }) => [name, input(`chance.${name}`, [B, ...shape])]),
  );
  const { inputs, metrics } = nets.head.offer(parameters, features, target, chance);
  const offered: LossInputs = { target, pad, ...inputs };
  const { loss, terms } = combineLosses(config.losses, offered);
  const options = {
    learningRate: input('learningRate', []),
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
  const features = observe(parameters, nets.observer, observationInput('', [1], sizes));
  const noise = nets.head.noiseSize > 0 ? input('noise', [1, nets.head.noiseSize]) : undefined;
  const actions = denormalise(nets.space, parameters, nets.head.act(parameters, features, noise));
  return defineStep(config.chunk.size === 1 ? { action: reshape(actions, [1, ACTION_SIZE]) } : { actions });
}
