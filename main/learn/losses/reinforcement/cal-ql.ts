/**
 * The conservative term of Cal-QL (Nakamoto et al. 2023) in the form that ConRFT's released code uses. Letters: E, B, N
 * actions.
 *   Q̃ᵢⱼ = max(Qᵢ(s, aⱼ), G)      L = mean over E, B of [ logsumexp(Q̃ᵢ₁ … Q̃ᵢN, Qᵢ(s, a)) − ln(N + 1) − Qᵢ(s, a) ]
 * Differs from Cal-QL: the return bounds all N actions, the random ones too; no importance weights; temperature 1.
 */
import type { Node } from '../../../tensor/ir.ts';
import { cast, concat, less, logSumExp, maximum, mean, reshape, sub } from '../../../tensor/tensor.ts';

interface CalQl {
  readonly loss: Node;
  /** Share of the other actions' values that the return bounds from below. */
  readonly boundRate: Node;
}

/** `dataValues` [E, B] at the data's actions, `otherValues` [E, B, N] at N others, `monteCarloReturn` [B]. */
export function calQl(dataValues: Node, otherValues: Node, monteCarloReturn: Node): CalQl {
  const [members, batch, count] = otherValues.shape as readonly [number, number, number];
  const bound = reshape(monteCarloReturn, [1, batch, 1]);
  const data = reshape(dataValues, [members, batch, 1]);
  const all = concat([maximum(otherValues, bound), data], 2);
  const gap = sub(sub(logSumExp(all, 2, false), Math.log(count + 1)), dataValues);
  return { loss: mean(gap), boundRate: mean(cast(less(otherValues, bound), 'float32')) };
}
