/**
 * Flow matching (Lipman et al. 2023; rectified flow: Liu et al. 2023). Letters: z noise, a action, t time per sample.
 *   x_t = (1 − (1−σ) t) z + t a        u = a − (1−σ) z        L = mean (v(x_t, t) − u)²
 * Here t runs from noise (0) to data (1). Default σ = 0 (rectified). Sampling is x += h v(x, t). Trap: in π0 and
 * LeRobot t runs from data (0) to noise (1) with u = ε − a. That is the same x at 1 − t and the opposite sign of v;
 * only `fromPi0` and `toPi0` convert between the conventions.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, mul, neg, reshape, sub } from '../../../tensor/tensor.ts';
import type { ChunkWeights } from '../chunk.ts';
import { mse } from '../regression.ts';

interface FlowPoint {
  /** x_t [B, K, D] */
  readonly x: Node;
  /** The velocity u [B, K, D] */
  readonly velocity: Node;
}

/** `action`, `noise` [B, K, D], `time` [B] in [0, 1] → the point on the straight path, and its velocity. */
export function flowPoint(action: Node, noise: Node, time: Node, sigma = 0): FlowPoint {
  const velocity = sub(action, mul(noise, 1 - sigma));
  return { x: add(noise, mul(perSample(time, action), velocity)), velocity };
}

/** The action that a velocity at x_t leads to, â = v + (1−σ)(x − t v) [B, K, D]. Regularisers apply to it. */
export function flowAction(velocity: Node, x: Node, time: Node, sigma = 0): Node {
  const noise = sub(x, mul(perSample(time, x), velocity));
  return add(velocity, mul(noise, 1 - sigma));
}

/** `predicted`, `target` velocities [B, K, D] → scalar. */
export function flowMatchingLoss(predicted: Node, target: Node, weights: ChunkWeights = {}): Node {
  return mse(predicted, target, weights);
}

/** Wraps a network with π0's convention: give it this time, and negate its result. */
export const toPi0 = { time: (time: Node): Node => sub(1, time), velocity: (velocity: Node): Node => neg(velocity) };
/** Converts π0's time and velocity to our convention. The maps are their own inverses. */
export const fromPi0 = toPi0;

/** π0's training times from a uniform u in [0, 1), in our convention: t = 1 − (0.001 + 0.999 b), b ~ Beta(1.5, 1). */
export function pi0TrainingTime(uniform: number): number {
  return 1 - (0.001 + 0.999 * uniform ** (2 / 3));
}

/** Logit-normal training times from a standard normal (Esser et al. 2024): the middle of the path is drawn most often. */
export function logitNormalTime(normal: number, location = 0, scale = 1): number {
  return 1 / (1 + Math.exp(-(location + scale * normal)));
}

function perSample(time: Node, x: Node): Node {
  return reshape(time, [time.shape[0] ?? 1, ...new Array<number>(x.shape.length - 1).fill(1)]);
}
