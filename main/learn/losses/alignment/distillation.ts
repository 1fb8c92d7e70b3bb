/**
 * Distillation: a student learns a teacher's outputs, so that new data does not erase old skill. The teacher is a constant.
 *   categorical  T² · KL(softmax(z_t/T) ‖ softmax(z_s/T))      (Hinton et al. 2015; T² keeps the gradient's scale), T = 1 … 4;
 *   Gaussian     KL(teacher ‖ student), closed form;
 *   regression   mean (â_s − a_t)²;
 *   diffusion, flow   the same between both predictions at one and the same (x_t, t).
 * Averaged as `chunk.ts` describes; the sum over V stays inside. It works best on replayed states, and on noised or
 * interpolated old states that the teacher labels when old data is scarce. Traps: KL is not symmetric and takes the
 * teacher first (PyTorch's `kl_div` takes the student first, as log-probabilities). A student that sees other noise
 * than the teacher learns the noise's variance.
 */
import type { Node } from '../../../tensor/ir.ts';
import { expand, mul, stopGradient } from '../../../tensor/tensor.ts';
import { type ChunkWeights, chunkMean, selectValid } from '../chunk.ts';
import { categoricalKlElements } from '../likelihood/categorical.ts';
import { type Gaussian, gaussianKlElements } from '../likelihood/gaussian.ts';
import { mse } from '../regression.ts';

/** `teacher`, `student` logits [B, K, D, V] (or any […, D, V]) → scalar. */
export function distillCategorical(teacher: Node, student: Node, temperature = 1, weights: ChunkWeights = {}): Node {
  if (!(temperature > 0)) throw new RangeError(`distillCategorical: temperature ${temperature}, expected a number > 0`);
  const soften = (logits: Node) => mul(selectValid(logits, weights, 1), 1 / temperature);
  const divergence = categoricalKlElements(stopGradient(soften(teacher)), soften(student));
  return mul(chunkMean(divergence, weights), temperature ** 2);
}

/** `teacher`, `student` Gaussians of [B, K, D] → scalar. */
export function distillGaussian(teacher: Gaussian, student: Gaussian, weights: ChunkWeights = {}): Node {
  const select = ({ mean, logStd }: Gaussian): Gaussian => ({
    mean: selectValid(mean, weights),
    logStd: selectValid(expand(logStd, mean.shape), weights),
  });
  const fixed = select({ mean: stopGradient(teacher.mean), logStd: stopGradient(teacher.logStd) });
  return chunkMean(gaussianKlElements(fixed, select(student)), weights);
}

/** `teacher`, `student` actions [B, K, D] → scalar. */
export function distillRegression(teacher: Node, student: Node, weights: ChunkWeights = {}): Node {
  return mse(student, stopGradient(teacher), weights);
}

/** A denoiser or a velocity field: x [B, K, D] and time [B] → its prediction. */
type Field = (x: Node, time: Node) => Node;

/** Compares both fields at one point, so that they see the same noise. */
export function distillField(teacher: Field, student: Field, x: Node, time: Node, weights: ChunkWeights = {}): Node {
  return distillRegression(teacher(x, time), student(x, time), weights);
}
