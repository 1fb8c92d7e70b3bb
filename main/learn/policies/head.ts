/**
 * The interface of a policy head, which leads from the features of an observation to a chunk of actions.
 * A head works in the space of `normaliser.ts`, where dimensions that the task masks do not exist. Acting is one graph with
 * unrolled samplers, so that a head exports to ONNX whole. The config chooses the losses that a head learns by.
 * Letters: B batch, D features, K steps of a chunk, U used action dimensions, A all of them.
 */
import type { HeadName } from '../../api/policy.ts';
import type { Rng } from '../../api/rng.ts';
import type { Node } from '../../tensor/ir.ts';
import { add, mul, reshape, stopGradient, sub } from '../../tensor/tensor.ts';
import type { LossInputs } from '../losses/loss-inputs.ts';
import type { MlpSpec } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import { type ActionSpace, selectUsed } from './normaliser.ts';

/** The sizes that a head is built for. */
export interface HeadFrame {
  readonly space: ActionSpace;
  /** D */
  readonly features: number;
  readonly hidden: readonly number[];
}

/** A random input of learning, drawn anew for every sample of every update. */
export interface RandomInput {
  readonly name: string;
  /** Shape for one sample. */
  readonly shape: readonly number[];
  /** Draws one number. */
  readonly draw: (rng: Rng) => number;
}

/** Result of a head's forward pass in training: the inputs of the losses, and metrics. */
interface HeadForward {
  readonly inputs: LossInputs;
  readonly metrics: Readonly<Record<string, Node>>;
}

export interface Head {
  readonly name: HeadName;
  readonly parameters: readonly ParameterSpec[];
  /** Number of standard normals that acting takes; 0 = acting is deterministic. */
  readonly noiseSize: number;
  readonly randomInputs: readonly RandomInput[];
  /** `features` [B, D], `target` [B, K, U]; `random` by name, `each` [B, …shape]. The caller adds target and padding to the result. */
  forward(parameters: Parameters, features: Node, target: Node, random: Readonly<Record<string, Node>>): HeadForward;
  /** `features` [B, D], `noise` [B, noiseSize] (absent when that is 0) → [B, K, U]. */
  act(parameters: Parameters, features: Node, noise: Node | undefined): Node;
}

/** Prefix of all heads' parameters, as in ConRFT. */
export const ACTOR = 'actor';

/** A network from the features to `output` numbers. */
export function featuresMlp(frame: HeadFrame, output: number): MlpSpec {
  return { name: ACTOR, inputs: [{ name: 'observation', size: frame.features }], hidden: frame.hidden, output };
}

/** Numbers in a chunk as the head sees it, K · U. */
export const chunkSize = ({ space }: HeadFrame): number => space.steps * space.size;

/** Normals for a whole chunk, K · A. The size does not depend on what the task masks. */
export const chunkNoiseSize = ({ space }: HeadFrame): number => space.steps * space.mask.length;

/** `noise` [B, K · A] → [B, K, U]. */
export function chunkNoise({ space }: HeadFrame, noise: Node): Node {
  return selectUsed(space, reshape(noise, [noise.shape[0]!, space.steps, space.mask.length]));
}

export const normalInput = (name: string, shape: readonly number[]): RandomInput => ({
  name,
  shape,
  draw: (rng) => rng.normal(),
});

/**
 * `actions` [B, K, U] through which a gradient passes only to the share `weight` [B]. Losses on actions that were guessed
 * from noise would otherwise smooth the guess.
 */
export function faded(actions: Node, weight: Node): Node {
  const fixed = stopGradient(actions);
  return add(fixed, mul(sub(actions, fixed), reshape(weight, [weight.shape[0]!, 1, 1])));
}

/** Throws when a head that acts on noise was given none. */
export function expectNoise(noise: Node | undefined, head: string): Node {
  if (!noise) throw new TypeError(`the ${head} head acts on noise and was given none`);
  return noise;
}
