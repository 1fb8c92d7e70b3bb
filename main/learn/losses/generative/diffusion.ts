/**
 * Conditional denoising (Diffusion Policy, Chi et al. 2023; v: Salimans & Ho 2022). Letters: B batch, K steps, D dimensions.
 *   x_t = √ᾱ a + √(1 − ᾱ) ε        target: 'epsilon' ε, 'x0' a, 'v' √ᾱ ε − √(1 − ᾱ) a        L = mean (prediction − target)²
 *   back: a = (x − √(1−ᾱ) ε)/√ᾱ = √ᾱ x − √(1−ᾱ) v        ε = (x − √ᾱ a)/√(1−ᾱ) = √(1−ᾱ) x + √ᾱ v
 * With Δ = a − â the three losses are SNR·Δ², Δ² and (SNR + 1)·Δ², SNR = ᾱ/(1−ᾱ). The choice of target is a choice of weights.
 * Default 'epsilon' with T = 100, cosine (Diffusion Policy); 'x0' or 'v' sample better in few steps.
 * Traps: draw t per sample, not per batch. Recovering a from ε divides by √ᾱ ≈ 5e-4 at the last step: clip the result and
 * recompute ε from it. Regularise â, never ε or v.
 */
import type { Node } from '../../../tensor/ir.ts';
import { add, div, mul, reshape, sqrt, sub } from '../../../tensor/tensor.ts';
import type { ChunkWeights } from '../chunk.ts';
import { mse } from '../regression.ts';

type DiffusionTarget = 'epsilon' | 'x0' | 'v';
export const DIFFUSION_TARGETS: readonly DiffusionTarget[] = ['epsilon', 'x0', 'v'];

/** `action`, `noise` [B, K, D], `alphaBar` [B] (ᾱ of each sample's own step) → x_t [B, K, D]. */
export function diffuse(action: Node, noise: Node, alphaBar: Node): Node {
  const { signal, noise: share } = shares(alphaBar, action);
  return add(mul(signal, action), mul(share, noise));
}

/** The target of the network's prediction, [B, K, D]. */
export function diffusionTarget(kind: DiffusionTarget, action: Node, noise: Node, alphaBar: Node): Node {
  switch (kind) {
    case 'epsilon':
      return noise;
    case 'x0':
      return action;
    case 'v': {
      const { signal, noise: share } = shares(alphaBar, action);
      return sub(mul(signal, noise), mul(share, action));
    }
    default:
      throw new Error(`no diffusion target ${kind satisfies never}`);
  }
}

/** `prediction` [B, K, D] of the network at x_t → the action it implies, â [B, K, D], not clipped. */
export function denoisedAction(kind: DiffusionTarget, prediction: Node, x: Node, alphaBar: Node): Node {
  const { signal, noise } = shares(alphaBar, x);
  switch (kind) {
    case 'epsilon':
      return div(sub(x, mul(noise, prediction)), signal);
    case 'x0':
      return prediction;
    case 'v':
      return sub(mul(signal, x), mul(noise, prediction));
    default:
      throw new Error(`no diffusion target ${kind satisfies never}`);
  }
}

/** The noise that leads from â [B, K, D] to x_t. DDIM needs it after the clip. */
export function impliedNoise(denoised: Node, x: Node, alphaBar: Node): Node {
  const { signal, noise } = shares(alphaBar, x);
  return div(sub(x, mul(signal, denoised)), noise);
}

/** `prediction`, `target` [B, K, D] → scalar. */
export function diffusionLoss(prediction: Node, target: Node, weights: ChunkWeights = {}): Node {
  return mse(prediction, target, weights);
}

/** √ᾱ and √(1−ᾱ) of each sample, shaped to multiply `x`; alphaBar [B], or [1] for one level. */
function shares(alphaBar: Node, x: Node): { readonly signal: Node; readonly noise: Node } {
  const level = reshape(alphaBar, [alphaBar.shape[0] ?? 1, ...new Array<number>(x.shape.length - 1).fill(1)]);
  return { signal: sqrt(level), noise: sqrt(sub(1, level)) };
}
