/**
 * Inputs and outputs that training steps share: observations, optimiser state, and the batches of several critic updates.
 * Letters: C critic updates in a step, B batch, D observation, E embedding, P proprioception, A action.
 */
import { ACTION_SIZE } from '../../api/action.ts';
import type { Node } from '../../tensor/ir.ts';
import type { Adam } from '../../tensor/optimiser.ts';
import { concat, input, reshape, slice } from '../../tensor/tensor.ts';
import {
  type ParameterSpec,
  type Parameters,
  parameterCount,
  parametersFrom,
  parameterViews,
} from '../nets/parameters.ts';
import type { ObservationSizes } from './algorithm.ts';
import { adamNames } from './learner-arrays.ts';

/** Inputs `embedding` [..., E] and `proprioception` [..., P], or `nextEmbedding` and so on, as one observation [..., D]. */
export function observationInput(prefix: '' | 'next', rows: readonly number[], sizes: ObservationSizes): Node {
  const name = (noun: string) => (prefix ? `${prefix}${noun[0]!.toUpperCase()}${noun.slice(1)}` : noun);
  const proprioception = input(name('proprioception'), [...rows, sizes.proprioception]);
  if (sizes.embedding === 0) return proprioception;
  return concat([input(name('embedding'), [...rows, sizes.embedding]), proprioception], rows.length);
}

/** The inputs of `adamNames`, each [count]. */
export function adamInputs(name: string, count: number): Adam {
  const { parameters, mean, variance } = adamNames(name);
  return { parameters: input(parameters, [count]), mean: input(mean, [count]), variance: input(variance, [count]) };
}

/** The outputs that hold the next values of `adamInputs`. */
export function adamOutputs(name: string, next: Adam): Record<string, Node> {
  const { parameters, mean, variance } = adamNames(name);
  return { [`next.${parameters}`]: next.parameters, [`next.${mean}`]: next.mean, [`next.${variance}`]: next.variance };
}

export const metricOutputs = (metrics: Readonly<Record<string, Node>>): Record<string, Node> =>
  Object.fromEntries(Object.entries(metrics).map(([name, node]) => [`metric.${name}`, node]));

/** One input per parameter, by its name: the weights of a graph that acts. */
export function weightInputs(specs: readonly ParameterSpec[]): Parameters {
  const weights = specs.map(({ name, shape }) => input(name, shape));
  return parametersFrom(weights, specs);
}

/** The parameters inside one flat vector of weights. */
export const parametersOf = (flat: Node, specs: readonly ParameterSpec[]): Parameters =>
  parametersFrom(parameterViews(flat, specs), specs);

/** An ensemble of critics with its optimiser state and the slow copy that makes targets. */
interface CriticState extends Adam {
  /** Q̄ */
  readonly target: Node;
}

export function criticStateInputs(specs: readonly ParameterSpec[]): CriticState {
  const count = parameterCount(specs);
  return { ...adamInputs('critic', count), target: input('criticTarget', [count]) };
}

export const criticStateOutputs = (critic: CriticState): Record<string, Node> => ({
  ...adamOutputs('critic', critic),
  'next.criticTarget': critic.target,
});

/** The transitions of one critic update. */
export interface CriticBatch {
  readonly observation: Node;
  readonly action: Node;
  readonly reward: Node;
  readonly bootstrap: Node;
  readonly nextObservation: Node;
  /** Standard normals [B, A] from which the policy's action at s′ is made. */
  readonly nextNoise: Node;
}

/** Sizes of a step with several critic updates. */
export interface CriticSteps {
  /** C */
  readonly criticUpdates: number;
  /** B */
  readonly batchSize: number;
  /** `cut`: the target is at least the return that followed, except before a takeover; `uncut`: there too. */
  readonly mcFloor: 'off' | 'uncut' | 'cut';
}

/**
 * The inputs of C critic updates, each with a leading axis C, and a function that slices out those of one update.
 * `own` are further inputs of the algorithm with the same leading axis.
 */
export function criticInputs<K extends string>(
  { criticUpdates: C, batchSize: B, mcFloor }: CriticSteps,
  sizes: ObservationSizes,
  own: Readonly<Record<K, Node | undefined>>,
) {
  const batch = {
    observation: observationInput('', [C, B], sizes),
    action: input('action', [C, B, ACTION_SIZE]),
    reward: input('reward', [C, B]),
    bootstrap: input('bootstrap', [C, B]),
    nextObservation: observationInput('next', [C, B], sizes),
    nextNoise: input('nextNoise', [C, B, ACTION_SIZE]),
  };
  const floor = mcFloor === 'off' ? undefined : input('returnFloor', [C, B]);
  const corrections = input('criticCorrections', [C, 2]);
  return (update: number) => ({
    batch: slices(batch, update) as CriticBatch, // Every node of `batch` is defined.
    floor: floor && sliceOf(floor, update),
    corrections: sliceOf(corrections, update),
    own: slices(own, update),
  });
}

/** [C, ...] → the slice of `update`, [...]. */
function sliceOf(node: Node, update: number): Node {
  return reshape(slice(node, 0, update, update + 1), node.shape.slice(1));
}

function slices<K extends string>(nodes: Readonly<Record<K, Node | undefined>>, update: number) {
  const entries = Object.entries<Node | undefined>(nodes).map(([name, node]) => [name, node && sliceOf(node, update)]);
  return Object.fromEntries(entries) as Record<K, Node | undefined>; // The keys are the same.
}
