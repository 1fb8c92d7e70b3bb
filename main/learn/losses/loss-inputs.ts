/**
 * The nodes that a policy head and a batch offer to losses, by name. Configs, heads and the registry share this vocabulary.
 * Letters: B batch, K steps of the chunk, D dimensions, M mixture components, V bins.
 */
import type { Node } from '../../tensor/ir.ts';
import { expand, reshape, unsqueeze } from '../../tensor/tensor.ts';
import type { Mixture } from './likelihood/gmm-nll.ts';

export interface LossInputs {
  /** [B, K, D], the recorded actions. */
  readonly target?: Node;
  /** [B, K], true or 1 past the episode's end. Applies to every loss over chunks. */
  readonly pad?: Node;
  /** [B, K, D], the output of a regression head. */
  readonly prediction?: Node;
  /** [B, K, D], the mean of a Gaussian head. */
  readonly mean?: Node;
  /** [B, K, D], the log variance of a Gaussian head before the loss clamps it. */
  readonly logVariance?: Node;
  readonly mixture?: Mixture;
  /** [B, K, D, V] */
  readonly logits?: Node;
  /** int64 [B, K, D], the recorded actions as bins. */
  readonly bins?: Node;
  /** [B, K, D], the action that a denoiser or a velocity implies (x̂₀). */
  readonly denoised?: Node;
  /** [B, K, D], a diffusion network's output and its target. */
  readonly denoiser?: Node;
  readonly denoiserTarget?: Node;
  /** [B, K, D], a flow network's output and its target. */
  readonly velocity?: Node;
  readonly velocityTarget?: Node;
  /** [B, 1], the noise level of each sample of a consistency head. */
  readonly sigma?: Node;
}

export type LossInputName = keyof LossInputs;

/** The actions that a loss can be applied to. `components` are the means of a mixture, each a chunk of its own. */
export type Subject = 'prediction' | 'mean' | 'denoised' | 'components';

const SUBJECTS: readonly Subject[] = ['prediction', 'mean', 'denoised', 'components'];

/** The actions that a loss is applied to, with the padding that belongs to each of their rows. */
export interface Applied {
  /** [B, K, D]; for `components` [B·M, K, D]. */
  readonly actions: Node;
  readonly pad: Node | undefined;
}

/** The subjects that `inputs` offers. */
export function offeredSubjects(inputs: LossInputs): Subject[] {
  return SUBJECTS.filter((subject) => inputs[subject === 'components' ? 'mixture' : subject] !== undefined);
}

/** Returns `undefined` when `inputs` does not offer `subject`. */
export function applyTo(inputs: LossInputs, subject: Subject): Applied | undefined {
  const { mixture, pad } = inputs;
  if (subject !== 'components') return inputs[subject] && { actions: inputs[subject], pad };
  if (!mixture) return undefined;
  const [, components = 1, ...chunk] = mixture.mean.shape;
  return { actions: reshape(mixture.mean, [-1, ...chunk]), pad: pad && repeatRows(pad, components) };
}

/** [B, …] → [B·count, …], each row `count` times. */
function repeatRows(x: Node, count: number): Node {
  const [rows, ...rest] = x.shape as [number, ...number[]];
  return reshape(expand(unsqueeze(x, 1), [rows, count, ...rest]), [rows * count, ...rest]);
}
