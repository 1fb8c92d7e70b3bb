/**
 * DDIM without noise (Song et al. 2021, η = 0), unrolled into the graph: N evaluations from pure noise to data.
 *   â = prediction at (x, t), clipped      ε̂ = (x − √ᾱ_t â)/√(1 − ᾱ_t), from the clipped â      x ← √ᾱ_s â + √(1 − ᾱ_s) ε̂,   ᾱ of the end = 1
 * Steps are spaced from the end ("trailing"): they begin at the noisiest level, which "leading" spacing never visits.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, clip, constant, mul } from '../../tensor/tensor.ts';
import { impliedNoise } from '../losses/generative/diffusion.ts';

/** t of each of N evaluations, noisiest first: round(T − i T/N) − 1. */
export function trailingSteps(trainingSteps: number, count: number): number[] {
  if (count < 1 || count > trainingSteps)
    throw new RangeError(`${count} sampling steps of a diffusion with ${trainingSteps}: use 1 to ${trainingSteps}`);
  return Array.from({ length: count }, (_, index) => Math.round(trainingSteps - (index * trainingSteps) / count) - 1);
}

/** The action â [B, K, U] that x_t implies; `alphaBar` is ᾱ_t, `step` t. */
export type Denoiser = (x: Node, alphaBar: number, step: number) => Node;

/** noise [B, K, U] → actions [B, K, U]. `bound`: actions are within ± it. */
export function ddim(
  denoiser: Denoiser,
  noise: Node,
  alphaBars: readonly number[],
  steps: readonly number[],
  bound = 1,
): Node {
  let x = noise;
  steps.forEach((step, index) => {
    const alphaBar = alphaBars[step]!;
    const denoised = clip(denoiser(x, alphaBar, step), -bound, bound);
    const next = steps[index + 1];
    if (next === undefined) x = denoised;
    else {
      const epsilon = impliedNoise(denoised, x, constant([alphaBar]));
      x = add(mul(denoised, Math.sqrt(alphaBars[next]!)), mul(epsilon, Math.sqrt(1 - alphaBars[next]!)));
    }
  });
  return x;
}
