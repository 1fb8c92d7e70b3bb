/**
 * What a policy head and a batch can offer to losses, by name. The vocabulary that configs, heads and the registry share.
 * Letters: B batch, K steps of the chunk, D dimensions, M mixture components, V bins, E critics, N preference pairs.
 */
import type { Node } from '../../tensor/ir.ts';
import { expand, reshape, unsqueeze } from '../../tensor/tensor.ts';
import type { TrajectoryLogProbs } from './alignment/tpo.ts';
import type { Gaussian } from './likelihood/gaussian.ts';
import type { Mixture } from './likelihood/gmm-nll.ts';

export interface LossInputs {
  /** [B, K, D], the data's actions. */
  readonly target?: Node;
  /** [B, K], true or 1 past the episode's end. Applies to every loss over chunks. */
  readonly pad?: Node;
  /** [B] ≥ 0. Applies to every loss over samples. */
  readonly sampleWeight?: Node;
  /** By source of data: [B], 1 for its samples. For terms that name `sources`. */
  readonly sources?: Readonly<Record<string, Node>>;

  /** [B, K, D], the action that a regression head puts out. */
  readonly prediction?: Node;
  /** [B, K, D], the mean of a Gaussian head. */
  readonly mean?: Node;
  /** [B, K, D], the action that a denoiser or a velocity implies (x̂₀). */
  readonly denoised?: Node;
  readonly mixture?: Mixture;
  /** [B, K, D], raw: the loss clamps it. */
  readonly logVariance?: Node;
  /** [B, K, D, V] */
  readonly logits?: Node;
  /** int64 [B, K, D], the data's actions as bins. */
  readonly bins?: Node;
  /** [B, K, D], a diffusion network's output, and what it should be. */
  readonly denoiser?: Node;
  readonly denoiserTarget?: Node;
  /** [B, K, D], a flow network's output, and what it should be. */
  readonly velocity?: Node;
  readonly velocityTarget?: Node;
  /** [B, 1], noise level of each sample of a consistency head. */
  readonly sigma?: Node;
  /** [B, K, D], a consistency head at one level, and its running average at the next smaller one. */
  readonly online?: Node;
  readonly averaged?: Node;

  /** [B, H, D], the last executed actions, oldest first. */
  readonly executed?: Node;
  /** [B, C], how far over its limit each constraint is, in units of the limit. */
  readonly excess?: Node;

  /** What the teacher of a distillation says: an action [B, K, D], logits, a Gaussian, or its denoiser's or velocity's output. */
  readonly teacherAction?: Node;
  readonly teacherLogits?: Node;
  readonly teacherGaussian?: Gaussian;
  readonly teacherDenoiser?: Node;
  readonly teacherVelocity?: Node;
  /** A Gaussian head with the log standard deviation that acting uses. */
  readonly gaussian?: Gaussian;

  /** [B, F] each; row i belongs to row i. */
  readonly queries?: Node;
  readonly keys?: Node;
  /** [] */
  readonly logScale?: Node;
  /** int64 [B]: equal ones are no negatives of each other. */
  readonly ids?: Node;

  /** [B] each: of the actions taken, under the policy, the policy that acted, and the reference. */
  readonly logProb?: Node;
  readonly oldLogProb?: Node;
  readonly referenceLogProb?: Node;
  /** [B], KL(π‖π_ref) in closed form. */
  readonly referenceKl?: Node;
  readonly advantage?: Node;
  readonly entropy?: Node;
  readonly value?: Node;
  readonly oldValue?: Node;
  readonly returns?: Node;
  readonly better?: TrajectoryLogProbs;
  readonly worse?: TrajectoryLogProbs;

  /** [E, B], critics at the data's actions, and their target [B]. */
  readonly criticValues?: Node;
  readonly criticTarget?: Node;
  /** [E, B, N], critics at other actions, and the return that bounds them [B]. */
  readonly otherValues?: Node;
  readonly monteCarloReturn?: Node;
  /** [E, B], critics at the policy's own actions. */
  readonly policyValues?: Node;
}

export type Ingredient = keyof LossInputs;

/** Where a loss over actions may be applied. `components`: the means of a mixture, each as a chunk of its own. */
export type Subject = 'prediction' | 'mean' | 'denoised' | 'components';

const SUBJECTS: readonly Subject[] = ['prediction', 'mean', 'denoised', 'components'];

/** What the loss is applied to, and what belongs to it row by row. */
export interface Applied {
  /** [B, K, D]; for `components` [B·M, K, D]. */
  readonly actions: Node;
  readonly context: Pick<LossInputs, 'pad' | 'sampleWeight' | 'executed'>;
}

/** The subjects that `inputs` offers. */
export function offeredSubjects(inputs: LossInputs): Subject[] {
  return SUBJECTS.filter((subject) => inputs[subject === 'components' ? 'mixture' : subject] !== undefined);
}

/** `subject` must be one of those offered. */
export function applyTo(inputs: LossInputs, subject: Subject): Applied | undefined {
  if (subject !== 'components') return inputs[subject] && { actions: inputs[subject], context: inputs };
  if (!inputs.mixture) return undefined;
  const means = inputs.mixture.mean;
  const components = means.shape[1]!;
  const copies = (each: Node | undefined) => each && repeatRows(each, components);
  const { pad, sampleWeight, executed } = inputs;
  return {
    actions: reshape(means, [-1, ...means.shape.slice(2)]),
    context: definedOnly({ pad: copies(pad), sampleWeight: copies(sampleWeight), executed: copies(executed) }),
  };
}

/** [B, …] → [B·count, …], each row `count` times. */
function repeatRows(x: Node, count: number): Node {
  const [rows, ...rest] = x.shape as [number, ...number[]];
  return reshape(expand(unsqueeze(x, 1), [rows, count, ...rest]), [rows * count, ...rest]);
}

function definedOnly(nodes: Readonly<Record<string, Node | undefined>>): Readonly<Record<string, Node>> {
  return Object.fromEntries(Object.entries(nodes).flatMap(([name, node]) => (node ? [[name, node]] : [])));
}
