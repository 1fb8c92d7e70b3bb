/**
 * A student learns what a teacher says, so that new data does not wipe out old skill. The teacher is a constant throughout.
 *   categorical  T² · KL(softmax(z_t/T) ‖ softmax(z_s/T))      (Hinton et al. 2015; T² keeps the gradient's scale), T = 1 … 4
 *   Gaussian     KL(teacher ‖ student), closed form
 *   regression   mean (â_s − a_t)²
 *   diffusion, flow   the same between both predictions *at one and the same (x_t, t)*
 * Averaged as in `chunk.ts`, the sum over V or over nothing inside. Best on replayed states, and on noised or interpolated old
 * states labelled by the teacher where old data is scarce.
 * Traps: KL is not symmetric, the teacher comes first (torch's `kl_div` takes the student first, as log-probabilities).
 * A student that is shown other noise than the teacher learns the noise's variance.
 */
import type { Node } from '../../../tensor/ir.ts';
import { mul, stopGradient } from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean } from '../chunk.ts';
import { categoricalKlElements } from '../likelihood/categorical.ts';
import { type Gaussian, gaussianKlElements } from '../likelihood/gaussian.ts';
import { mse } from '../regression.ts';

/** teacher, student logits [B, K, D, V] (or any […, D, V]) → scalar. */
export function distillCategorical(teacher: Node, student: Node, temperature = 1, weights: ChunkWeights = {}): Node {
  if (!(temperature > 0)) throw new RangeError(`distillCategorical: temperature ${temperature}, expected a number > 0`);
  const soften = (logits: Node) => mul(logits, 1 / temperature);
  const divergence = categoricalKlElements(stopGradient(soften(teacher)), soften(student));
  return mul(chunkMean(divergence, weights), temperature ** 2);
}

/** teacher, student Gaussians of [B, K, D] → scalar. */
export function distillGaussian(teacher: Gaussian, student: Gaussian, weights: ChunkWeights = {}): Node {
  const fixed = { mean: stopGradient(teacher.mean), logStd: stopGradient(teacher.logStd) };
  return chunkMean(gaussianKlElements(fixed, student), weights);
}

/** teacher, student actions [B, K, D] → scalar. */
export function distillRegression(teacher: Node, student: Node, weights: ChunkWeights = {}): Node {
  return mse(student, stopGradient(teacher), weights);
}

/** What a denoiser or a velocity field says at x [B, K, D] and time [B]. */
export type Field = (x: Node, time: Node) => Node;

/** Both fields at one point: the same noise by construction. */
export function distillField(teacher: Field, student: Field, x: Node, time: Node, weights: ChunkWeights = {}): Node {
  return distillRegression(teacher(x, time), student(x, time), weights);
}
