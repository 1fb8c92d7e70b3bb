/**
 * What every policy head is: from features of an observation to a chunk of actions, and what it offers to losses while it learns;
 * which losses is the config's business. Heads live in the space of `normaliser.ts`: dimensions that the task masks do not exist
 * there. Acting is one graph, samplers unrolled, so that a head exports to ONNX whole.
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

/** What a head is built for. */
export interface HeadFrame {
  readonly space: ActionSpace;
  /** D */
  readonly features: number;
  readonly hidden: readonly number[];
}

/** Something random that learning takes, drawn anew for every sample of every update. */
export interface Chance {
  readonly name: string;
  /** Of one sample. */
  readonly shape: readonly number[];
  /** One number. */
  readonly draw: (rng: Rng) => number;
}

/** What a head makes of a batch: what losses may be applied to, by the names of `losses/loss-inputs.ts`. */
export interface HeadOffer {
  readonly inputs: LossInputs;
  readonly metrics: Readonly<Record<string, Node>>;
}

export interface Head {
  readonly name: HeadName;
  readonly parameters: readonly ParameterSpec[];
  /** Standard normals that acting takes; 0 = it is deterministic. */
  readonly noiseSize: number;
  readonly chance: readonly Chance[];
  /** features [B, D]; `chance` by name, each [B, …shape]. Target and padding are offered by the caller. */
  offer(parameters: Parameters, features: Node, target: Node, chance: Readonly<Record<string, Node>>): HeadOffer;
  /** features [B, D], noise [B, noiseSize] (absent where that is 0) → [B, K, U]. */
  act(parameters: Parameters, features: Node, noise: Node | undefined): Node;
}

/** Prefix of all heads' parameters, as in ConRFT. */
export const ACTOR = 'actor';

/** From features to `output` numbers. */
export function featuresMlp(frame: HeadFrame, output: number): MlpSpec {
  return { name: ACTOR, inputs: [{ name: 'observation', size: frame.features }], hidden: frame.hidden, output };
}

/** Numbers in a chunk as the head sees it, K · U. */
export const chunkSize = ({ space }: HeadFrame): number => space.steps * space.size;

/** Normals for a whole chunk, K · A: noise of the same size whatever the task masks. */
export const chunkNoiseSize = ({ space }: HeadFrame): number => space.steps * space.mask.length;

/** noise [B, K · A] → [B, K, U]. */
export function chunkNoise({ space }: HeadFrame, noise: Node): Node {
  return selectUsed(space, reshape(noise, [noise.shape[0]!, space.steps, space.mask.length]));
}

export const normalChance = (name: string, shape: readonly number[]): Chance => ({
  name,
  shape,
  draw: (rng) => rng.normal(),
});

/** `actions` [B, K, U], through which a gradient passes only to the share `weight` [B]: what was guessed from noise is not to be smoothed. */
export function faded(actions: Node, weight: Node): Node {
  const fixed = stopGradient(actions);
  return add(fixed, mul(sub(actions, fixed), reshape(weight, [weight.shape[0]!, 1, 1])));
}

/** The noise of a head that said it takes some. */
export function expectNoise(noise: Node | undefined, head: string): Node {
  if (!noise) throw new TypeError(`the ${head} head acts on noise and was given none`);
  return noise;
}
